"""HTTP said in plain values: requests, responses, and the one seam a transport fills."""

import math
import os
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote

from attrs import field, frozen

from remote_backend.models.addresses import PublicUrl, SignedUrl

__all__ = (
    "FileBody",
    "Request",
    "Response",
    "Transport",
    "path_part",
)


def path_part(text: str) -> str:
    """Return a text as one part of the path of an address.

    A name can hold half a character, from the JSON of a server or from a shell. It is passed
    on, because the server says best that there is nothing of that name.
    """
    return quote(text, safe="", errors="surrogatepass")


@frozen
class FileBody:
    """A request body that is streamed from a file, again for every attempt."""

    path: str | os.PathLike[str]
    size_bytes: int
    progress: Callable[[int], None] | None = field(default=None, eq=False, repr=False)
    """Told the number of bytes sent so far in this attempt."""


@frozen(kw_only=True)
class Request:
    """One HTTP request.

    A plain text target is relative to the base of the API (`workspaces/ws-1`), or an
    absolute path on its host when it begins with a slash; only such requests get the token.
    """

    method: str
    target: str | SignedUrl | PublicUrl
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes | FileBody | None = field(default=None, repr=False)
    moved: Callable[[], None] | None = field(default=None, eq=False, repr=False)
    """Called whenever a part of a large body was sent."""

    repeatable: bool = True
    """Whether sending it twice is as good as once; creates are not."""

    priority: int = 2
    """Who goes first where a server limits requests: -1 cancels runs, 0 makes them, 3 can wait."""

    retry_seconds: float | None = None
    """How long it is worth repeating while the server fails; None for as long as any other.

    Data that a command can do without sets a small time.
    """

    most_bytes: int = 64 << 20
    """The largest body of an answer that is read, after decompression."""

    is_run_list: bool = False
    """Whether it counts for the lower limit that servers set on lists of runs."""

    in_flight: Callable[[bool], None] | None = field(default=None, eq=False, repr=False)
    """Called with True when the request leaves, and with False when its answer shows that
    nothing happened (429, or a connection that was never made)."""

    @property
    def where(self) -> str:
        """The target as it may be shown: without signed parts and queries."""
        if isinstance(self.target, SignedUrl):
            return "a signed address"
        if isinstance(self.target, PublicUrl):
            return self.target.address.split("?")[0]
        return self.target


@frozen(kw_only=True)
class Response:
    """One HTTP answer, read whole; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    url: str = field(default="", repr=False)
    """Where the answer came from, after redirects."""

    @property
    def requests_per_second(self) -> float | None:
        """The rate limit that `X-RateLimit-Limit` announces; None without a positive number."""
        try:
            limit = float(self.headers["x-ratelimit-limit"])
        except (KeyError, ValueError):
            return None
        return limit if math.isfinite(limit) and limit > 0 else None


class Transport(Protocol):
    """One exchange: request in, response out; any status is a response."""

    async def send(self, request: Request) -> Response:
        """Send a request; raise `TransportError` when there is no answer."""
        ...
