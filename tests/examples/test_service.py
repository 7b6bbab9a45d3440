"""The example service: batches over HTTP, events as they come, notifications."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import anyio.lowlevel
import pytest
from aiohttp import web
from attrs import frozen

from remote_backend import open_backend
from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.examples.service import make_app
from remote_backend.server.embedded import EmbeddedServer, backend_block
from remote_backend.server.fault_rules import FaultSettings
from remote_backend.server.seed import SeedWorkspace
from tests.support.servers import hosted, running_server

LINES = tuple(b"line %d %s\n" % (number, b"x" * 500) for number in range(2000))
NAMES = ["a", "b", "c", "d", "e"]


@frozen
class Site:
    """The service, and the server behind it."""

    http: aiohttp.ClientSession
    server: EmbeddedServer

    async def start(self, **wish: Any) -> str:
        """Start a batch and return its id."""
        async with self.http.post("/batches", json=wish) as answer:
            assert answer.status == 202, await answer.text()
            return str((await answer.json())["id"])

    async def notify(self, secret: str = "secret", **members: Any) -> int:
        """Post a notification, as a server does."""
        status = members.pop("run_status", None)
        body = json.dumps(
            {
                "payload_version": 1,
                "notifications": [{"trigger": "run:completed", "run_status": status}],
                **members,
            }
        ).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
        headers = {"X-TFE-Notification-Signature": signature}
        async with self.http.post("/notifications", data=body, headers=headers) as answer:
            return answer.status


@asynccontextmanager
async def running(folder: Path, simulation: Simulation) -> AsyncIterator[Site]:
    """Run a server, and the service in front of it."""
    directory = folder / "networking"
    directory.mkdir()
    async with running_server(
        folder,
        simulated=SimulatedEngine(simulation),
        seed=[SeedWorkspace(name=f"net-{name}") for name in NAMES],
        workers=8,
        faults=FaultSettings(requests_per_second=1000),
    ) as server:
        (directory / "main.tf").write_text(backend_block(server.hostname, "acme", "net-"))
        environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
        async with (
            open_backend(directory, environ=environ) as backend,
            anyio.create_task_group() as group,
        ):
            runner = web.AppRunner(
                make_app(backend, group, notification_token="secret"), shutdown_timeout=0.1
            )
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
                yield Site(http, server)
            with anyio.CancelScope(shield=True):
                await runner.cleanup()
            group.cancel_scope.cancel()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run the service with plans that end at once."""
    async with hosted(running(tmp_path, Simulation(parts=LINES))) as made:
        yield made


@pytest.fixture
async def slow_site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run the service with plans that end when they are stopped."""
    async with hosted(running(tmp_path, Simulation(seconds=300))) as made:
        yield made


async def events_of(
    site: Site, id: str, last: int = 0
) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    """Give the events of a batch with their ids, as an EventSource would."""
    headers = {"Last-Event-ID": str(last)} if last else {}
    async with site.http.get(f"/batches/{id}/events", headers=headers) as answer:
        assert answer.content_type == "text/event-stream"
        number = 0
        async for line in answer.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                number = int(value)
            elif (name, value) == ("event", "end"):
                return
            elif name == "data":
                yield number, json.loads(value)


async def test_events_tell_the_whole_batch(site: Site) -> None:
    """From the first to the last, each with its log, also to a reader who comes late."""
    id = await site.start()

    seen = [event async for _, event in events_of(site, id)]
    late = [event async for _, event in events_of(site, id)]

    assert [seen[0]["type"], seen[-1]["type"]] == ["batch_started", "batch_finished"]
    assert seen[0]["workspaces"] == NAMES
    log = "".join(
        e["text"] for e in seen if e["type"] == "log_chunk_read" and e["workspace"] == "c"
    )
    assert log.endswith(b"".join(LINES).decode())
    assert [outcome["result"] for outcome in seen[-1]["outcomes"]] == ["changed"] * 5
    assert late == seen
    async with site.http.get(f"/batches/{id}") as answer:
        told = await answer.json()
    assert told["is_over"] and told["outcomes"] == seen[-1]["outcomes"]


async def test_a_reader_who_leaves_can_come_back(site: Site) -> None:
    """The batch goes on without anybody, and Last-Event-ID misses and repeats nothing."""
    id = await site.start(select=["a", "b"])
    first = []
    last = 0
    async for last, event in events_of(site, id):  # noqa: B007 # used after the loop
        first.append(event)
        if event["type"] == "log_chunk_read":
            break

    rest = [event async for _, event in events_of(site, id, last)]
    everything = [event async for _, event in events_of(site, id)]

    assert first + rest == everything


async def test_a_reader_who_stalls_stops_nobody(site: Site) -> None:
    """One that never reads its connection; the batch ends and others are served."""
    id = await site.start()
    async with site.http.get(f"/batches/{id}/events") as stalled:
        with anyio.fail_after(60):
            seen = [event async for _, event in events_of(site, id)]
        assert seen[-1]["type"] == "batch_finished"
        assert stalled.status == 200


async def test_a_batch_can_be_stopped(slow_site: Site) -> None:
    """Its runs are canceled and its readers see the end."""
    id = await slow_site.start(select=["a"])
    with anyio.fail_after(60):
        async for _, event in events_of(slow_site, id):
            if event["type"] == "run_queued":
                async with slow_site.http.delete(f"/batches/{id}") as answer:
                    assert answer.status == 202
    async with slow_site.http.get(f"/batches/{id}") as answer:
        assert await answer.json() == {"is_over": True, "outcomes": []}


async def test_a_told_run_is_looked_at_at_once(slow_site: Site) -> None:
    """A notification of a run leads to a request; one of a foreign run leads to none."""
    id = await slow_site.start(select=["a"])
    faults = slow_site.server.faults
    with anyio.fail_after(60):
        async for _, event in events_of(slow_site, id):
            if event["type"] == "run_queued":
                assert await slow_site.notify(run_id="run-foreign") == 204
                assert await slow_site.notify(run_id=event["run_id"]) == 204
                asked = faults.api_requests
                while faults.api_requests == asked:
                    await anyio.lowlevel.checkpoint()
                async with slow_site.http.delete(f"/batches/{id}"):
                    pass


async def test_notifications_of_strangers_are_refused(site: Site) -> None:
    """Unsigned, signed with another secret, about nothing, or no notification at all."""
    verification = await site.notify(run_id=None)
    assert await site.notify("another", run_id="run-1") == 403
    assert verification == 204
    async with site.http.post("/notifications", data=b"{}") as answer:
        assert answer.status == 403
    signature = hmac.new(b"secret", b"[]", hashlib.sha512).hexdigest()
    headers = {"X-TFE-Notification-Signature": signature}
    async with site.http.post("/notifications", data=b"[]", headers=headers) as answer:
        assert answer.status == 400


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"{", 400, "not valid JSON"),
        (b'{"apply": true}', 400, "can be given"),
        (b'{"select": "a"}', 400, "list of patterns"),
        (b'{"destroy": 1}', 400, "true or false"),
        (b'{"select": ["nowhere"]}', 422, "select=nowhere matches no workspace"),
    ],
)
async def test_a_wrong_wish_is_told(
    site: Site, body: bytes, status: int, told: str
) -> None:
    """What is wrong stands in the answer, and nothing starts."""
    async with site.http.post("/batches", data=body) as answer:
        assert answer.status == status
        assert told in await answer.text()


async def test_unknown_batches_are_told(site: Site) -> None:
    """Their events too, and a place that no event had."""
    for path in ("/batches/batch-0", "/batches/batch-0/events"):
        async with site.http.get(path) as answer:
            assert answer.status == 404
    id = await site.start(select=["a"])
    headers = {"Last-Event-ID": "x"}
    async with site.http.get(f"/batches/{id}/events", headers=headers) as answer:
        assert answer.status == 400
