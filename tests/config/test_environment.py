"""Certificates come from the usual variables, and the process is read in one place."""

import os
from pathlib import Path

import pytest

from remote_backend.config.environment import (
    TransportSettings,
    process_environ,
    transport_settings,
)
from remote_backend.errors import SettingsError


def test_there_are_defaults() -> None:
    """Without variables the system's certificates count, and waits are bounded."""
    settings = transport_settings({})

    assert settings == TransportSettings(10.0, 60.0, None, None, settings.connections)
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


def test_the_process_is_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later changes of the process do not change what was read."""
    monkeypatch.setenv("REMOTE_BACKEND_TEST", "1")
    environ = process_environ()
    monkeypatch.delenv("REMOTE_BACKEND_TEST")

    assert environ["REMOTE_BACKEND_TEST"] == "1"
    assert "REMOTE_BACKEND_TEST" not in process_environ()


@pytest.mark.skipif(os.name == "nt", reason="HOME means nothing there")
@pytest.mark.parametrize("home", [None, ""])
def test_a_process_without_a_home_has_that_of_its_account(
    monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    """Services are often started without HOME."""
    import pwd

    if home is None:
        monkeypatch.delenv("HOME", raising=False)
    else:
        monkeypatch.setenv("HOME", home)

    assert process_environ()["HOME"] == pwd.getpwuid(os.getuid()).pw_dir
