"""Text files of people are UTF-8, or what is said about them names file and line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from remote_backend.api.messages import path_part
from remote_backend.config.backend_block import read_backend
from remote_backend.config.backend_config_flags import merge_flags
from remote_backend.config.backend_record import BlockValues, write_record
from remote_backend.config.credentials import keep_token
from remote_backend.config.terraform_directory import select_workspace, selected_workspace
from remote_backend.config.variables import VariableSource, run_variables
from remote_backend.decoding import TextFault, decode_text
from remote_backend.errors import RemoteBackendError
from remote_backend.server.fault_rules import read_faults
from remote_backend.server.seed import read_seed
from remote_backend.slug.ignore import parse_rules

BLOCK = """terraform {
  backend "remote" {
    organization = "acme"
    workspaces { name = "n" }
  }
}
"""
LATIN_1 = b'a = "1"\nb = "Gr\xf6\xdfe"\n'
UTF_16 = 'a = "1"\n'.encode("utf-16")


def test_utf_8_is_read_with_and_without_a_mark() -> None:
    """The mark is not a part of the text."""
    assert decode_text("Größe\n".encode()) == "Größe\n"
    assert decode_text("\ufeffGröße\n".encode()) == "Größe\n"
    assert decode_text(b"") == ""


@pytest.mark.parametrize(
    ("data", "line", "problem"),
    [
        (LATIN_1, 2, "is not UTF-8 text (byte 0xf6); save it as UTF-8"),
        (b"\xef\xbb\xbfa\n\nb\xff", 3, "is not UTF-8 text (byte 0xff); save it as UTF-8"),
        (b"a\0b", 1, "is not UTF-8 text (byte 0x00); save it as UTF-8"),
        (UTF_16, None, "is UTF-16, as PowerShell's > writes it, and not UTF-8"),
        (b"\xfe\xff\0a", None, "is UTF-16, and not UTF-8; save it as UTF-8"),
        ("a".encode("utf-32"), None, "is UTF-32, and not UTF-8; save it as UTF-8"),
    ],
)
def test_other_bytes_are_described(data: bytes, line: int | None, problem: str) -> None:
    """The line counts from one, and a byte order mark says which encoding it is."""
    fault = decode_text(data)

    assert isinstance(fault, TextFault)
    assert fault.line == line
    assert problem in fault.problem


@pytest.mark.parametrize("name", ["v.tfvars", "v.tfvars.json"])
@pytest.mark.parametrize(("data", "where"), [(LATIN_1, ":2"), (UTF_16, "")])
def test_files_of_options_are_refused(
    tmp_path: Path, name: str, data: bytes, where: str
) -> None:
    """No letter of a value is replaced on its way to the server (N18)."""
    (tmp_path / name).write_bytes(data)

    with pytest.raises(
        RemoteBackendError, match=f"-var-file {name}{where}: the file is .*UTF-"
    ):
        run_variables([VariableSource("var_file", name, label="-var-file")], tmp_path)
    with pytest.raises(RemoteBackendError, match=f"{name}{where}: the file is .*UTF-"):
        merge_flags(
            BlockValues(kind="remote", arguments={}), [name], tmp_path, label="setting"
        )


def test_a_value_of_the_command_line_is_text() -> None:
    """Bytes of another encoding would arrive as other letters."""
    with pytest.raises(RemoteBackendError, match="-var a=...: the value is not UTF-8 text"):
        run_variables([VariableSource("var", "a=\udcff", label="-var")], Path())


@pytest.mark.parametrize("read", [read_seed, read_faults])
def test_files_of_the_server_are_named(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    """Seeds and faults are read as strictly as files of the client."""
    (tmp_path / "x.json").write_bytes(b"{\n\xf6}")
    with pytest.raises(RemoteBackendError, match="x.json:2 is not UTF-8 text .byte 0xf6"):
        read(tmp_path / "x.json")
    with pytest.raises(RemoteBackendError, match="no.json cannot be read: No such file"):
        read(tmp_path / "no.json")


def test_half_a_character_is_kept_or_refused(tmp_path: Path) -> None:
    """It may come from the JSON of others, and no file is left half-written (N25)."""
    stored = tmp_path / ".terraform.d" / "credentials.tfrc.json"
    stored.parent.mkdir()
    stored.write_text('{"note": "\\ud83d", "credentials": {}}')
    keep_token("tfe.test", "t", {"HOME": str(tmp_path)})
    assert json.loads(stored.read_text())["note"] == "\ud83d"

    record = tmp_path / "record"
    values = BlockValues(kind="remote", arguments={"organization": "\ud83d"})
    write_record(record, values, values, before=None, terraform_version=None)
    assert '"organization": "\\ud83d"' in record.read_text()

    with pytest.raises(RemoteBackendError, match="cannot be selected"):
        select_workspace(tmp_path, {}, "\ud83d")
    with pytest.raises(
        RemoteBackendError, match="organization=...: the value is not UTF-8"
    ):
        merge_flags(values, ["organization=\udcff"], tmp_path, label="setting")


def test_configuration_files_are_named(tmp_path: Path) -> None:
    """What is hidden by another encoding is a warning, or the error when it is the block."""
    (tmp_path / "main.tf").write_text(BLOCK)
    (tmp_path / "old.tf").write_bytes(b"# a\n# Gr\xf6\xdfe\n")
    [warning] = read_backend(tmp_path, {}).warnings
    assert warning.startswith("old.tf:2 is not UTF-8 text (byte 0xf6)")

    (tmp_path / "old.tf").unlink()
    (tmp_path / "main.tf").write_text(BLOCK, encoding="utf-16")
    with pytest.raises(RemoteBackendError, match="main.tf: .* is UTF-16, as PowerShell"):
        read_backend(tmp_path, {})


def test_a_selected_workspace_is_text(tmp_path: Path) -> None:
    """The encoding is named in the error."""
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform/environment").write_text("dev", encoding="utf-16")

    with pytest.raises(
        RemoteBackendError, match="it is UTF-16, as PowerShell's > writes it"
    ):
        selected_workspace(tmp_path, {})


def test_rules_in_another_encoding_are_a_warning() -> None:
    """Terraform reads them as they are, so the archive is the same, and secrets may be in it (N18)."""
    warnings = parse_rules("secrets/\n".encode("utf-16")).warnings

    assert warnings[0].startswith(".terraformignore is UTF-16, as PowerShell's > writes it")


def test_names_with_half_a_character_have_an_address() -> None:
    """A server is asked for them, and says that there is nothing of that name (N25)."""
    assert path_part("a/\ud83d\udcff ü") == "a%2F%ED%A0%BD%ED%B3%BF%20%C3%BC"
