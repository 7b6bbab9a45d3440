"""The backend record: hashes, both styles, and what cannot be read."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_backend.cli.hints import message_of
from remote_backend.config.backend_record import (
    BlockValues,
    hash_modern,
    hash_old,
    read_record,
    write_record,
)
from remote_backend.errors import BadBackendRecord, SettingsError


def block(workspaces: dict[str, Any] | None, **arguments: Any) -> BlockValues:
    """Return the values of a backend "remote" block."""
    return BlockValues(kind="remote", arguments=arguments, workspaces=workspaces)


NAMED = block({"name": "my-app-prod"}, hostname="tfe.test", organization="acme")
PREFIXED = block({"prefix": "my-app-"}, hostname="tfe.test", organization="acme")


@pytest.mark.parametrize(
    ("values", "modern", "old"),
    [
        (NAMED, 3141808352, 13966393132010060371),
        (PREFIXED, 210504087, 12392356709114497632),
        (block(None), 4115669078, 17942543870450584314),
        (
            block(
                {"name": "my-app-prod"}, hostname="app.terraform.io", organization="company"
            ),
            1660293970,
            9673634285625139655,
        ),
    ],
)
def test_hashes_are_those_that_terraform_writes(
    values: BlockValues, modern: int, old: int
) -> None:
    """Observed in files of both ages."""
    assert (hash_modern(values), hash_old(values)) == (modern, old)


def test_a_record_is_written_as_terraform_writes_it(tmp_path: Path) -> None:
    """Byte for byte, with every attribute, no end of line, and no secret for others."""
    path = tmp_path / ".terraform" / "terraform.tfstate"
    write_record(path, NAMED, NAMED, before=None, terraform_version="1.11.4")

    assert path.read_bytes() == (
        b'{\n  "version": 3,\n  "terraform_version": "1.11.4",\n  "backend": {\n'
        b'    "type": "remote",\n    "config": {\n      "hostname": "tfe.test",\n'
        b'      "organization": "acme",\n      "token": null,\n      "workspaces": {\n'
        b'        "name": "my-app-prod",\n        "prefix": null\n      }\n    },\n'
        b'    "hash": 3141808352\n  }\n}'
    )
    found = read_record(path)
    assert found is not None and found.is_of(NAMED) and not found.is_of(PREFIXED)


def test_what_was_added_is_kept_and_the_hash_is_that_of_the_block(tmp_path: Path) -> None:
    """A record with -backend-config belongs to the bare block."""
    path = tmp_path / "record"
    bare = block({"name": "my-app-prod"})
    write_record(path, NAMED, bare, before=None, terraform_version="1.11.4")

    found = read_record(path)

    assert found is not None and found.is_of(bare)
    assert found.values.agrees_with(NAMED)


def test_a_wrong_hash_does_no_harm_where_the_values_agree(tmp_path: Path) -> None:
    """Terraform heals such a record, so it counts here too."""
    path = tmp_path / "record"
    write_record(path, NAMED, NAMED, before=None, terraform_version="1.11.4")
    path.write_text(path.read_text().replace("3141808352", "1"))

    found = read_record(path)

    assert found is not None and found.is_of(NAMED)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"version": 4}',
        '{"version": 3, "backend": []}',
        '{"version": 3, "backend": {"type": "remote", "config": 3}}',
        '{"version": 3, "backend": {"type": "remote", "config": {"workspaces": "a"}}}',
        "[" * 100_000,
    ],
)
def test_a_record_that_cannot_be_used_is_told(text: str, tmp_path: Path) -> None:
    """The file is named and what to do; nothing of it is shown."""
    path = tmp_path / "record"
    path.write_text(text)
    with pytest.raises(BadBackendRecord) as caught:
        read_record(path)
    assert caught.value.path == str(path)
    assert "`remote-backend init -reconfigure`" in message_of(caught.value)


@pytest.mark.parametrize(
    "text", ["", " \n", '{"version": 3, "terraform_version": "1.11.4"}']
)
def test_a_record_without_a_backend_is_none(text: str, tmp_path: Path) -> None:
    """So is an empty one, and one that is not there."""
    path = tmp_path / "record"
    assert read_record(path) is None
    path.write_text(text)
    assert read_record(path) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
            lambda inner: st.one_of(
                st.lists(inner),
                st.dictionaries(
                    st.sampled_from(
                        [
                            "version",
                            "backend",
                            "type",
                            "config",
                            "hash",
                            "workspaces",
                            "name",
                        ]
                    ),
                    inner,
                ),
            ),
        ).map(lambda value: json.dumps(value).encode()),
        st.builds(
            lambda backend: json.dumps({"version": 3, "backend": backend}).encode(),
            st.dictionaries(
                st.sampled_from(["type", "config", "hash"]),
                st.one_of(
                    st.none(),
                    st.text(),
                    st.integers(),
                    st.lists(st.text()),
                    st.dictionaries(st.text(), st.one_of(st.text(), st.lists(st.text()))),
                ),
            ),
        ),
    )
)
def test_any_bytes_give_a_record_or_a_clear_error(tmp_path: Path, data: bytes) -> None:
    """Never anything else."""
    path = tmp_path / "record"
    path.write_bytes(data)
    try:
        found = read_record(path)
    except SettingsError as error:
        assert str(path) in str(error)
    else:
        assert found is None or isinstance(found.is_of(NAMED), bool)


@pytest.mark.skipif(sys.platform == "win32", reason="a matter of POSIX modes")
def test_a_record_is_for_its_owner_alone(tmp_path: Path) -> None:
    """-backend-config=token=... puts a token into it (L12)."""
    path = tmp_path / ".terraform" / "terraform.tfstate"
    write_record(path, NAMED, NAMED, before=None, terraform_version="1.11.4")
    assert path.stat().st_mode & 0o777 == 0o600
