"""Runs are planned with the version that they or their workspaces name."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import evolve

from remote_backend.engine.simulated import SimulatedEngine
from remote_backend.server.embedded import serve
from tests.support.fake_engines import write_engine
from tests.support.raw_client import RawClient, run_body, settings_in
from tests.support.servers import hosted

SYSTEM = {"PATH": os.environ["PATH"]}
needs_shell = pytest.mark.skipif(sys.platform == "win32", reason="fakes are shell scripts")


@pytest.fixture
async def versions(tmp_path: Path) -> AsyncIterator[RawClient]:
    """Run a server with three engines, of which 1.10.0 is the usual one."""
    names = [
        str(write_engine(tmp_path / version / "terraform", version, noise="noise\n"))
        for version in ("1.10.0", "1.9.8", "1.11.4")
    ]
    settings = evolve(settings_in(tmp_path), engine=names[0], more_engines=names[1:])
    async with (
        hosted(serve(settings, SYSTEM)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        yield RawClient(server, session, tmp_path)


async def planned(
    client: RawClient, workspace: str = "networking-dev", **attributes: Any
) -> tuple[str, str]:
    """Make a run; return its version when it is over, and its log."""
    id = await client.workspace(workspace)
    body = run_body(id, await client.uploaded(id), **attributes)
    made = await client("POST", "/api/v2/runs", body)
    assert made.status == 201, made.body
    run = await client.until(made.data["id"], "planned_and_finished", "errored")
    assert run["attributes"]["status"] == "planned_and_finished"
    assert (
        made.data["attributes"]["terraform-version"]
        == (run["attributes"]["terraform-version"])
    )
    log = await client.log(made.data["id"])
    return run["attributes"]["terraform-version"], log


async def set_version(client: RawClient, workspace: str, version: str) -> None:
    """Set the version of a workspace."""
    path = f"/api/v2/organizations/acme/workspaces/{workspace}"
    body = {"data": {"attributes": {"terraform-version": version}}}
    assert (await client("PATCH", path, body)).status == 200


@needs_shell
async def test_a_run_is_planned_with_the_version_that_it_requests(
    versions: RawClient,
) -> None:
    """The answer names it, whatever the workspace is set to."""
    await set_version(versions, "networking-dev", "1.9.8")

    requested = await planned(versions, terraform_version="1.11.4", plan_only=True)
    usual = await planned(versions, workspace="other")

    assert requested[0] == "1.11.4" and "planned by 1.11.4" in requested[1]
    assert usual[0] == "1.10.0" and "planned by 1.10.0" in usual[1]


@needs_shell
async def test_a_workspace_chooses_a_version(versions: RawClient) -> None:
    """A constraint takes the newest engine that satisfies it; without any, the log says so."""
    logs = {}
    for constraint in ("1.9.8", "~> 1.9", "~> 1.5.0"):
        await set_version(versions, "networking-dev", constraint)
        logs[constraint] = await planned(versions)

    assert [version for version, _ in logs.values()] == ["1.9.8", "1.11.4", "1.10.0"]
    assert (
        "set to version ~> 1.5.0, which this server does not have" in (logs["~> 1.5.0"][1])
    )
    assert "does not have" not in logs["1.9.8"][1] + logs["~> 1.9"][1]


@needs_shell
@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("1.4.0", "one that this server has: 1.10.0, 1.9.8, 1.11.4"),
        ("~> 1.9", "an exact version"),
        ("latest", "an exact version"),
        ("", "an exact version"),
    ],
)
async def test_a_version_that_is_not_here_is_refused(
    versions: RawClient, version: str, problem: str
) -> None:
    """The status is 422, and the message names those that are here."""
    id = await versions.workspace()
    body = run_body(id, await versions.uploaded(id), terraform_version=version)

    refused = await versions("POST", "/api/v2/runs", body)

    assert refused.status == 422
    assert problem in refused.json["errors"][0]["detail"]


async def test_simulated_plans_accept_every_version_or_those_of_a_list(
    raw_client: RawClient, tmp_path: Path
) -> None:
    """Programs can try both answers without an engine."""
    dev = await raw_client.workspace()
    body = run_body(dev, await raw_client.uploaded(dev), terraform_version="1.4.0")
    accepted = await raw_client("POST", "/api/v2/runs", body)
    settings = evolve(
        settings_in(tmp_path / "other"), simulated=SimulatedEngine(versions=("1.9.8",))
    )
    async with hosted(serve(settings, {})) as server:
        other = RawClient(server, raw_client.session, tmp_path / "other")
        dev = await other.workspace()
        body = run_body(dev, await other.uploaded(dev), terraform_version="1.4.0")
        refused = await other("POST", "/api/v2/runs", body)

    assert accepted.data["attributes"]["terraform-version"] == "1.4.0"
    assert refused.status == 422


@needs_shell
async def test_an_engine_that_is_gone_fails_only_runs_that_requested_it(
    tmp_path: Path,
) -> None:
    """After a restart with other engines a waiting run gets the usual one, or says what is missing."""
    old, new = (
        str(write_engine(tmp_path / version / "terraform", version))
        for version in ("1.9.8", "1.10.0")
    )
    settings = evolve(settings_in(tmp_path), engine=old)
    async with aiohttp.ClientSession() as session:
        held = evolve(settings, faults=evolve(settings.faults, queue_seconds=3600))
        async with serve(held, SYSTEM) as server:
            client = RawClient(server, session, tmp_path)
            dev = await client.workspace()
            version = await client.uploaded(dev)
            ids = [
                (await client("POST", "/api/v2/runs", run_body(dev, version, **more))).data[
                    "id"
                ]
                for more in ({"terraform_version": "1.9.8"}, {})
            ]
        async with serve(evolve(settings, engine=new), SYSTEM) as server:
            client = RawClient(server, session, tmp_path)
            runs = [await client.until(id, "planned_and_finished", "errored") for id in ids]
            log = await client.log(ids[0])

    assert [run["attributes"]["status"] for run in runs] == [
        "errored",
        "planned_and_finished",
    ]
    assert "this server has no engine 1.9.8 any more" in log
    assert runs[1]["attributes"]["terraform-version"] == "1.10.0"
