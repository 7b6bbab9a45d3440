"""Settings of the transport, from the variables of a process."""

import math
import os
import re
from collections.abc import Mapping

from remote_backend.api.transport_settings import TransportSettings
from remote_backend.config.proxies import proxies_of
from remote_backend.errors import SettingsError

__all__ = ("transport_settings",)

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(s|m|h)?", re.ASCII)
_UNIT_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_FEWEST_CONNECTIONS = 4


def transport_settings(environ: Mapping[str, str]) -> TransportSettings:
    """Return the settings of the transport that the variables of a process set.

    SSL_CERT_FILE and SSL_CERT_DIR name certificate authorities, HTTPS_PROXY, HTTP_PROXY and
    NO_PROXY the proxies (see `proxies_of`).

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
    defaults = TransportSettings()
    return TransportSettings(
        read_seconds=_timeout(environ, "READ", defaults.read_seconds),
        upload_seconds=_timeout(environ, "UPLOAD", defaults.upload_seconds),
        retry_seconds=_timeout(environ, "RETRY", defaults.retry_seconds),
        rate_limit_seconds=_timeout(environ, "RATE_LIMIT", defaults.rate_limit_seconds),
        connections=_possible_connections(defaults.connections),
        ca_file=ca_file,
        ca_directory=os.pathsep.join(directories) or None,
        proxy_of=proxies_of(environ),
    )


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


def _possible_connections(most: int) -> int:
    """Return how many connections leave enough of the files that a process may open."""
    if os.name == "nt":
        return most
    import resource  # not there on Windows

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return most
    return max(_FEWEST_CONNECTIONS, min(most, limit // 2))
