"""Which states a configuration reads is taken from its text, as far as that says it."""

import os
from pathlib import Path

import pytest

from remote_backend.config.state_references import StateReference, read_state_references


def read(directory: Path, text: str, name: str = "main.tf") -> list[StateReference | None]:
    """Return what a run in the workspace `app-prod` reads by a file."""
    (directory / name).parent.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text(text)
    expressions = read_state_references(directory)
    return [each.reference_for("app-prod") for each in expressions]


def remote_state(config: str, more: str = "") -> str:
    """Return a data source of the backend `remote`."""
    return (
        'data "terraform_remote_state" "net" {\n  backend = "remote"\n'
        f"  {more}\n  config = {{\n{config}\n  }}\n}}\n"
    )


HOSTED = StateReference("net-prod", "acme", "app.terraform.io")
LOCALS = """
locals {
  organization = "acme"
  networks = { "app-prod" = "net-prod", "app-dev" = "net-dev" }
  network = local.networks[terraform.workspace]
  all = { of = { prod = "net-prod" } }
  endless = "${local.endless}${local.endless}"
}
"""


@pytest.mark.parametrize(
    ("config", "more"),
    [
        ('organization = "acme"\nworkspaces = { name = "net-prod" }', ""),
        ('organization = "acme", workspaces = { prefix = "net-" }', 'workspace = "prod"'),
        ('organization = local.organization\nworkspaces = { name = local.network }', ""),
        ('organization = "acme"\nworkspaces = { name = local.all.of.prod }', ""),
        (
            'organization = "acme"\nworkspaces = '
            '{ name = terraform.workspace == "app-prod" ? "net-prod" : "net-dev" }',
            "",
        ),
        # What cannot be known matters only where it is used.
        (
            'organization = "acme"\ntoken = var.tokens["net"]\n'
            'workspaces = { name = "net-prod" }',
            "defaults = { id = data.x.y.id }",
        ),
        (
            'organization = "acme"\ntoken = data.secrets["net"].all[0].token\n'
            'workspaces = { name = "net-prod" }',
            "count = length(var.stages)",
        ),
    ],
)  # fmt: skip
def test_names_that_the_text_says(tmp_path: Path, config: str, more: str) -> None:
    """Literals, prefixes, local values and the name of the workspace are followed."""
    assert read(tmp_path, LOCALS + remote_state(config, more)) == [HOSTED]


@pytest.mark.parametrize(
    ("config", "more"),
    [
        ('organization = var.organization\nworkspaces = { name = "net-prod" }', ""),
        ('organization = "acme"\nworkspaces = { name = "net-${var.stage}" }', ""),
        ('organization = "acme"\nworkspaces = { name = lower("NET") }', ""),
        ('organization = "acme"\nworkspaces = { name = each.key }', "for_each = local.all"),
        ('organization = "acme"\nworkspaces = { name = "net-${local.missing}" }', ""),
        ('organization = "acme"', ""),
        ('hostname = "a/b"\norganization = "acme"\nworkspaces = { name = "net" }', ""),
        ('hostname = var.host\norganization = "acme"\nworkspaces = { name = "net" }', ""),
    ],
)
def test_what_needs_values_is_left_out(tmp_path: Path, config: str, more: str) -> None:
    """Variables, functions and iterations are not guessed."""
    assert read(tmp_path, LOCALS + remote_state(config, more)) == [None]


def test_local_values_that_never_end(tmp_path: Path) -> None:
    """An expression that grows without end is given up."""
    config = 'organization = "acme"\nworkspaces = { name = local.endless }'
    assert read(tmp_path, LOCALS + remote_state(config)) == []


@pytest.mark.parametrize("backend", ["s3", "local", "${var.backend}"])
def test_other_backends(tmp_path: Path, backend: str) -> None:
    """Only the backend `remote` leads to workspaces."""
    config = 'organization = "acme"\nworkspaces = { name = "net-prod" }'
    text = remote_state(config).replace('"remote"', f'"{backend}"')
    assert read(tmp_path, text) == [None]


def test_a_host_is_normalized(tmp_path: Path) -> None:
    """Names are compared in the form of the backend block."""
    config = 'hostname = "TFE.test:443"\norganization = "a"\nworkspaces = { name = "b" }'
    assert read(tmp_path, remote_state(config)) == [StateReference("b", "a", "tfe.test")]


def test_blocks_of_terraform_0_11(tmp_path: Path) -> None:
    """There `config` and `workspaces` are blocks."""
    config = 'organization = "acme"\nworkspaces {\n  name = "${local.network}"\n}'
    text = remote_state(config).replace("config =", "config")
    assert read(tmp_path, LOCALS + text) == [HOSTED]


@pytest.mark.parametrize(
    ("provider", "hostname"),
    [
        ("", None),
        ('provider "tfe" {\n  hostname = "TFE.test"\n}\n', "tfe.test"),
        ('provider "tfe" {\n  alias = "x"\n  hostname = "tfe.test"\n}\n', None),
    ],
)
def test_outputs_by_their_provider(
    tmp_path: Path, provider: str, hostname: str | None
) -> None:
    """`tfe_outputs` has the host of its provider, and else that of the run."""
    text = 'data "tfe_outputs" "net" {\n  workspace = "net-prod"\n}\n'
    assert read(tmp_path, provider + text) == [StateReference("net-prod", None, hostname)]


def test_outputs_of_another_provider(tmp_path: Path) -> None:
    """A provider with an alias may be of any server."""
    text = 'data "tfe_outputs" "net" {\n  provider = tfe.b\n  workspace = "net"\n}\n'
    assert read(tmp_path, text) == []


def test_files_of_json(tmp_path: Path) -> None:
    """Their texts are templates, at every depth."""
    text = """{
      "data": {
        "terraform_remote_state": {"net": [{
          "backend": "remote",
          "config": {
            "organization": "${local.organization}",
            "workspaces": {"name": "${terraform.workspace}"}
          }
        }]},
        "tfe_outputs": {"dns": {"organization": "acme", "workspace": "dns-prod"}}
      },
      "locals": {"organization": "acme"}
    }"""
    assert read(tmp_path, text, "main.tf.json") == [
        StateReference("app-prod", "acme", "app.terraform.io"),
        StateReference("dns-prod", "acme", None),
    ]


def test_local_modules_are_followed(tmp_path: Path) -> None:
    """Also in a circle; a module that nobody calls reads nothing."""
    calls = (
        'module "a" {\n  source = "./a"\n}\nmodule "x" {\n  source = "hashicorp/x/y"\n}\n'
    )
    back = 'module "b" {\n  source = "../"\n}\n'
    data = 'data "tfe_outputs" "net" {\n  workspace = "net-prod"\n}\n'
    read(tmp_path, back + data, "a/main.tf")
    read(tmp_path, data, "unused/main.tf")
    assert read(tmp_path, calls) == [StateReference("net-prod", None, None)]


@pytest.mark.parametrize(
    "text",
    [
        'data "terraform_remote_state" "net" {\n  backend = \n',
        'data "terraform_remote_state" {}\ndata {}\n',
        'module "a" {\n  source = "./missing"\n}\n',
        "terraform_remote_state \x00 \xff",
    ],
)
def test_faults_name_nothing(tmp_path: Path, text: str) -> None:
    """A file that cannot be read in full, and a module that is not there, are no errors."""
    assert [each for each in read(tmp_path, text) if each is not None] == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_named_pipe_is_no_file(tmp_path: Path) -> None:
    """Reading one would wait for ever."""
    os.mkfifo(tmp_path / "pipe.tf")
    config = 'organization = "acme"\nworkspaces = { name = "net-prod" }'
    assert read(tmp_path, remote_state(config)) == [HOSTED]


def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    """It reads nothing."""
    assert read_state_references(tmp_path / "gone") == ()
