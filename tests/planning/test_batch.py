"""Batches of many workspaces against a server that limits, lags and breaks."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import frozen

from remote_backend.connection import connect
from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.events import LogChunkRead, RunQueued
from remote_backend.models.configuration import UploadMode
from remote_backend.models.outcome import Outcome, Result
from remote_backend.planning.batch import run_batch
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.polling import PollSettings
from remote_backend.server.embedded import EmbeddedServer
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.server.seed import SeedWorkspace
from remote_backend.workspaces import list_workspaces
from tests.support.fakes import batch_context
from tests.support.servers import running_server

LINES = tuple(b"part %d\n" % number * 50 for number in range(4))
# Far more than any of these needs: a batch that hangs shall be told, not waited for.
LONGEST_SECONDS = 120
QUICK = PollSettings(batch_poll_seconds=0.2, list_lag_seconds=1.0)


@frozen
class Story:
    """What a batch came to, on both sides."""

    outcomes: tuple[Outcome, ...]
    logs: dict[str, bytes]
    runs: list[dict[str, Any]]
    versions: int
    server: EmbeddedServer

    @property
    def runs_per_workspace(self) -> set[int]:
        """How many runs the workspaces have."""
        return set(Counter(run["workspace_id"] for run in self.runs).values())


@asynccontextmanager
async def serving(
    folder: Path, count: int, faults: FaultSettings, seconds: float = 0.2
) -> AsyncIterator[EmbeddedServer]:
    """Run a server with many workspaces."""
    async with running_server(
        folder,
        simulated=SimulatedEngine(Simulation(seconds=seconds, parts=LINES)),
        seed=[SeedWorkspace(name=f"net-{number:03}") for number in range(count)],
        workers=count,
        faults=faults,
    ) as server:
        directory = folder / "configuration"
        directory.mkdir()
        (directory / "main.tf").write_text(
            'terraform {\n backend "remote" {\n'
            f'  hostname = "{server.hostname}"\n  organization = "acme"\n'
            '  workspaces {\n   prefix = "net-"\n  }\n }\n}\n'
        )
        yield server


async def batch(
    folder: Path, count: int, faults: FaultSettings, upload: UploadMode = UploadMode.AUTO
) -> Story:
    """Plan all workspaces of a server and return what came of it."""
    async with serving(folder, count, faults) as server:
        logs: dict[str, bytes] = defaultdict(bytes)
        environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
        async with connect(folder / "configuration", environ) as connection:
            named = await list_workspaces(connection.client, connection.mapping)
            options = BatchOptions(upload=upload)
            context = batch_context(folder / "configuration", polling=QUICK)
            with anyio.fail_after(LONGEST_SECONDS):
                async with run_batch(connection.client, named, options, context) as running:
                    async for event in running:
                        if isinstance(event, LogChunkRead):
                            logs[event.workspace] += event.data
        versions = len(records_in(folder, "configuration-version"))
        runs = runs_in(folder)
    return Story(running.outcomes, logs, runs, versions, server)


def runs_in(folder: Path) -> list[dict[str, Any]]:
    """Return the runs of a server from its records."""
    return records_in(folder, "run")


def records_in(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Return the records of a kind."""
    with closing(sqlite3.connect(folder / "data" / "records.sqlite")) as records:
        rows = records.execute("select kind, body from record").fetchall()
    return [json.loads(body) for found, body in rows if found == kind]


def assert_all_went_well(story: Story, count: int) -> None:
    """Every plan finished, every log exact, exactly one run each, none left."""
    assert [outcome.reason for outcome in story.outcomes if not outcome.succeeded] == []
    assert story.runs_per_workspace == {1}
    assert len(story.runs) == count
    assert {run["status"] for run in story.runs} == {"planned_and_finished"}
    exact = {log.partition(b"\n")[2] for log in story.logs.values()}
    assert exact == {b"".join(LINES)}
    assert len(story.logs) == count
    assert all(outcome.log_is_complete for outcome in story.outcomes)


async def test_a_batch_needs_about_one_request_for_each_workspace(tmp_path: Path) -> None:
    """One upload for all, within the limits of the service, without one refusal."""
    limits = FaultSettings(requests_per_second=30, run_lists_per_minute=30)

    story = await batch(tmp_path, 60, limits)

    assert_all_went_well(story, 60)
    assert story.versions == 1
    assert story.server.faults.throttled == 0
    assert story.server.faults.api_requests <= 1.5 * 60


async def test_two_who_share_a_token_come_to_terms(tmp_path: Path) -> None:
    """They cannot see each other, only refusals; both end well, and refusals stay few (P42)."""
    count = 80
    limits = FaultSettings(requests_per_second=30, run_lists_per_minute=300)
    results: list[bool] = []
    async with serving(tmp_path, count, limits) as server:
        environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}

        async def plan_half(parity: int) -> None:
            async with connect(tmp_path / "configuration", environ) as connection:
                named = await list_workspaces(connection.client, connection.mapping)
                context = batch_context(tmp_path / "configuration")
                half = named[parity::2]
                async with run_batch(
                    connection.client, half, BatchOptions(), context
                ) as running:
                    results.extend(one.succeeded for one in await running.wait())

        with anyio.fail_after(LONGEST_SECONDS):
            async with anyio.create_task_group() as group:
                for parity in (0, 1):
                    group.start_soon(plan_half, parity)

    assert results == [True] * count
    # On a loaded machine both can come in the same second more often.
    assert server.faults.throttled < 0.3 * server.faults.api_requests


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_nothing_is_lost_or_doubled_on_a_bad_network(
    seed: int, tmp_path: Path
) -> None:
    """Statuses of proxies, resets before and after the effect, cut bodies, lagging lists."""
    rules = [
        FaultRule(kind="status", path="/api/v2/", status=503, probability=0.05),
        FaultRule(kind="html", path="/api/v2/", probability=0.02),
        FaultRule(kind="status_after", path="/api/v2/runs", status=504, probability=0.05),
        FaultRule(kind="reset_before", path="/api/v2/", probability=0.02),
        FaultRule(kind="reset_after", path="/api/v2/", probability=0.05),
        FaultRule(kind="cut", path="/signed/log/", probability=0.1),
        FaultRule(kind="cut", path="/api/v2/", probability=0.02),
        FaultRule(kind="status", path="/signed/", status=502, probability=0.05),
    ]

    story = await batch(
        tmp_path, 40, FaultSettings(rules=rules, seed=seed, list_lag_seconds=0.3)
    )

    assert_all_went_well(story, 40)


async def test_storms_of_refusals_are_waited_out(tmp_path: Path) -> None:
    """429 again and again, with resets that make sense and resets that do not."""
    rules = [
        FaultRule(
            kind="status",
            path="/api/v2/",
            status=429,
            probability=0.1,
            headers={"X-RateLimit-Reset": reset},
        )
        for reset in ("0.2", "soon", "-5")
    ]

    story = await batch(tmp_path, 20, FaultSettings(rules=rules, seed=4))

    assert_all_went_well(story, 20)


async def test_a_server_that_refuses_to_share_gets_an_upload_each(tmp_path: Path) -> None:
    """The refusal of one run ends sharing: what is not on its way gets an upload of its own."""
    refusal = FaultRule(
        kind="status", method="POST", path="/api/v2/runs", status=404, times=(2,)
    )

    story = await batch(
        tmp_path, 10, FaultSettings(rules=[refusal], requests_per_second=1000)
    )

    assert_all_went_well(story, 10)
    assert story.versions >= 2


async def test_a_server_without_limits_may_refuse_all_at_once(tmp_path: Path) -> None:
    """There nobody waits for the first one's luck; each that is refused uploads its own."""
    refusal = FaultRule(
        kind="status",
        method="POST",
        path="/api/v2/runs",
        status=404,
        times=tuple(range(2, 11)),
    )

    story = await batch(tmp_path, 10, FaultSettings(rules=[refusal]))

    assert_all_went_well(story, 10)
    assert story.versions == 10


@pytest.mark.parametrize(
    ("mode", "versions"), [(UploadMode.EACH, 8), (UploadMode.SHARED, 1)]
)
async def test_people_can_choose(mode: UploadMode, versions: int, tmp_path: Path) -> None:
    """Each workspace its own upload, or all the same."""
    story = await batch(tmp_path, 8, FaultSettings(), mode)

    assert_all_went_well(story, 8)
    assert story.versions == versions


@pytest.mark.parametrize("status", [404, 400])
async def test_servers_without_the_list_are_asked_run_by_run(
    status: int, tmp_path: Path
) -> None:
    """Old servers know no list of an organization's runs."""
    missing = FaultRule(
        kind="status", method="GET", path="/api/v2/organizations/acme/runs", status=status
    )

    story = await batch(tmp_path, 8, FaultSettings(rules=[missing]))

    assert_all_went_well(story, 8)


async def test_a_canceled_batch_costs_one_request_a_run(tmp_path: Path) -> None:
    """Within the limit of the server, without one refusal, and no run is left (P25, P145)."""
    count = 60
    limits = FaultSettings(requests_per_second=60)
    async with serving(tmp_path, count, limits, seconds=300) as server:
        environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
        async with connect(tmp_path / "configuration", environ) as connection:
            named = await list_workspaces(connection.client, connection.mapping)
            options = BatchOptions()
            context = batch_context(tmp_path / "configuration")
            with anyio.fail_after(LONGEST_SECONDS):
                async with run_batch(connection.client, named, options, context) as running:
                    queued = 0
                    async for event in running:
                        queued += isinstance(event, RunQueued)
                        if queued == count:
                            break
                    before = server.faults.api_requests
                    running.cancel()
                    outcomes = await running.wait()
        with anyio.fail_after(LONGEST_SECONDS):
            # The server has promised it, and does it some time later.
            while {run["status"] for run in runs_in(tmp_path)} != {"canceled"}:
                await anyio.lowlevel.checkpoint()

    assert {outcome.result for outcome in outcomes} == {Result.CANCELED}
    assert server.faults.throttled == 0
    # A poll may have been on its way.
    assert count <= server.faults.api_requests - before <= count + 2
