"""Requests of a batch of several configurations: each once, each to its own server."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import frozen

from remote_backend.api.transport.rate_limit import RateLimitedTransport
from remote_backend.configurations import Configurations
from remote_backend.models.outcome import Outcome, Result
from remote_backend.opening import open_configurations
from remote_backend.planning.options import BatchOptions
from remote_backend.server.embedded import EmbeddedServer, backend_block
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, rows_of
from tests.support.monorepos import serving
from tests.support.raw_client import RawClient
from tests.support.repositories import TestRepository, new_repository
from tests.support.seen_requests import SeenRequests, see_requests
from tests.support.servers import running_server


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> SeenRequests:
    """What servers get."""
    return see_requests(monkeypatch)


async def planned(configurations: Configurations) -> dict[str, Outcome]:
    """Plan all workspaces and return the outcomes."""
    async with configurations.plan_all(BatchOptions()) as batch:
        return {each.workspace: each for each in await batch.wait()}


def without_polls(requests: Mapping[str, int]) -> dict[str, int]:
    """Return requests without those whose number depends on how long plans take."""
    return {
        text: number
        for text, number in requests.items()
        if text not in ("GET /signed/log", "GET /runs/ID")
        and not re.fullmatch("GET /organizations/[^/]+/runs", text)
    }


async def test_all_requests_of_three_directories(
    tmp_path: Path, seen: SeenRequests
) -> None:
    """One list for each configuration, and one upload for all that share a root."""
    async with serving(tmp_path) as monorepo, monorepo.opened() as configurations:
        seen.clear()
        outcomes = await planned(configurations)

    requests = seen.of(monorepo.server)
    assert len(outcomes) == 4
    assert without_polls(requests) == {
        "GET /organizations/acme/workspaces": 3,
        "GET /organizations/acme/entitlement-set": 1,
        "POST /workspaces/ID/configuration-versions": 1,
        "PUT /signed/configuration": 1,
        "GET /configuration-versions/ID": 1,
        "POST /runs": 4,
    }
    assert requests["GET /organizations/acme/runs"] >= 1
    assert "GET /runs/ID" not in requests


async def test_directories_with_roots_of_their_own(
    tmp_path: Path, seen: SeenRequests
) -> None:
    """Each root is uploaded once; what is known of the organization is not read again."""
    seed = [
        SeedWorkspace(name=f"{directory}-{name}")
        for directory in ("net", "dns")
        for name in ("a", "b", "c")
    ]
    async with (
        serving(tmp_path, seed) as monorepo,
        monorepo.opened("stacks/*") as configurations,
    ):
        seen.clear()
        await planned(configurations)

    assert without_polls(seen.of(monorepo.server)) == {
        "GET /organizations/acme/workspaces": 2,
        "GET /organizations/acme/entitlement-set": 1,
        "POST /workspaces/ID/configuration-versions": 2,
        "PUT /signed/configuration": 2,
        "GET /configuration-versions/ID": 2,
        "POST /runs": 6,
    }


async def make_organization(server: EmbeddedServer, name: str, *workspaces: str) -> None:
    """Make an organization with workspaces, whose working directory is `dns`."""

    def body(kind: str, **attributes: str) -> dict[str, object]:
        return {"data": {"type": kind, "attributes": attributes}}

    path = "/api/v2/organizations"
    async with aiohttp.ClientSession() as session:
        client = RawClient(server, session, Path(), server.token)
        made = await client(
            "POST", path, body("organizations", name=name, email="a@b.test")
        )
        assert made.status == 201
        for workspace in workspaces:
            attributes = {"name": workspace, "working-directory": "dns"}
            body_of_workspace = body("workspaces", **attributes)
            made = await client("POST", f"{path}/{name}/workspaces", body_of_workspace)
            assert made.status == 201


@pytest.fixture
def limiters(monkeypatch: pytest.MonkeyPatch) -> list[RateLimitedTransport]:
    """The rate limits that connections keep to."""
    made: list[RateLimitedTransport] = []

    class Recorded(RateLimitedTransport):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            made.append(self)

    monkeypatch.setattr("remote_backend.connection.RateLimitedTransport", Recorded)
    return made


async def test_two_organizations_of_one_server(
    tmp_path: Path, seen: SeenRequests, limiters: list[RateLimitedTransport]
) -> None:
    """They share token and rate limit; each has its lists and its upload."""
    seed = [SeedWorkspace(name=f"net-{name}", working_directory="net") for name in "ab"]
    async with running_server(tmp_path, seed=seed) as server:
        await make_organization(server, "other", "dns-a", "dns-b")
        blocks = {
            "net/main.tf": backend_block(server.hostname, "acme", "net-"),
            "dns/main.tf": backend_block(server.hostname, "other", "dns-"),
        }
        repository = new_repository(tmp_path / "work", blocks)
        environ = {**repository.environ, "TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
        async with open_configurations(
            ["net", "dns"], base=repository.path, environ=environ
        ) as configurations:
            seen.clear()
            outcomes = await planned(configurations)
            place = configurations.place

    assert {name: each.result for name, each in outcomes.items()} == dict.fromkeys(
        ("net:a", "net:b", "dns:a", "dns:b"), Result.CHANGES
    )
    assert (place.hostname, place.organization) == (server.hostname, "acme, other")
    assert without_polls(seen.of(server)) == {
        **{
            f"GET /organizations/{name}/{what}": 1
            for name in ("acme", "other")
            for what in ("workspaces", "entitlement-set")
        },
        "POST /workspaces/ID/configuration-versions": 2,
        "PUT /signed/configuration": 2,
        "GET /configuration-versions/ID": 2,
        "POST /runs": 4,
    }
    assert len(limiters) == 1


@frozen
class TwoServers:
    """Two servers with one workspace each, and a repository with a configuration of each."""

    first: EmbeddedServer
    second: EmbeddedServer
    repository: TestRepository

    @property
    def environ(self) -> dict[str, str]:
        """The variables of a process that knows both."""
        path = str(self.repository.path.parent / "both.tfrc.json")
        return {**self.repository.environ, "TF_CLI_CONFIG_FILE": path}


@asynccontextmanager
async def two_servers(folder: Path, faults: FaultSettings) -> AsyncIterator[TwoServers]:
    """Run both; `faults` are those of the first."""
    folders = (folder / "one", folder / "two")
    for each in folders:
        each.mkdir()
    seeds = [
        [SeedWorkspace(name=f"{name}-prod", working_directory=name)]
        for name in ("net", "dns")
    ]
    async with (
        running_server(folders[0], seed=seeds[0], faults=faults) as first,
        running_server(folders[1], seed=seeds[1]) as second,
    ):
        both: dict[str, dict[str, object]] = {}
        for server in (first, second):
            for kind, block in json.loads(server.cli_config_file.read_text()).items():
                both.setdefault(kind, {}).update(block)
        (folder / "both.tfrc.json").write_text(json.dumps(both))
        blocks = {
            "net/main.tf": backend_block(first.hostname, "acme", "net-"),
            "dns/main.tf": backend_block(second.hostname, "acme", "dns-"),
        }
        yield TwoServers(first, second, new_repository(folder / "work", blocks))


async def test_two_servers(
    tmp_path: Path, seen: SeenRequests, limiters: list[RateLimitedTransport]
) -> None:
    """Each has a rate limit, gets its own token alone, and as many requests as without the other."""
    async with two_servers(tmp_path, FaultSettings()) as servers:
        async with open_configurations(
            ["net", "dns"], base=servers.repository.path, environ=servers.environ
        ) as configurations:
            seen.clear()
            outcomes = await planned(configurations)
            clients = {
                id(each.connection.client) for each in configurations.backends.values()
            }

        assert {each.result for each in outcomes.values()} == {Result.CHANGES}
        assert set(outcomes) == {"net:prod", "dns:prod"}
        assert len(clients) == len(limiters) == 2
        for server in (servers.first, servers.second):
            assert seen.only_token_of(server)
            assert without_polls(seen.of(server)) == {
                "GET /organizations/acme/workspaces": 1,
                "GET /organizations/acme/entitlement-set": 1,
                "POST /workspaces/ID/configuration-versions": 1,
                "PUT /signed/configuration": 1,
                "GET /configuration-versions/ID": 1,
                "POST /runs": 1,
            }


async def test_a_batch_of_two_servers_goes_on(tmp_path: Path, seen: SeenRequests) -> None:
    """Resuming finds the runs of each on its own server, and makes none again."""
    async with two_servers(tmp_path, FaultSettings()) as servers:
        work = CommandLine(servers.first, servers.repository.path, tmp_path / "one/data")
        left = await work.run("plan", "-all", "-detach", "net", "dns", **servers.environ)
        done = await work.run("batches", "resume", **servers.environ)
        report = await work.run("report", "-report=r.json", **servers.environ)
        places = json.loads((work.directory / "r.json").read_text())["batch"]

    assert (left.code, done.code, report.code) == (0, 0, 0), report.err
    assert set(rows_of(done.out)) == {"dns:prod", "net:prod"}
    assert [place["hostname"] for place in places["configurations"]] == [
        servers.first.hostname,
        servers.second.hostname,
    ]
    for server in (servers.first, servers.second):
        assert seen.of(server)["POST /runs"] == 1
        assert seen.only_token_of(server)


async def test_a_server_that_refuses_all_requests(tmp_path: Path) -> None:
    """Its workspaces are a row that failed, and those of the other are planned."""
    refused = FaultSettings(rules=[FaultRule(path="/api/v2/.*", kind="status", status=401)])
    async with two_servers(tmp_path, refused) as servers:
        work = CommandLine(servers.second, servers.repository.path, tmp_path / "two/data")
        done = await work.run("plan", "-all", "net", "dns", **servers.environ)
        shown = await work.run("batches", "show", "-table=wide", **servers.environ)

    assert done.code == 1
    assert {name: row[0] for name, row in rows_of(done.out).items()} == {
        "net": "failed",
        "prod": "changed",
    }
    assert rows_of(shown.out).keys() == {"net", "prod"}
    assert servers.first.token not in done.out + done.err + shown.out
