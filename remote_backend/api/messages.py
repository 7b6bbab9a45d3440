"""HTTP as plain values: requests, responses, and the one method of a transport."""

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

    A name can hold half of a surrogate pair, from the JSON of a server or from a shell. It is
    sent as it is, because the response of the server is the best error message.
    """
    return quote(text, safe="", errors="surrogatepass")


@frozen
class FileBody:
    """A request body that is streamed from a file, again for every attempt."""

    path: str | os.PathLike[str]
    size_bytes: int
    progress: Callable[[int], None] | None = field(default=None, eq=False, repr=False)
    """Called with the number of bytes sent so far in this attempt."""


@frozen(kw_only=True)
class Request:
    """One HTTP request.

    A plain text target is relative to the base of the API (`workspaces/ws-1`), or an
    absolute path on its host if it begins with a slash. Only such requests carry the token.
    """

    method: str
    target: str | SignedUrl | PublicUrl
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes | FileBody | None = field(default=None, repr=False)
    on_part_sent: Callable[[], None] | None = field(default=None, eq=False, repr=False)
    """Called after each part of a large body."""

    repeatable: bool = True
    """Whether it is idempotent; requests that create something are not."""

    priority: int = 2
    """The order at a rate limit, lowest first: -1 cancels runs, 0 creates them, 3 can wait."""

    retry_seconds: float | None = None
    """How long to retry while the server fails; None for the time in `TransportSettings`.

    Requests for optional data set a short time.
    """

    max_bytes: int = 64 << 20
    """The largest response body to read, after decompression."""

    is_run_list: bool = False
    """Whether the lower rate limit of run lists applies."""

    in_flight: Callable[[bool], None] | None = field(default=None, eq=False, repr=False)
    """Called with True before the request is sent, and with False when it had no effect (429,
    or no connection)."""

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
    """One HTTP response, read to its end; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    url: str = field(default="", repr=False)
    """The address of the response, after redirects."""

    @property
    def requests_per_second(self) -> float | None:
        """The rate limit that `X-RateLimit-Limit` announces; None without a positive number."""
        try:
            limit = float(self.headers["x-ratelimit-limit"])
        except (KeyError, ValueError):
            return None
        return limit if math.isfinite(limit) and limit > 0 else None


class Transport(Protocol):
    """One exchange: a request in, a response out, whatever its status."""

    async def send(self, request: Request) -> Response:
        """Send a request; raise `TransportError` without a response."""
        ...
