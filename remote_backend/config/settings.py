"""Settings of the transport, and the variables of the process."""

import os
from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

from remote_backend.errors import SettingsError

__all__ = ("TransportSettings", "process_environ", "transport_settings")

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_MOST_CONNECTIONS = 100
_FEWEST_CONNECTIONS = 4


@frozen
class TransportSettings:
    """How connections are made."""

    connect_seconds: float
    read_seconds: float
    """How long to wait for the next bytes of an answer."""

    ca_file: str | None
    """Certificates that are trusted besides or in place of those of the system."""

    ca_directory: str | None
    connections: int
    """How many may be open at once."""


def transport_settings(environ: Mapping[str, str]) -> TransportSettings:
    """Return the settings that SSL_CERT_FILE and SSL_CERT_DIR ask for.

    Raises `SettingsError` when the file does not exist; directories that do not exist are
    ignored, as Terraform ignores them.
    """
    ca_file = environ.get("SSL_CERT_FILE") or None
    if ca_file is not None and not os.path.isfile(ca_file):
        raise SettingsError(
            f"SSL_CERT_FILE names {ca_file}, which is no file; correct or unset it"
        )
    directories = [
        directory
        for directory in (environ.get("SSL_CERT_DIR") or "").split(os.pathsep)
        if directory and os.path.isdir(directory)
    ]
    return TransportSettings(
        connect_seconds=_CONNECT_SECONDS,
        read_seconds=_READ_SECONDS,
        ca_file=ca_file,
        ca_directory=os.pathsep.join(directories) or None,
        connections=_connections(),
    )


def process_environ() -> Mapping[str, str]:
    """Return the variables of the process as they are now.

    HOME is that of the account when the process has none.
    """
    environ = dict(os.environ)
    if os.name != "nt" and not environ.get("HOME"):
        environ["HOME"] = _account_home()
    return MappingProxyType(environ)


def _connections() -> int:
    """Return how many connections leave enough of the files that a process may open."""
    if os.name == "nt":
        return _MOST_CONNECTIONS
    import resource  # not there on Windows

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(_FEWEST_CONNECTIONS, min(_MOST_CONNECTIONS, limit // 2))


def _account_home() -> str:
    import pwd  # not there on Windows

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # an account without an entry, as containers have them
        return ""
