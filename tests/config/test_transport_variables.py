"""Settings of the transport come from the usual variables."""

import os
from pathlib import Path

import pytest

from remote_backend.api.transport_settings import TransportSettings
from remote_backend.config.transport_variables import transport_settings
from remote_backend.errors import SettingsError


def test_there_are_defaults() -> None:
    """Without variables the system's certificates count, and waits are bounded."""
    settings = transport_settings({})

    assert settings == TransportSettings(connections=settings.connections)
    assert 4 <= settings.connections <= 100
    assert transport_settings({"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}) == settings


def test_certificates_are_named(tmp_path: Path) -> None:
    """Both variables are passed on."""
    (tmp_path / "ca.pem").write_text("")
    environ = {"SSL_CERT_FILE": str(tmp_path / "ca.pem"), "SSL_CERT_DIR": str(tmp_path)}

    settings = transport_settings(environ)

    assert settings.ca_file == str(tmp_path / "ca.pem")
    assert settings.ca_directory == str(tmp_path)


def test_a_missing_certificate_file_is_an_error(tmp_path: Path) -> None:
    """Going on with other certificates would hide the mistake."""
    with pytest.raises(SettingsError, match="SSL_CERT_FILE names .*no.pem, which does not"):
        transport_settings({"SSL_CERT_FILE": str(tmp_path / "no.pem")})
    with pytest.raises(SettingsError, match="SSL_CERT_FILE names .*not a regular file"):
        transport_settings({"SSL_CERT_FILE": str(tmp_path)})


def test_missing_certificate_directories_are_ignored(tmp_path: Path) -> None:
    """Of several directories those that exist are left."""
    several = os.pathsep.join([str(tmp_path / "no"), str(tmp_path), ""])

    assert transport_settings({"SSL_CERT_DIR": str(tmp_path / "no")}).ca_directory is None
    assert transport_settings({"SSL_CERT_DIR": several}).ca_directory == str(tmp_path)
