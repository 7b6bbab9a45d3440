"""Backends are opened by a directory or by explicit names, with the token of the caller."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import remote_backend
from remote_backend.config.hostname import normalize_hostname
from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.opening import explicit_block
from remote_backend.server.embedded import EmbeddedServer
from remote_backend.server.seed import SeedWorkspace
from tests.support.servers import running_server

SECRET = "secret-token-of-the-caller"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """Run a server with two workspaces of a prefix, two tags, and a token that is known."""
    seed = [
        SeedWorkspace(name="net-a", tags=("net",), simulation=Simulation(counts=Counts(1))),
        SeedWorkspace(name="net-b", simulation=Simulation(counts=Counts())),
    ]
    async with running_server(tmp_path, seed=seed, token=SECRET) as running:
        yield running


@pytest.fixture
def environ(server: EmbeddedServer, tmp_path: Path) -> Mapping[str, str]:
    """Return variables that lead to the server and hold no token."""
    services = f'{{"tfe.v2": "{server.url}/api/v2/"}}'
    file = tmp_path / "hosts.json"
    file.write_text(f'{{"host": {{"{server.hostname}": {{"services": {services}}}}}}}')
    return {"TF_CLI_CONFIG_FILE": str(file)}


def configuration(folder: Path, server: EmbeddedServer) -> Path:
    """Write a configuration with a backend block and return its directory."""
    directory = folder / "networking"
    directory.mkdir()
    (directory / "main.tf").write_text(
        f'terraform {{\n backend "remote" {{\n hostname = "{server.hostname}"\n'
        ' organization = "acme"\n workspaces {\n prefix = "net-"\n }\n }\n}\n'
    )
    return directory


def files_below(folder: Path) -> set[Path]:
    """Return all files of a folder."""
    return {path for path in folder.rglob("*") if path.is_file()}


async def test_the_token_of_the_caller_comes_first(
    server: EmbeddedServer, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    """It is used without any other, and in place of a wrong one; no repr shows it."""
    directory = configuration(tmp_path, server)
    with pytest.raises(remote_backend.CredentialsError, match="there is no token"):
        async with remote_backend.open_backend(directory, environ=environ):
            pass
    variables = {**environ, "TF_TOKEN_localhost": "another"}
    async with remote_backend.open_backend(
        directory, token=f"{SECRET}\n", environ=variables
    ) as backend:
        workspaces = await backend.workspaces()

    assert [workspace.full_name for workspace in workspaces] == ["net-a", "net-b"]
    assert SECRET not in repr((backend, backend.connection, workspaces))


@pytest.mark.parametrize("token", ["", " \n"])
async def test_an_empty_token_does_not_mean_another_one(
    token: str, server: EmbeddedServer, tmp_path: Path
) -> None:
    """A variable that was not set must not make the call act for somebody else."""
    environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
    with pytest.raises(remote_backend.CredentialsError, match="token is empty"):
        async with remote_backend.open_backend(
            configuration(tmp_path, server), token=token, environ=environ
        ):
            pass


async def test_a_wrong_token_names_the_parameter(
    server: EmbeddedServer, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    """The error says where the token comes from and does not show it."""
    with pytest.raises(remote_backend.NotAuthorized, match="the parameter token") as info:
        await remote_backend.plan_all(
            configuration(tmp_path, server), token="wrong-one", environ=environ
        )
    assert "wrong-one" not in str(info.value)


@pytest.mark.parametrize(
    ("which", "names"),
    [
        ({"prefix": "net-"}, ["a", "b"]),
        ({"name": "net-b"}, ["default"]),
        ({"tags": ["net"]}, ["net-a"]),
        ({"tags": {"net": ""}}, ["net-a"]),
    ],
)
async def test_workspaces_open_without_a_configuration(
    which: dict[str, Any],
    names: list[str],
    server: EmbeddedServer,
    tmp_path: Path,
    environ: Mapping[str, str],
) -> None:
    """By prefix, name or tags; nothing is written, not even into the directory of the plan."""
    directory = tmp_path / "plain"
    directory.mkdir()
    (directory / "main.tf").write_text("")
    before = files_below(directory)
    async with remote_backend.open_workspaces(
        hostname=server.hostname,
        organization="acme",
        token=SECRET,
        directory=directory,
        environ=environ,
        **which,
    ) as backend:
        found = [workspace.name for workspace in await backend.workspaces()]
        async with backend.plan_all() as batch:
            outcomes = await batch.wait()

    assert found == names
    assert all(outcome.succeeded for outcome in outcomes)
    assert files_below(directory) == before


async def test_what_is_selected_in_the_directory_does_not_count(
    server: EmbeddedServer, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    """Explicit names mean the same in every directory, whatever TF_WORKSPACE says."""
    async with remote_backend.open_workspaces(
        hostname=server.hostname,
        organization="acme",
        name="net-a",
        token=SECRET,
        directory=tmp_path,
        environ={**environ, "TF_WORKSPACE": "other"},
    ) as backend:
        assert (await backend.workspace()).full_name == "net-a"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "exactly one of name, prefix and tags"),
        ({"name": "a", "prefix": "b"}, "exactly one of name, prefix and tags"),
        ({"prefix": ""}, "exactly one of name, prefix and tags"),
        ({"tags": "net"}, "not the text 'net'"),
        ({"name": "a", "organization": " "}, "the organization is empty"),
        ({"name": "a", "hostname": "https://x"}, "is not a host name"),
    ],
)
def test_wrong_names_are_refused(arguments: dict[str, Any], text: str) -> None:
    """Each error names the parameter that is wrong."""
    usual = {"hostname": "tfe.example.com", "organization": "acme"}
    with pytest.raises(remote_backend.SettingsError, match=text):
        explicit_block(**{**usual, **arguments})


def test_explicit_names_are_normalized() -> None:
    """Host names compare in one form, as those of a block do."""
    block = explicit_block(hostname="TFE.Example.com:443", organization="acme", name="a")
    assert block.hostname == normalize_hostname("tfe.example.com")


def test_a_local_workspace_is_short_to_print(tmp_path: Path) -> None:
    """Its names and its id are enough; the attributes of the server are not printed."""
    remote = remote_backend.Workspace(id="ws-1", name="net-a", working_directory="x")
    assert repr(remote_backend.LocalWorkspace("a", remote)) == (
        "<LocalWorkspace a: net-a (ws-1)>"
    )
