"""Batches that are cut off, and what becomes of them."""

import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.errors import SelectionError
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.run import PlanOptions
from remote_backend.planning.journal import Journal
from remote_backend.planning.recorded_batch import list_journals, read_journal
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import (
    CommandLine,
    configured_server,
    records_of,
    rows_of,
    runs_of,
)
from tests.support.paths import REPOSITORY

COUNT = 8
POSIX_ONLY = pytest.mark.skipif(
    sys.platform == "win32", reason="kill -9 is a matter of POSIX"
)


@pytest.fixture
async def slow_server(tmp_path: Path) -> AsyncIterator[CommandLine]:
    """Run a server that is slow enough to be cut off at many moments."""
    async with configured_server(
        tmp_path,
        "net-",
        simulated=SimulatedEngine(Simulation(seconds=1.0)),
        seed=[SeedWorkspace(name=f"net-{number}") for number in range(COUNT)],
        workers=COUNT,
        faults=FaultSettings(latency_seconds=0.02),
    ) as made:
        yield made


async def killed(command_line: CommandLine, marks: int) -> None:
    """Start a batch and kill it when its output shows so many of its runs."""
    process = await anyio.open_process(
        command_line.command("plan", "-all", "-var=x=secret-value"),
        cwd=command_line.directory,
        env={**command_line.environ(), "PYTHONPATH": str(REPOSITORY)},
    )
    async with process:
        assert process.stderr is not None
        seen = b""
        while seen.count(b"| run http") < marks or b"Batch batch-" not in seen:
            seen += await process.stderr.receive()
        process.kill()
        await process.wait()


@POSIX_ONLY
@pytest.mark.parametrize("marks", [0, 1, 3, 5, COUNT])
async def test_a_killed_batch_is_resumed_with_one_run_each(
    marks: int, slow_server: CommandLine
) -> None:
    """Whatever moment it was killed at, each workspace has one run and a row in the end (P139)."""
    await killed(slow_server, marks)
    journal = next((slow_server.directory.parent / ".local").rglob("*.journal"), None)
    assert journal is None or "secret-value" not in journal.read_text()

    done = await slow_server.run("batches", "resume", "-var", "x=secret-value")

    if journal is None or not list_journals(journal.parent):
        # Nothing was begun, so there is nothing to go on with.
        assert "there is no batch yet" in done.err and runs_of(slow_server) == []
        return
    assert done.code == 0, done.err
    assert sorted(rows_of(done.out)) == [str(number) for number in range(COUNT)]
    per_workspace = Counter(run["workspace_id"] for run in runs_of(slow_server))
    assert set(per_workspace.values()) == {1}
    assert len(per_workspace) == COUNT
    assert {run["status"] for run in runs_of(slow_server)} == {"planned_and_finished"}


@POSIX_ONLY
async def test_a_killed_batch_can_be_canceled(slow_server: CommandLine) -> None:
    """What still runs is stopped, by the beginning of its id."""
    await killed(slow_server, COUNT)
    listed = await slow_server.run("batches", "list")
    id = listed.out.splitlines()[1].split()[0]

    canceled = await slow_server.run("batches", "cancel", id)

    assert re.fullmatch("[0-9a-f]{4}", id) and " still running" in listed.out
    assert canceled.code == 0, canceled.err
    stopped = canceled.out.count("is stopped")
    again, shown = (
        await slow_server.run("batches", "cancel"),
        await slow_server.run("batches", "show"),
    )
    assert again.out.count("is stopped") == 0
    assert shown.out.count("  canceled  ") == stopped
    with anyio.fail_after(10):
        while {run["status"] for run in runs_of(slow_server)} - {
            "canceled",
            "planned_and_finished",
        }:
            await anyio.lowlevel.checkpoint()


@POSIX_ONLY
async def test_an_interrupted_batch_may_leave_its_runs_running(
    slow_server: CommandLine,
) -> None:
    """What lives on is told by name and id; the runs end by themselves and are collected."""
    process = await anyio.open_process(
        slow_server.command("plan", "-all", "-on-interrupt=detach"),
        cwd=slow_server.directory,
        env={**slow_server.environ(), "PYTHONPATH": str(REPOSITORY)},
    )
    async with process:
        assert process.stderr is not None
        seen = b""
        while seen.count(b"| run http") < COUNT:
            seen += await process.stderr.receive()
        process.send_signal(signal.SIGTERM)
        seen += b"".join([data async for data in process.stderr])
        await process.wait()
    resumed = await slow_server.run("batches", "resume")

    assert process.returncode == 143
    assert seen.partition(b"runs continue on the server:")[2].count(b"run-") == COUNT
    assert resumed.code == 0
    assert len(rows_of(resumed.out)) == len(runs_of(slow_server)) == COUNT
    assert {run["status"] for run in runs_of(slow_server)} == {"planned_and_finished"}


async def test_a_batch_can_be_started_and_collected_later(slow_server: CommandLine) -> None:
    """-detach returns when all runs are queued; resume tells their results (P18)."""
    started = await slow_server.run("plan", "-all", "-detach")
    alone = await slow_server.run("plan", "-detach", TF_WORKSPACE="1")
    collected = await slow_server.run("batches", "resume", "-detailed-exitcode")

    assert started.code == 0
    assert started.err.partition("runs continue on the server:")[2].count("run-") == COUNT
    assert "-detach is for batches" in alone.err
    assert collected.code == 2
    assert len(rows_of(collected.out)) == len(runs_of(slow_server)) == COUNT


async def test_a_finished_batch_is_listed_and_shown(slow_server: CommandLine) -> None:
    """Its table comes again from the journal, and resuming it makes nothing."""
    first = await slow_server.run("plan", "-all")
    shown = await slow_server.run("batches", "show")
    again = await slow_server.run("batches", "resume", "-detailed-exitcode")

    for other in (first, again):
        # The table of a journal has no replaced objects, which it does not keep.
        assert rows_of(shown.out) == rows_of(other.out)
    assert again.code == 2
    assert len(runs_of(slow_server)) == COUNT
    assert len(records_of(slow_server, "configuration-version")) == 1


async def test_variables_must_be_given_again(slow_server: CommandLine) -> None:
    """A journal keeps their names and no value."""
    await slow_server.run("plan", "-all", "-var=x=secret-value")

    done = await slow_server.run("batches", "resume")

    assert done.code == 1
    assert "run variables (x)" in done.err


@pytest.mark.parametrize("command", ["show", "resume", "cancel"])
async def test_a_batch_that_is_not_there_is_told(
    command: str, slow_server: CommandLine
) -> None:
    """With an id and without one."""
    none = await slow_server.run("batches", command)
    unknown = await slow_server.run("batches", command, "batch-0")

    assert (none.code, unknown.code) == (1, 1)
    assert "there is no batch yet" in none.err
    assert "no batch begins with batch-0" in unknown.err


async def test_a_torn_journal_tells_what_it_can(tmp_path: Path) -> None:
    """Half a line at the end, which a crash leaves, is passed over."""
    journal = Journal.at(tmp_path, "batch-1")
    beginning = {
        "id": "batch-1",
        "directory": str(tmp_path),
        "hostname": "tfe.test",
        "organization": "acme",
        "started_at": "2026-01-01T00:00:00.000+00:00",
        "workspaces": {"a": "ws-a", "b": "ws-b"},
        "options": {"targets": ["x.y"], "replace": [], "refresh": False, "destroy": False},
        "variable_names": ["region"],
    }
    outcome = Outcome(
        workspace="a", full_name="net-a", result=Result.CHANGES, counts=Counts(1, 2, 3, 4)
    )
    await journal.write("batch", **beginning)
    async with anyio.create_task_group() as group:
        for name in "ab":
            group.start_soon(write_begun, journal, name)
    await journal.outcome(outcome)
    path = tmp_path / "batch-1.journal"
    with path.open("ab") as file:
        file.write(b'{"kind": "outcome", "workspace": "b", "resu')

    story = read_journal(tmp_path, None)

    assert story.unfinished == ("b",)
    assert story.outcomes == {"a": outcome}
    assert story.begun["b"].configuration_version_id == "cv-b"
    assert (story.options.plan.targets, story.options.plan.refresh) == (("x.y",), False)
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SelectionError, match="no batch begins with batch-2"):
        read_journal(tmp_path, "batch-2")


async def write_begun(journal: Journal, name: str) -> None:
    """Write that a plan was begun."""
    await journal.write("begun", workspace=name, configuration_version_id=f"cv-{name}")


@pytest.mark.parametrize("count", [1, 2, COUNT])
async def test_runs_that_ended_meanwhile_are_collected(
    count: int, slow_server: CommandLine
) -> None:
    """A few are looked at one by one, many by lists; both know an end that they did not see."""
    started = await slow_server.run(
        "plan", "-detach", *(f"-select={n}" for n in range(count))
    )
    assert started.code == 0, started.err
    with anyio.fail_after(60):
        while {run["status"] for run in runs_of(slow_server)} != {"planned_and_finished"}:
            await anyio.lowlevel.checkpoint()

    with anyio.fail_after(60):
        collected = await slow_server.run("batches", "resume")

    assert collected.code == 0
    assert len(rows_of(collected.out)) == count


async def test_a_workspace_that_is_gone_has_its_row(slow_server: CommandLine) -> None:
    """Deleted between the start and the resume of a batch, it is told and counts as failed."""
    started = await slow_server.run("plan", "-all", "-detach")
    assert started.code == 0
    await slow_server.run("workspace", "select", "0")
    deleted = await slow_server.run("workspace", "delete", "5")
    assert deleted.code == 0, deleted.err

    collected = await slow_server.run("batches", "resume")

    assert collected.code == 1
    assert rows_of(collected.out)["5"][0] == "failed"
    assert len(rows_of(collected.out)) == COUNT


async def test_a_start_that_failed_for_some_is_no_success(slow_server: CommandLine) -> None:
    """-detach exits with 1 when a run could not be queued, and the others live on."""
    refused = FaultRule(
        kind="status", method="POST", path="/api/v2/runs", status=422, times=(3,)
    )
    # A server without limits would be asked again once its configuration version is usable.
    slow_server.server.faults.replace(
        FaultSettings(rules=[refused], requests_per_second=1000)
    )
    started = await slow_server.run("plan", "-all", "-detach")
    assert started.code == 1
    assert (
        started.err.partition("runs continue on the server:")[2].count("run-") == COUNT - 1
    )


async def test_a_batch_without_a_journal_is_planned_all_the_same(
    slow_server: CommandLine,
) -> None:
    """A data directory that cannot be made is a warning, once, with a way out (M2, N09)."""
    done = await slow_server.run("plan", "-all", XDG_DATA_HOME="/dev/null/data")

    assert done.code == 0, done.err
    assert done.err.count("Warning: this batch has no journal and cannot be resumed: ") == 1
    assert "cannot be made: Not a directory; set XDG_DATA_HOME to" in done.err
    assert len(rows_of(done.out)) == COUNT


async def test_a_batch_is_shown_before_anything_has_ended(slow_server: CommandLine) -> None:
    """Names in place of an empty table, and an odd journal beside it is named (A15, N27)."""
    folder = slow_server.directory.parent / ".local/share/remote-backend/batches"
    journal = Journal.at(folder, "batch-1")
    await journal.begin(
        PlanOptions(),
        id="batch-1",
        directory=str(slow_server.directory),
        hostname="tfe.test",
        organization="acme",
        workspaces={"a": "ws-a", "b": "ws-b"},
    )
    await write_begun(journal, "b")
    (folder / "odd.journal").mkdir()

    shown = await slow_server.run("batches", "show")
    listed = await slow_server.run("batches", "list")

    assert shown.code == listed.code == 0
    lines = ["batch-1: no plan has ended yet.", "1 still running: b", "1 not started: a"]
    assert shown.out.splitlines() == lines
    assert "1 still running, 1 not started" in listed.out
    assert "odd.journal is left out" in shown.err and "odd.journal" in listed.err
