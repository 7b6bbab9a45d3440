"""The backend block is found, whatever is around it, and each fault is told with its place."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from remote_backend.config.backend_block import BackendBlock, read_backend
from remote_backend.errors import (
    BadBackendBlock,
    NoBackendBlock,
    NoConfigurationFiles,
    SettingsError,
)

GOOD = """terraform {
  backend "remote" {
    organization = "acme"
    workspaces {
      prefix = "net-"
    }
  }
}
"""
CLOUD = """terraform {
  cloud {
    workspaces {
      name = "net"
    }
  }
}
"""
BODY: dict[str, Any] = {"organization": "acme", "workspaces": {"prefix": "net-"}}


def read(
    directory: Path, environ: Mapping[str, str] | None = None, **files: str
) -> BackendBlock:
    """Write files, named with `__` for dots, and read the block of their directory."""
    for name, text in files.items():
        (directory / name.replace("__", ".")).write_bytes(text.encode())
    return read_backend(directory, environ or {})


def backend(*lines: str) -> str:
    """Return a file whose backend block holds these lines, from line 3 on."""
    return "\n".join(["terraform {", 'backend "remote" {', *lines, "}", "}", ""])


def fault(
    directory: Path, text: str, environ: Mapping[str, str] | None = None
) -> BadBackendBlock:
    """Return the error that a file `main.tf` leads to."""
    with pytest.raises(BadBackendBlock) as caught:
        read(directory, environ, main__tf=text)
    return caught.value


def test_a_block_is_read_with_its_place(tmp_path: Path) -> None:
    """All arguments are there, the hostname is normalized, file and line are known."""
    text = backend(
        'hostname = "TFE.Example:443"',
        'organization = "acme"',
        'token = "sekret"',
        'workspaces { name = "net" }',
    )

    block = read(tmp_path, main__tf=text)

    assert block == BackendBlock(
        kind="remote",
        hostname="tfe.example",
        organization="acme",
        token="sekret",
        name="net",
        path="main.tf",
        line=2,
    )
    assert "sekret" not in repr(block)


def test_hostname_has_a_default_and_nulls_are_unset(tmp_path: Path) -> None:
    """Without hostname the public service is meant; null and empty texts count as missing."""
    text = backend(
        "hostname = null",
        'organization = "acme"',
        'token = ""',
        'workspaces {\n name = ""\n prefix = "net-"\n}',
    )

    block = read(tmp_path, main__tf=text)

    assert (block.hostname, block.token) == ("app.terraform.io", None)
    assert (block.name, block.prefix) == (None, "net-")


def test_a_number_as_name_becomes_text(tmp_path: Path) -> None:
    """As in Terraform, a number or a boolean stands for its text."""
    text = backend("organization = true", "workspaces { name = 12 }")

    block = read(tmp_path, main__tf=text)

    assert (block.organization, block.name) == ("true", "12")


@pytest.mark.parametrize(
    "value", ['{ prefix = "net-" }', '[{ prefix = "net-" }]', '{ "prefix" : "net-" }']
)
def test_workspaces_may_be_an_attribute(tmp_path: Path, value: str) -> None:
    """The spelling of Terraform 0.11 is read like the block."""
    text = backend('organization = "acme"', f"workspaces = {value}")

    assert read(tmp_path, main__tf=text).prefix == "net-"


@pytest.mark.parametrize(
    "document",
    [
        {"terraform": {"backend": {"remote": BODY}}},
        {"terraform": [{"backend": [{"remote": [BODY]}]}]},
        {
            "terraform": {
                "backend": {"remote": {**BODY, "workspaces": [BODY["workspaces"]]}}
            }
        },
        {
            "//": "x",
            "terraform": {"//": {}, "backend": {"//": 1, "remote": {"//": 2, **BODY}}},
        },
        {"terraform": [{"required_version": ">= 1"}, {"backend": {"remote": BODY}}]},
    ],
)
def test_json_is_read_like_hcl(tmp_path: Path, document: dict[str, Any]) -> None:
    """Each level may be an object or a list of objects, with comments in between."""
    block = read(tmp_path, main__tf__json="\ufeff" + json.dumps(document))

    assert block == BackendBlock(
        kind="remote",
        hostname="app.terraform.io",
        organization="acme",
        prefix="net-",
        path="main.tf.json",
    )


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (
            '{"organization": "${var.x}", "workspaces": {"name": "a"}}',
            "organization: variables",
        ),
        ('{"organization": "a", "organization": "b", "workspaces": {}}', "already set"),
        ('{"organization": "a", "workspaces": [{"name": "a"}, {"name": "b"}]}', "second"),
        ('{"organization": "a", "workspaces": "x"}', "workspaces is not a block"),
        ('{"organization": ["a"], "workspaces": {"name": "a"}}', "must be a text"),
        ('{"organisation": "a"}', "organisation is not known"),
    ],
)
def test_json_faults_name_the_keys(tmp_path: Path, document: str, problem: str) -> None:
    """JSON has no lines for faults of meaning, so the path of the keys is told."""
    text = f'{{"terraform": {{"backend": {{"remote": {document}}}}}}}'

    with pytest.raises(
        BadBackendBlock, match="^main.tf.json: terraform.backend.remote: "
    ) as e:
        read(tmp_path, main__tf__json=text)

    assert problem in str(e.value)


@pytest.mark.parametrize(
    ("lines", "line", "problem"),
    [
        (
            ["organization = var.org", 'workspaces { name = "a" }'],
            3,
            "variables may not be used",
        ),
        (
            ['organization = "${local.x}"', 'workspaces { name = "a" }'],
            3,
            "variables may not",
        ),
        (['organization = lower("A")', 'workspaces { name = "a" }'], 3, "functions"),
        (['workspaces { name = "a" }'], 2, "organization is missing"),
        (['organization = ""', 'workspaces { name = "a" }'], 2, "organization is missing"),
        (['organization = "a"'], 2, "workspaces is missing"),
        (['organization = "a"', "workspaces {}"], 4, "needs name"),
        (
            ['organization = "a"', 'workspaces {\n name = "a"\n prefix = "b"\n}'],
            4,
            "keep one",
        ),
        (
            ['organization = "a"', "", "workspaces {}", "workspaces {}"],
            6,
            "first is in line 5",
        ),
        (['organization = "a"', 'organization = "a"'], 4, "already set in line 3"),
        (
            ["", 'organisation = "a"'],
            4,
            "organisation is not known here; known are hostname",
        ),
        (['organization = "a"', 'workspaces { nmae = "a" }'], 4, "nmae is not known"),
        (['organization = "a"', "", "defaults {}"], 5, "defaults is not known"),
        (['organization = "a"', 'hostname = "https://x"'], 4, "without https://"),
        (['organization = "a"', "workspaces = var.x"], 4, "variables may not be used"),
        (['organization = ["a"]'], 3, "must be a text"),
        (['organization = "a" "b"'], 3, "cannot be read"),
    ],
)
def test_faults_inside_the_block_have_their_line(
    tmp_path: Path, lines: list[str], line: int, problem: str
) -> None:
    """Each wrong argument is told with the line where it stands."""
    if "hostname" in lines[-1]:
        lines = [*lines, 'workspaces { name = "a" }']

    error = fault(tmp_path, backend(*lines))

    assert (error.path, error.line) == ("main.tf", line)
    assert problem in error.problem


def test_tokens_stay_out_of_errors(tmp_path: Path) -> None:
    """A fault of the token argument does not show the token."""
    error = fault(tmp_path, backend('token = "sekret${x}"', 'organization = "a"'))

    assert "token" in str(error)
    assert "sekret" not in str(error)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('terraform {\n backend "s3" {}\n}\n', 'the backend "s3"'),
        ("terraform {\n backend {}\n}\n", "has one type"),
    ],
)
def test_other_backends_are_named(tmp_path: Path, text: str, problem: str) -> None:
    """A configuration with another backend is told what it has."""
    error = fault(tmp_path, text)

    assert error.line == 2
    assert problem in error.problem


@pytest.mark.parametrize(
    ("second", "where"),
    [
        ({"other__tf": GOOD}, "other.tf:2: this is a second backend block"),
        ({"other__tf": CLOUD}, "other.tf:2: this is a second cloud block"),
        ({"main__tf": GOOD + "\n" + GOOD}, "main.tf:11: this is a second backend block"),
    ],
)
def test_a_second_block_is_told_with_both_places(
    tmp_path: Path, second: dict[str, str], where: str
) -> None:
    """Neither of two blocks is silently preferred (P126)."""
    with pytest.raises(BadBackendBlock) as caught:
        read(tmp_path, None, **{"main__tf": GOOD, **second})

    assert str(caught.value).startswith(where)
    assert "the backend block at main.tf:2 is the first" in str(caught.value)


@pytest.mark.parametrize("name", ["override__tf", "a_override__tf"])
def test_an_override_replaces_the_whole_block(tmp_path: Path, name: str) -> None:
    """Nothing of the replaced block is left, and the last override wins."""
    last = backend('organization = "last"', 'workspaces { name = "one" }')
    block = read(tmp_path, None, **{"z__tf": GOOD, name: GOOD, "z_override__tf": last})

    assert (block.organization, block.name, block.prefix) == ("last", "one", None)
    assert block.path == "z_override.tf"


def test_an_override_may_stand_alone_and_change_the_kind(tmp_path: Path) -> None:
    """A cloud block in an override file replaces a backend block."""
    block = read(
        tmp_path, {"TF_CLOUD_ORGANIZATION": "x"}, main__tf=GOOD, override__tf=CLOUD
    )

    assert (block.kind, block.name) == ("cloud", "net")
    (tmp_path / "main.tf").unlink()
    assert read(tmp_path, {"TF_CLOUD_ORGANIZATION": "x"}).kind == "cloud"


def test_two_blocks_in_one_override_are_an_error(tmp_path: Path) -> None:
    """Replacing is for other files only."""
    with pytest.raises(BadBackendBlock, match="override.tf:10: this is a second"):
        read(tmp_path, main__tf=GOOD, override__tf=GOOD + GOOD)


def test_a_cloud_block_takes_what_it_lacks_from_variables(tmp_path: Path) -> None:
    """TF_CLOUD_ORGANIZATION and TF_CLOUD_HOSTNAME fill a cloud block."""
    environ = {"TF_CLOUD_ORGANIZATION": "acme", "TF_CLOUD_HOSTNAME": "TFE.example"}

    block = read(tmp_path, environ, main__tf=CLOUD)

    assert (block.kind, block.organization, block.hostname) == (
        "cloud",
        "acme",
        "tfe.example",
    )


@pytest.mark.parametrize("body", ["", "workspaces {\n }", 'workspaces { project = "p" }'])
def test_a_cloud_block_can_leave_the_workspace_to_a_variable(
    tmp_path: Path, body: str
) -> None:
    """TF_WORKSPACE names the one workspace then, as for Terraform (P131)."""
    text = f"terraform {{\n cloud {{\n {body}\n }}\n}}\n"
    environ = {"TF_CLOUD_ORGANIZATION": "acme", "TF_WORKSPACE": "net-a"}

    block = read(tmp_path, {**environ, "TF_CLOUD_PROJECT": "q"}, main__tf=text)

    assert (block.name, block.tags) == ("net-a", ())
    assert block.project == ("p" if "project" in body else "q")
    assert f"the project {block.project!r} is not used" in block.warnings[0]
    del environ["TF_WORKSPACE"]
    assert "or set TF_WORKSPACE=NAME" in str(fault(tmp_path, text, environ))


def test_tags_of_a_cloud_block_stay_with_a_selected_workspace(tmp_path: Path) -> None:
    """TF_WORKSPACE chooses among them and does not take their place (P131)."""
    text = 'terraform {\n cloud {\n workspaces { tags = ["net"] }\n }\n}\n'
    environ = {"TF_CLOUD_ORGANIZATION": "acme", "TF_WORKSPACE": "net-a"}

    block = read(tmp_path, environ, main__tf=text)

    assert (block.name, block.tags) == (None, (("net", ""),))
    assert "or set TF_WORKSPACE" not in str(
        fault(tmp_path, backend('organization = "a"'), {"TF_WORKSPACE": "net-a"})
    )


def test_a_cloud_block_beats_variables(tmp_path: Path) -> None:
    """What the block says itself counts more."""
    text = CLOUD.replace("cloud {", 'cloud {\n hostname = "a.b"\n organization = "own"\n')
    environ = {"TF_CLOUD_ORGANIZATION": "acme", "TF_CLOUD_HOSTNAME": "::"}

    block = read(tmp_path, environ, main__tf=text)

    assert (block.organization, block.hostname) == ("own", "a.b")


def test_cloud_variables_do_not_count_for_a_backend_block(tmp_path: Path) -> None:
    """Terraform reads them for cloud blocks alone."""
    environ = {"TF_CLOUD_ORGANIZATION": "acme", "TF_CLOUD_HOSTNAME": "tfe.example"}

    assert read(tmp_path, environ, main__tf=GOOD).hostname == "app.terraform.io"
    assert "organization is missing" in str(
        fault(tmp_path, backend('workspaces { name = "a" }'), environ)
    )


def test_a_wrong_cloud_variable_is_named(tmp_path: Path) -> None:
    """The text names the variable, since no file is to blame."""
    environ = {"TF_CLOUD_ORGANIZATION": "acme", "TF_CLOUD_HOSTNAME": "https://x"}

    with pytest.raises(SettingsError, match="TF_CLOUD_HOSTNAME"):
        read(tmp_path, environ, main__tf=CLOUD)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ('tags = ["b", "a"]', (("a", ""), ("b", ""))),
        ('tags = { team = "net" }\n project = "one"', (("team", "net"),)),
    ],
)
def test_cloud_tags_are_read(text: str, tags: object, tmp_path: Path) -> None:
    """A list of tags, or keys with values; a project may stand beside them."""
    found = read(
        tmp_path,
        {"TF_CLOUD_ORGANIZATION": "acme"},
        main__tf=CLOUD.replace('name = "net"', text),
    )

    assert found.tags == tags
    assert found.name is None and found.prefix is None
    assert (found.project == "one") is ("project" in text)
    assert len(found.warnings) == ("project" in text)


@pytest.mark.parametrize("text", ["tags = [1]", 'tags = "a"', 'name = "a"\n tags = ["b"]'])
def test_wrong_tags_are_told(text: str, tmp_path: Path) -> None:
    """They are texts, and no name stands beside them."""
    error = fault(tmp_path, CLOUD.replace('name = "net"', text))

    assert "tags" in error.problem


@pytest.mark.parametrize(
    "broken",
    [
        'locals {\n  a = "unclosed\n}\n',
        "<<<<<<< HEAD\n=======\n>>>>>>> x\n",
        'resource "a" "b" {\n  a = = 1\n}\n',
        'resource "a" "b" {\n  a = {\n}\n',
    ],
)
def test_a_fault_elsewhere_is_a_warning(tmp_path: Path, broken: str) -> None:
    """The block is found before and behind the fault, with its true line (P127)."""
    behind = read(tmp_path, main__tf=broken + GOOD)
    before = read(tmp_path, main__tf=GOOD + broken)

    assert behind.line == broken.count("\n") + 2
    assert before.line == 2
    for block in (behind, before):
        assert (block.organization, block.prefix) == ("acme", "net-")
        assert len(block.warnings) == 1
        assert block.warnings[0].startswith("main.tf:")
        assert "could not be read in full" in block.warnings[0]


def test_json_in_a_tf_file_is_refused(tmp_path: Path) -> None:
    """It is not taken for a file without blocks, and the error says how to name it (N15)."""
    error = fault(tmp_path, '{"terraform": {"backend": {"remote": {}}}}')

    assert str(error).startswith(
        "main.tf:1: no backend block was found, but the file holds JSON"
    )
    assert "main.tf.json" in str(error)


def test_a_fault_in_another_file_is_a_warning(tmp_path: Path) -> None:
    """Broken JSON and lone carriage returns are told, and do not stop anything."""
    block = read(tmp_path, a__tf__json='{\n"x": ', b__tf="a = 1\rb = 2", main__tf=GOOD)

    assert block.warnings == (
        "a.tf.json:2 could not be read in full; `terraform validate` says why",
        "b.tf ends lines with a carriage return alone; Terraform refuses that",
    )


@pytest.mark.parametrize(
    "text",
    [
        'locals {\n a = "unclosed\n}\n',
        'terraform {\n backend "remote" {\n  organization : "a"\n }\n}\n',
    ],
)
def test_a_fault_without_a_block_is_an_error(tmp_path: Path, text: str) -> None:
    """A file that hides its block is never taken for one without a block."""
    error = fault(tmp_path, text)

    assert error.path == "main.tf"
    assert error.line is not None
    assert "`terraform validate` says why" in error.problem


def test_commented_blocks_do_not_count(tmp_path: Path) -> None:
    """A backend in a comment is none."""
    with pytest.raises(NoBackendBlock):
        read(tmp_path, main__tf=f"/*\n{GOOD}*/\n")


def test_a_remote_state_of_the_same_form_is_no_backend(tmp_path: Path) -> None:
    """A data block with a prefix neither counts as the backend nor hides it (P90)."""
    data = GOOD.replace("terraform {", 'data "terraform_remote_state" "x" {')
    data = data.replace('backend "remote"', "config =").replace("net-", "other-")
    data = data.replace("workspaces {", "workspaces = {")

    block = read(tmp_path, main__tf=data + GOOD)

    assert (block.prefix, block.warnings) == ("net-", ())
    with pytest.raises(NoBackendBlock):
        read(tmp_path, main__tf=data)


def test_a_configuration_without_a_block_is_told_so(tmp_path: Path) -> None:
    """Other blocks, other file names and subdirectories do not count."""
    (tmp_path / "module").mkdir()
    (tmp_path / "dir.tf").mkdir()
    (tmp_path / "module" / "main.tf").write_text(GOOD)

    with pytest.raises(NoBackendBlock):
        read(
            tmp_path,
            None,
            **{"__hidden__tf": GOOD, "main__tf~": GOOD, "main__tf": "terraform {}\n"},
        )


def test_a_directory_without_configuration_is_told_so(tmp_path: Path) -> None:
    """No Terraform files at all is another mistake than no block."""
    with pytest.raises(NoConfigurationFiles):
        read(tmp_path, readme__md="x")


def test_a_wrong_directory_is_named_from_the_root_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative one, as `.`, says nothing to somebody who is in the wrong place (P80)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "main.tf").write_text("terraform {}\n")

    for directory in ("empty", "other", "missing"):
        with pytest.raises(SettingsError) as caught:
            read_backend(Path(directory), {})
        assert str(tmp_path / directory) in str(caught.value)


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    """A path that does not exist, or is a file, is named."""
    with pytest.raises(SettingsError, match="^/.*nowhere is not a directory"):
        read_backend(tmp_path / "nowhere", {})


def test_crlf_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    """Files from Windows editors are ordinary files."""
    block = read(tmp_path, main__tf="\ufeff" + GOOD.replace("\n", "\r\n"))

    assert (block.prefix, block.line, block.warnings) == ("net-", 2, ())
