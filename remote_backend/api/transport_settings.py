"""How the client connects, how long it waits, and for how long it retries."""

from collections.abc import Callable

from attrs import field, frozen

from remote_backend._version import __version__

__all__ = ("TransportSettings",)


def _without_proxy(address: str) -> None:
    return None


@frozen(kw_only=True)
class TransportSettings:
    """Settings of connections and retries."""

    user_agent: str = f"remote-backend/{__version__}"
    connect_seconds: float = 10.0
    """How long a connection may take, with its TLS handshake."""

    read_seconds: float = 60.0
    """How long a response may be silent; a stream that goes on has no time limit."""

    upload_seconds: float = 300.0
    """How long a large upload may make no progress, and how long its response may take.

    The last megabytes of an upload may still be in buffers of the system when they count as
    sent.
    """

    retry_seconds: float = 120.0
    """How long to retry while the server fails (5xx), breaks off or cannot be reached."""

    rate_limit_seconds: float = 600.0
    """How long to retry while the server limits requests (429)."""

    connections: int = 100
    """How many may be open at once."""

    ca_file: str | None = None
    """A PEM file with certificate authorities to trust in addition to those of the system."""

    ca_directory: str | None = None
    """Directories of such files, joined as in PATH."""

    proxy_of: Callable[[str], str | None] = field(
        default=_without_proxy, eq=False, repr=False
    )
    """Returns the address of the proxy for an address, or None for a direct connection."""
