"""What `-backend-config` adds."""

from pathlib import Path
from typing import Any

import pytest

from remote_backend.config.backend_config_flags import merge_flags
from remote_backend.config.backend_record import BlockValues
from remote_backend.errors import SettingsError

BARE = BlockValues(kind="remote", arguments={"organization": "old"})


def merged(
    folder: Path, *given: str, values: BlockValues = BARE, **files: str
) -> dict[str, Any]:
    """Return the arguments after merging; files are named with two underscores for a dot."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    found = merge_flags(values, given, folder, label="-backend-config")
    return {**found.arguments, "workspaces": found.workspaces}


@pytest.mark.parametrize(
    "given",
    [
        'workspaces=[{name="net"}]',
        'workspaces={name="net"}',
        "block.tfbackend",
        "attribute.hcl",
        "list.hcl",
        "some.json",
        "list.json",
    ],
)
def test_workspaces_in_all_spellings(given: str, tmp_path: Path) -> None:
    """Block and attribute, object and list, HCL and JSON (P131)."""
    (tmp_path / "block.tfbackend").write_text('workspaces {\n  name = "net"\n}\n')
    (tmp_path / "attribute.hcl").write_text('workspaces = { name = "net" }\n')
    (tmp_path / "list.hcl").write_text('workspaces = [{ name = "net" }]\n')
    (tmp_path / "some.json").write_text('{"workspaces": {"name": "net"}}')
    (tmp_path / "list.json").write_text('{"//": 1, "workspaces": [{"name": "net"}]}')

    assert merged(tmp_path, given) == {"organization": "old", "workspaces": {"name": "net"}}


def test_the_last_one_wins(tmp_path: Path) -> None:
    """Files and pairs count in the order of the command line, over the block."""
    found = merged(
        tmp_path,
        "organization=one",
        "more.hcl",
        "hostname=tfe.test:8443",
        more__hcl='organization = "two"\ntoken = "t=1"\nhostname = "no.test"\n',
    )

    assert found == {
        "organization": "two",
        "hostname": "tfe.test:8443",
        "token": "t=1",
        "workspaces": None,
    }
    assert merged(tmp_path, "more.hcl", "organization=one")["organization"] == "one"
    assert merged(tmp_path, "") == {"organization": "old", "workspaces": None}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("missing.hcl", "cannot be read"),
        ("unknown=1", "unknown is not known here"),
        ("workspaces=name", "VALUE is a text"),
        (
            'workspaces={tags="a"}',
            "workspaces.tags is not known here; known are name, prefix",
        ),
        ("bad.hcl", "bad.hcl:2"),
        ("variable.hcl", "variable.hcl:1: organization: only values"),
        ("bad.json", "bad.json:1: it is not a JSON object"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    given: str, told: str, tmp_path: Path
) -> None:
    """File and line, or the key; never a value."""
    (tmp_path / "bad.hcl").write_text('organization = "a"\ntoken = = "secret"\n')
    (tmp_path / "variable.hcl").write_text("organization = var.secret\n")
    (tmp_path / "bad.json").write_text("[1]")

    with pytest.raises(SettingsError) as caught:
        merged(tmp_path, given)

    assert told in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_cloud_block_takes_variables_instead(tmp_path: Path) -> None:
    """The text names them."""
    with pytest.raises(SettingsError, match="TF_CLOUD_ORGANIZATION"):
        merged(tmp_path, "organization=a", values=BlockValues(kind="cloud"))


def test_json_in_a_file_with_another_name_is_refused(tmp_path: Path) -> None:
    """Only a file whose name ends in .json holds JSON, as for Terraform (N15)."""
    with pytest.raises(
        SettingsError, match=r"^b.conf:1: it holds JSON; name it b.conf.json"
    ):
        merged(tmp_path, "b.conf", b__conf='{"organization": "acme"}')
