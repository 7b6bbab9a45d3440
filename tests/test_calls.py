"""Plans and outputs in one call each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import remote_backend
from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.embedded import EmbeddedServer
from remote_backend.server.seed import SeedWorkspace
from tests.support.servers import running_server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """Run a server with three workspaces, of which one fails."""
    seed = [
        SeedWorkspace(name="net-a", simulation=Simulation(counts=Counts(1))),
        SeedWorkspace(name="net-b", simulation=Simulation(succeeds=False)),
        SeedWorkspace(name="net-c", simulation=Simulation(counts=Counts())),
    ]
    async with running_server(tmp_path, seed=seed) as running:
        yield running


@pytest.fixture
def directory(server: EmbeddedServer, tmp_path: Path) -> Path:
    """Return a directory with a configuration for the server."""
    directory = tmp_path / "networking"
    directory.mkdir()
    (directory / "main.tf").write_text(
        f'terraform {{\n backend "remote" {{\n hostname = "{server.hostname}"\n'
        ' organization = "acme"\n workspaces {\n prefix = "net-"\n }\n }\n}\n'
    )
    return directory


@pytest.fixture
def environ(server: EmbeddedServer) -> dict[str, str]:
    """Return variables that lead to the server."""
    return {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}


async def test_all_workspaces_in_one_call(directory: Path, environ: dict[str, str]) -> None:
    """The outcomes come in the order of the workspaces; a failed one does not end the others."""
    outcomes = await remote_backend.plan_all(directory, environ=environ)

    assert {outcome.workspace: outcome.result for outcome in outcomes} == {
        "a": remote_backend.Result.CHANGES,
        "b": remote_backend.Result.FAILED,
        "c": remote_backend.Result.NO_CHANGES,
    }


@pytest.mark.parametrize("by_options", [True, False])
async def test_some_workspaces_in_one_call(
    by_options: bool, directory: Path, environ: dict[str, str]
) -> None:
    """Patterns of the call and of the options both count, and the other options stay."""
    options = remote_backend.BatchOptions(
        select=["a", "c"] if by_options else (), details=True
    )
    outcomes = await remote_backend.plan_all(
        directory,
        select=() if by_options else ["a", "c"],
        exclude=["c"],
        options=options,
        environ=environ,
    )

    [outcome] = outcomes
    assert outcome.workspace == "a"
    assert outcome.changes is not None


async def test_patterns_that_are_a_text_are_refused(directory: Path) -> None:
    """A text is a list of letters too, and each of them would be a pattern."""
    with pytest.raises(remote_backend.RunOptionsError, match="take lists of patterns"):
        await remote_backend.plan_all(directory, select="eu-*", environ={})


async def test_one_workspace_in_one_call(directory: Path, environ: dict[str, str]) -> None:
    """Its outcome is returned, also when it has failed."""
    changed = await remote_backend.plan(directory, "a", environ=environ)
    failed = await remote_backend.plan(directory, "b", environ=environ)

    assert (changed.full_name, changed.counts) == ("net-a", Counts(1))
    assert failed.result is remote_backend.Result.FAILED
    assert failed.reason


async def test_outputs_with_a_token(
    server: EmbeddedServer, tmp_path: Path, environ: dict[str, str]
) -> None:
    """A workspace without a state has none; an unknown one is an error."""
    where = {"organization": "acme", "hostname": server.hostname}
    values = await remote_backend.outputs(
        "net-a", **where, token=server.token, environ=environ
    )
    assert values == {}
    with pytest.raises(remote_backend.SelectionError, match="net-z"):
        await remote_backend.outputs("net-z", **where, environ=environ)
