"""Settings of the transport, and the variables of the process."""

import math
import os
import re
from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

from remote_backend.errors import SettingsError

__all__ = ("TransportSettings", "process_environ", "transport_settings")

_CONNECT_SECONDS = 10.0
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(s|m|h)?", re.ASCII)
_UNIT_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
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

    upload_seconds: float = 300.0
    """How long a large upload may make no progress, and how long its answer may take."""

    retry_seconds: float = 120.0
    """How long a request is repeated while the server fails or cannot be reached."""

    rate_limit_seconds: float = 600.0
    """How long a request is repeated while the server answers 429."""


def transport_settings(environ: Mapping[str, str]) -> TransportSettings:
    """Return the settings that SSL_CERT_FILE, SSL_CERT_DIR and the timeouts ask for.

    The timeouts are REMOTE_BACKEND_READ_TIMEOUT (60s), REMOTE_BACKEND_UPLOAD_TIMEOUT (5m),
    REMOTE_BACKEND_RETRY_TIMEOUT (2m) and REMOTE_BACKEND_RATE_LIMIT_TIMEOUT (10m). Raises
    `SettingsError` for one that is not a positive time, and when the file does not exist;
    directories that do not exist are ignored, as Terraform ignores them.
    """
    ca_file = environ.get("SSL_CERT_FILE") or None
    if ca_file is not None and not os.path.isfile(ca_file):
        # The TLS library reads it more than once, which a pipe does not allow.
        problem = "is not a regular file" if os.path.exists(ca_file) else "does not exist"
        raise SettingsError(
            f"SSL_CERT_FILE names {ca_file}, which {problem}; correct or unset it"
        )
    directories = [
        directory
        for directory in (environ.get("SSL_CERT_DIR") or "").split(os.pathsep)
        if directory and os.path.isdir(directory)
    ]
    return TransportSettings(
        connect_seconds=_CONNECT_SECONDS,
        read_seconds=_timeout(environ, "READ", 60.0),
        ca_file=ca_file,
        ca_directory=os.pathsep.join(directories) or None,
        connections=_connections(),
        upload_seconds=_timeout(environ, "UPLOAD", 300.0),
        retry_seconds=_timeout(environ, "RETRY", 120.0),
        rate_limit_seconds=_timeout(environ, "RATE_LIMIT", 600.0),
    )


def process_environ() -> Mapping[str, str]:
    """Return the variables of the process as they are now.

    HOME is that of the account when the process has none.
    """
    environ = dict(os.environ)
    if os.name != "nt" and not environ.get("HOME"):
        environ["HOME"] = _account_home()
    return MappingProxyType(environ)


def _timeout(environ: Mapping[str, str], name: str, default_seconds: float) -> float:
    variable = f"REMOTE_BACKEND_{name}_TIMEOUT"
    text = environ.get(variable, "").strip()
    if not text:
        return default_seconds
    matched = _DURATION.fullmatch(text)
    seconds = float(matched[1]) * _UNIT_SECONDS[matched[2] or ""] if matched else 0.0
    if not 0 < seconds < math.inf:
        raise SettingsError(
            f"{variable}={text!r} is not a time; write for example 90s or 10m, or unset it"
        )
    return seconds


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
