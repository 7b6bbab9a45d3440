"""Deletes, cancels and uploads in the middle of everything: the server lives, nothing remains.

The short forms are part of a plain run; `python -m pytest -m soak` runs the long ones.
"""

import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from attrs import define, field

from remote_backend.server.files import FOLDERS
from tests.support.raw_client import TOKEN, RawClient, run_body, slug
from tests.support.stored_states import state_body, state_of

ARCHIVE = slug(*(f"folder-{number % 3}/file-{number}.tf" for number in range(40)))
MANUAL = {"data": {"attributes": {"auto-queue-runs": False, "speculative": True}}}
OWN = {"Authorization": f"Bearer {TOKEN}"}
ENDED = ("planned_and_finished", "errored")
SOAK = [pytest.mark.soak, pytest.mark.timeout(1800)]


async def pause(chance: random.Random) -> None:
    """Let other tasks go on for a random number of steps of the event loop."""
    for _ in range(chance.randrange(60)):
        await anyio.lowlevel.checkpoint()


async def race(raw_client: RawClient, name: str, chance: random.Random) -> set[int]:
    """Plan in a new workspace while it is deleted, and its run is canceled, at random moments.

    Returns the statuses of all responses.
    """
    body = {"data": {"attributes": {"name": name}}}
    made = await raw_client("POST", "/api/v2/organizations/acme/workspaces", body)
    workspace = made.data["id"]
    path = f"/api/v2/workspaces/{workspace}"
    version = await raw_client("POST", f"{path}/configuration-versions", MANUAL)
    address = version.data["attributes"]["upload-url"]
    await raw_client("PUT", address, ARCHIVE, token=None)
    run = await raw_client("POST", "/api/v2/runs", run_body(workspace, version.data["id"]))
    actions: tuple[Callable[[], Coroutine[Any, Any, Any]], ...] = (
        lambda: raw_client("DELETE", path),
        lambda: raw_client("POST", f"/api/v2/runs/{run.data['id']}/actions/cancel"),
        lambda: raw_client("PUT", address, ARCHIVE, token=None),
        lambda: raw_client("GET", f"{path}/runs?include=plan,configuration_version"),
    )
    statuses: set[int] = set()

    async def act(action: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        await pause(chance)
        statuses.add((await action()).status)

    async with anyio.create_task_group() as group:
        for action in actions:
            group.start_soon(act, action)
    return statuses


@pytest.mark.parametrize("count", [12, pytest.param(1000, marks=SOAK)])
async def test_races_end_nothing_but_their_runs(raw_client: RawClient, count: int) -> None:
    """No response is a 5xx, the server plans afterwards, and no file remains (S1, S12)."""
    chance = random.Random(count)
    statuses: set[int] = set()
    for start in range(0, count, 4):
        async with anyio.create_task_group() as group:
            for number in range(start, start + 4):

                async def one(number: int = number) -> None:
                    statuses.update(await race(raw_client, f"race-{number}", chance))

                group.start_soon(one)

    assert not {status for status in statuses if status >= 500}
    workspace = await raw_client.workspace()
    run = await raw_client.run(workspace, await raw_client.uploaded(workspace))
    assert await raw_client.until(run.data["id"], "planned_and_finished")
    await raw_client("DELETE", f"/api/v2/workspaces/{workspace}")
    data = raw_client.folder / "data"
    with anyio.fail_after(20):
        while any(list((data / kind).iterdir()) for kind in FOLDERS if kind != "work"):
            await raw_client("GET", "/api/v2/ping")


@pytest.mark.parametrize("count", [6, pytest.param(1000, marks=SOAK)])
async def test_uploads_that_break_off_lose_nothing(
    raw_client: RawClient, count: int
) -> None:
    """Each archive is sent twice at once, one of them in part; the version is whole (S2)."""
    chance = random.Random(count)
    workspace = await raw_client.workspace()
    path = f"/api/v2/workspaces/{workspace}/configuration-versions"
    for _ in range(count):
        version = await raw_client("POST", path, MANUAL)
        address = version.data["attributes"]["upload-url"]

        async def break_off(address: str = address) -> None:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(send_slowly, raw_client, address)
                    await pause(chance)
                    scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(break_off)
            await pause(chance)
            whole = await raw_client("PUT", address, ARCHIVE, token=None)
        kept = raw_client.folder / "data" / "archives" / f"{version.data['id']}.tar.gz"
        assert whole.status == 200
        assert kept.read_bytes() == ARCHIVE


async def send_slowly(raw_client: RawClient, address: str) -> None:
    """Send an archive in small parts."""

    async def parts() -> Any:
        for start in range(0, len(ARCHIVE), 64):
            yield ARCHIVE[start : start + 64]
            await anyio.lowlevel.checkpoint()

    async with raw_client.session.put(address, data=parts()) as response:
        await response.read()


def start_server(data: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server in a process of its own; return it and its URL."""
    ready = data.with_name("ready.json")
    ready.unlink(missing_ok=True)
    command = ("serve", "-engine=simulated", f"-data={data}", f"-token={TOKEN}")
    process = subprocess.Popen(
        [sys.executable, "-m", "remote_backend", *command, f"-ready-file={ready}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    assert process.stdout is not None
    # The ready file is written before the first line.
    process.stdout.readline()
    return process, json.loads(ready.read_text())["url"]


@pytest.mark.parametrize("count", [1, pytest.param(200, marks=SOAK)])
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, count: int) -> None:
    """All kinds of resources that were answered are whole after kill -9."""
    # With this seed the first kill comes after 56 responses, so each kind has been written.
    chance = random.Random(2)
    acknowledged: dict[str, bytes | None] = {}
    for kill in range(count + 1):
        process, url = await asyncio.to_thread(start_server, tmp_path / "data")
        try:
            async with aiohttp.ClientSession(f"{url}/api/v2/", headers=OWN) as session:
                for path, state in acknowledged.items():
                    await check(session, path, state)
                writing = Writing(session, process, chance, 1 + chance.randrange(60))
                acknowledged = writing.acknowledged
                if kill < count:
                    async with anyio.create_task_group() as group:
                        for writer in range(4):
                            group.start_soon(writing.write, f"w-{kill}-{writer}")
        finally:
            process.kill()
            process.communicate()


async def check(session: aiohttp.ClientSession, path: str, state: bytes | None) -> None:
    """Read a resource; a state has its bytes, and a run comes to an end."""
    with anyio.fail_after(20):
        while True:
            async with session.get(path) as response:
                assert response.status == 200, path
                attributes = (await response.json(content_type=None))["data"]["attributes"]
            if not path.startswith("runs/") or attributes["status"] in ENDED:
                break
    if state is not None:
        async with session.get(attributes["hosted-state-download-url"]) as response:
            assert await response.read() == state


@define
class Writing:
    """Writers that create what a server keeps, until it is killed."""

    session: aiohttp.ClientSession
    process: subprocess.Popen[bytes]
    chance: random.Random
    # The server is killed after so many responses.
    moment: int
    # The paths of what the server has answered 201 for, and the contents of states.
    acknowledged: dict[str, bytes | None] = field(factory=dict)

    async def write(self, prefix: str) -> None:
        """Create organizations, each with a workspace and all that it has."""
        try:
            for number in itertools.count():
                name = f"{prefix}-{number}"
                await self.write_organization(name)
                await self.write_workspace(name)
        except aiohttp.ClientError:
            return

    async def write_organization(self, name: str) -> None:
        """Create an organization with an agent pool and an SSH key."""
        attributes = {"name": name, "email": "a@b.test", "value": "key"}
        body = {"data": {"attributes": attributes}}
        await self.create("organizations", body, "organizations")
        for kind in ("agent-pools", "ssh-keys"):
            await self.create(f"organizations/{name}/{kind}", body, kind)

    async def write_workspace(self, name: str) -> None:
        """Create a workspace and all that it has, with a run trigger from another one."""
        folder, body = f"organizations/{name}/workspaces", {"attributes": {"name": name}}
        workspace = await self.create(folder, {"data": body}, "workspaces")
        other = {"data": {"attributes": {"name": "source"}}}
        source = await self.create(folder, other, "workspaces")
        path = f"workspaces/{workspace['id']}"
        linkage = {"sourceable": {"data": {"type": "workspaces", "id": source["id"]}}}
        trigger = {"data": {"relationships": linkage}}
        await self.create(f"{path}/run-triggers", trigger, "run-triggers")
        variable = {"data": {"attributes": {"key": "a", "value": name, "category": "env"}}}
        await self.create(f"{path}/vars", variable, f"{path}/vars")
        await self.send("POST", f"{path}/actions/lock", {})
        state = state_of(lineage=name)
        await self.create(
            f"{path}/state-versions", state_body(state), "state-versions", state
        )
        version = await self.create(
            f"{path}/configuration-versions", MANUAL, "configuration-versions"
        )
        await self.send("PUT", version["attributes"]["upload-url"], ARCHIVE)
        await self.create("runs", run_body(workspace["id"], version["id"]), "runs")

    async def create(
        self, path: str, body: Any, folder: str, state: bytes | None = None
    ) -> Any:
        """Create a resource; remember it when its creation is acknowledged."""
        created = json.loads(await self.send("POST", path, body))["data"]
        self.acknowledged[f"{folder}/{created['id']}"] = state
        if len(self.acknowledged) >= self.moment:
            await pause(self.chance)
            self.process.send_signal(signal.SIGKILL)
        return created

    async def send(self, method: str, path: str, body: Any) -> bytes:
        """Send a request; return the body of its successful response."""
        data = body if isinstance(body, bytes) else json.dumps(body)
        async with self.session.request(method, path, data=data) as response:
            content = await response.read()
            assert response.ok, content
            return content
