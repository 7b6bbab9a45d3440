"""Whatever a file holds, reading it gives a value or a clear error."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_backend.config.backend_block import read_backend
from remote_backend.config.cli_configuration import read_cli_configuration
from remote_backend.config.credentials import find_token, keep_token
from remote_backend.errors import CredentialsError, SettingsError

WORDS = st.sampled_from(
    [
        *(
            "terraform",
            "backend",
            '"remote"',
            "cloud",
            "workspaces",
            "name",
            "prefix",
            "tags",
        ),
        *(
            "hostname",
            "organization",
            "token",
            "credentials",
            '"tfe.test"',
            "host",
            "services",
        ),
        *(
            "{",
            "}",
            "[",
            "]",
            "=",
            '"a"',
            "var.x",
            "<<EOT\n",
            "EOT\n",
            "\n",
            "1",
            "null",
            ",",
        ),
        *('"${x}"', "#", "//", "/*", "*/", "\\", '"', "\x00", "\ufeff", "\r"),
    ]
)
SOURCES = st.one_of(
    st.binary(max_size=300), st.lists(WORDS, max_size=40).map(" ".join).map(str.encode)
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["terraform", "backend", "remote", "cloud", "workspaces", "name", "credentials",
                 "tfe.test", "token", "organization", "//"]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=12,
)  # fmt: skip
JSON = st.one_of(SOURCES, VALUES.map(json.dumps).map(str.encode))
ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@ONE_FOLDER
@given(SOURCES, JSON)
def test_a_configuration(tmp_path: Path, source: bytes, document: bytes) -> None:
    """A backend, or an error of settings (H: P119 to P130)."""
    (tmp_path / "main.tf").write_bytes(source)
    (tmp_path / "more.tf.json").write_bytes(document)
    try:
        found = read_backend(tmp_path, {})
    except SettingsError as error:
        assert str(error)
    else:
        assert found.organization


@ONE_FOLDER
@given(SOURCES, JSON)
def test_a_cli_configuration(tmp_path: Path, source: bytes, document: bytes) -> None:
    """Warnings at most, and a token that can be sent, or none, or an error that shows nothing."""
    folder = tmp_path / ".terraform.d"
    folder.mkdir(exist_ok=True)
    (tmp_path / ".terraformrc").write_bytes(source)
    (folder / "credentials.tfrc.json").write_bytes(document)
    environ = {"HOME": str(tmp_path), "PATH": ""}
    cli = read_cli_configuration(environ)
    try:
        token = find_token("tfe.test", None, cli, environ).value
    except CredentialsError as error:
        assert "position" in str(error)
    else:
        assert token is None or token.isascii()
    try:
        keep_token("tfe.test", "t", environ)
    except CredentialsError as error:
        assert "is not a file of credentials" in str(error) or "UTF-8" in str(error)
        assert (folder / "credentials.tfrc.json").read_bytes() == document


@pytest.mark.parametrize("name", ["main.tf", "main.tf.json"])
def test_a_large_file_is_read_soon(name: str, tmp_path: Path) -> None:
    """Nothing here is worse than linear: a megabyte of brackets ends, and says so."""
    (tmp_path / name).write_bytes(b"[{(" * 350_000)
    with pytest.raises(SettingsError):
        read_backend(tmp_path, {})
