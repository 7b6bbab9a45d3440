"""The certificate authorities (CA) that connections trust."""

import os
import ssl
from contextlib import suppress

from remote_backend.api.transport_settings import TransportSettings
from remote_backend.errors import SettingsError

__all__ = ("tls_settings",)


def tls_settings(settings: TransportSettings) -> ssl.SSLContext | bool:
    """Return the TLS settings for aiohttp; True means those that aiohttp has made itself.

    Raises `SettingsError` for a file without certificates and a directory that cannot be listed.
    """
    if not settings.ca_file and not settings.ca_directory:
        # aiohttp has read the certificate authorities of the system already, and reading them
        # again takes 0.1 s.
        return True
    tls = ssl.create_default_context()
    if settings.ca_file:
        _load_file(tls, settings.ca_file)
    for directory in (settings.ca_directory or "").split(os.pathsep):
        for entry in _names_in(directory) if directory else ():
            # OpenSSL reads only files that are named by hashes, but Terraform reads every file,
            # so each is loaded by itself; some are not certificates.
            with suppress(OSError):
                tls.load_verify_locations(cafile=os.path.join(directory, entry))
    return tls


def _load_file(tls: ssl.SSLContext, ca_file: str) -> None:
    try:
        tls.load_verify_locations(cafile=ca_file)
    except ssl.SSLError:
        problem = "holds no certificate in the PEM form, or a broken one"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    else:
        return
    raise SettingsError(f"SSL_CERT_FILE names {ca_file}, which {problem}")


def _names_in(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError as error:
        raise SettingsError(
            f"SSL_CERT_DIR names {directory}, which cannot be listed: {error.strerror}"
        ) from None
