"""The package as a library: open, plan, read events, get outcomes, cancel."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import anyio
import attrs
import pytest
import structlog

import remote_backend
from remote_backend import backend_workspaces
from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.models.plan import Counts
from remote_backend.planning.recorded_batch import read_journal
from remote_backend.server.embedded import EmbeddedServer
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.server.seed import SeedWorkspace
from tests.support.servers import running_server

LOG = b"\x1b[1mone\x1b[0m\r\n\x03two \xff\n" * 5000 + b"no end"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """Run a server with a simulated engine."""
    seed = [
        SeedWorkspace(name="net-a", simulation=Simulation(parts=(LOG,), counts=Counts(1))),
        SeedWorkspace(name="net-b", simulation=Simulation(counts=Counts())),
        SeedWorkspace(name="slow-a", simulation=Simulation(seconds=300)),
        SeedWorkspace(name="slow-b", simulation=Simulation(seconds=300)),
    ]
    async with running_server(
        tmp_path,
        seed=seed,
    ) as running:
        yield running


def configuration(folder: Path, server: EmbeddedServer, prefix: str = "net-") -> Path:
    """Write a configuration and return its directory."""
    directory = folder / "networking"
    directory.mkdir()
    workspaces = f'workspaces {{\n prefix = "{prefix}"\n }}'
    (directory / "main.tf").write_text(
        f'terraform {{\n backend "remote" {{\n hostname = "{server.hostname}"\n'
        f' organization = "acme"\n {workspaces}\n }}\n}}\n'
    )
    return directory


def environ(server: EmbeddedServer) -> dict[str, str]:
    """Return variables that lead to the server."""
    return {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}


def statuses(folder: Path) -> list[str]:
    """Return the statuses of all runs from the server's records."""
    with closing(sqlite3.connect(folder / "data" / "records.sqlite")) as connection:
        rows = connection.execute("select body from record where kind = 'run'").fetchall()
    return [json.loads(body)["status"] for (body,) in rows]


async def test_events_of_a_batch_tell_its_whole_story(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """From the first to the last event, with the log byte for byte, and outcomes in order (P02)."""
    directory = configuration(tmp_path, server)
    seen: list[remote_backend.Event] = []

    async with (
        remote_backend.open_backend(directory, environ=environ(server)) as backend,
        backend.plan_all() as batch,
    ):
        async for event in batch:
            seen.append(event)

    assert isinstance(seen[0], remote_backend.BatchStarted)
    assert seen[0].workspaces == ("a", "b")
    assert isinstance(seen[-1], remote_backend.BatchFinished)
    log = b"".join(
        event.data
        for event in seen
        if isinstance(event, remote_backend.LogChunkRead) and event.workspace == "a"
    )
    assert log.partition(b"\n")[2] == LOG
    assert [(outcome.workspace, outcome.result) for outcome in batch.outcomes] == [
        ("a", remote_backend.Result.CHANGES),
        ("b", remote_backend.Result.NO_CHANGES),
    ]
    assert all(outcome.log_is_complete for outcome in batch.outcomes)
    mine = [type(e).__name__ for e in seen if getattr(e, "workspace", "") == "a"]
    order = [
        "PlanStarted",
        "ConfigurationUploaded",
        "RunQueued",
        "LogChunkRead",
        "LogEnded",
    ]
    assert sorted(order, key=mine.index) == order


async def test_events_are_frozen(server: EmbeddedServer, tmp_path: Path) -> None:
    """Nobody can change what happened."""
    directory = configuration(tmp_path, server)
    async with (
        remote_backend.open_backend(directory, environ=environ(server)) as backend,
        backend.plan("b") as batch,
    ):
        async for event in batch:
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                event.workspace = "other"  # type: ignore[misc,union-attr]


async def test_one_plan_and_its_outcome(server: EmbeddedServer, tmp_path: Path) -> None:
    """A single workspace by name; waiting without reading events works too."""
    directory = configuration(tmp_path, server)
    async with remote_backend.open_backend(directory, environ=environ(server)) as backend:
        names = [named.name for named in await backend.workspaces()]
        async with backend.plan("a") as batch:
            (outcome,) = await batch.wait()

    assert names == ["a", "b"]
    assert (outcome.full_name, outcome.counts) == ("net-a", Counts(1))


async def test_leaving_the_block_cancels_what_still_runs(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """Every run that was made is stopped on the server before the block is left."""
    directory = configuration(tmp_path, server, "slow-")
    async with (
        remote_backend.open_backend(directory, environ=environ(server)) as backend,
        backend.plan_all() as batch,
    ):
        queued = 0
        async for event in batch:
            queued += isinstance(event, remote_backend.LogChunkRead)
            if queued == 2:
                break

    with anyio.fail_after(10):
        while statuses(tmp_path) != ["canceled", "canceled"]:
            await anyio.lowlevel.checkpoint()


async def test_a_cancel_scope_stops_a_batch(server: EmbeddedServer, tmp_path: Path) -> None:
    """Cancellation from outside cancels the runs and goes on as cancellation."""
    directory = configuration(tmp_path, server, "slow-")
    with anyio.CancelScope() as scope:
        async with (
            remote_backend.open_backend(directory, environ=environ(server)) as backend,
            backend.plan_all() as batch,
        ):
            async for event in batch:
                if isinstance(event, remote_backend.LogChunkRead):
                    scope.cancel()

    assert scope.cancelled_caught
    with anyio.fail_after(10):
        while set(statuses(tmp_path)) != {"canceled"}:
            await anyio.lowlevel.checkpoint()


async def test_errors_of_the_caller_leave_as_themselves(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """An exception in the block is not wrapped into a group."""
    directory = configuration(tmp_path, server)
    with pytest.raises(ZeroDivisionError):
        async with (
            remote_backend.open_backend(directory, environ=environ(server)) as backend,
            backend.plan_all() as batch,
        ):
            async for _ in batch:
                raise ZeroDivisionError


async def test_two_backends_do_not_know_each_other(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """Nothing is global: two at once in one process, with settings of their own."""
    directory = configuration(tmp_path, server)
    with pytest.raises(remote_backend.CredentialsError):
        async with remote_backend.open_backend(directory, environ={}):
            pass
    async with (
        remote_backend.open_backend(directory, environ=environ(server)) as first,
        remote_backend.open_backend(directory, environ=environ(server)) as second,
        first.plan("b") as one,
        second.plan("b") as other,
    ):
        assert (await one.wait())[0].succeeded
        assert (await other.wait())[0].succeeded


async def test_no_secret_is_logged(server: EmbeddedServer, tmp_path: Path) -> None:
    """Neither the token nor a signed address is in an event of structlog or a repr."""
    directory = configuration(tmp_path, server)
    with structlog.testing.capture_logs() as logged:
        async with (
            remote_backend.open_backend(directory, environ=environ(server)) as backend,
            backend.plan_all() as batch,
        ):
            shown = [repr(event) async for event in batch]
            shown.append(repr(backend.connection))

    text = repr(logged) + "".join(shown)
    assert server.token not in text
    assert "/signed/" not in text


@pytest.fixture
async def busy_server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """Run a server that plans one run at a time, for ever."""
    async with running_server(
        tmp_path,
        simulated=SimulatedEngine(Simulation(seconds=300)),
        seed=[SeedWorkspace(name=f"net-{name}") for name in "abcde"],
        workers=1,
    ) as running:
        yield running


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (remote_backend.WaitLimits(lock_seconds=0.5), "lock_seconds"),
        (
            remote_backend.WaitLimits(queue_seconds=0.5, queue_label="-queue-timeout"),
            "-queue-timeout",
        ),
    ],
)
@pytest.mark.parametrize("select", [["*"], ["a", "b"]])
async def test_runs_that_wait_too_long_are_stopped(
    limits: remote_backend.WaitLimits,
    name: str,
    select: list[str],
    busy_server: EmbeddedServer,
    tmp_path: Path,
) -> None:
    """All but the one whose plan has begun, which is never stopped for that (P23)."""
    directory = configuration(tmp_path, busy_server)
    stopped: list[remote_backend.Outcome] = []
    async with remote_backend.open_backend(
        directory, environ=environ(busy_server)
    ) as backend:
        count = len(await backend.workspaces()) if select == ["*"] else 2
        options = remote_backend.BatchOptions(select=select, limits=limits)
        with anyio.fail_after(60):
            async with backend.plan_all(options) as batch:
                async for event in batch:
                    if isinstance(event, remote_backend.PlanFinished):
                        stopped.append(event.outcome)
                        if len(stopped) == count - 1:
                            break

    assert {one.result for one in stopped} == {remote_backend.Result.CANCELED}
    assert {one.reason for one in stopped} == {
        f"it still waited (pending) after {name}=0.5s, so it was stopped"
    }


@pytest.mark.parametrize(
    ("times", "result", "refusals"),
    [
        ((1,), remote_backend.Result.CHANGES, 1),
        ((), remote_backend.Result.FAILED, 2),
    ],
)
async def test_a_run_is_asked_for_again_once_its_configuration_is_usable(
    times: tuple[int, ...],
    result: remote_backend.Result,
    refusals: int,
    server: EmbeddedServer,
    tmp_path: Path,
) -> None:
    """A refusal before that is not an answer; one after it is (P33)."""
    refused = FaultRule(
        kind="status", method="POST", path="/api/v2/runs$", times=times, status=422
    )
    server.faults.replace(FaultSettings(rules=[refused]))
    async with (
        remote_backend.open_backend(
            configuration(tmp_path, server), environ=environ(server)
        ) as backend,
        backend.plan("a") as batch,
    ):
        [outcome] = await batch.wait()

    assert outcome.result is result
    assert server.faults.injected == refusals


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (
            "token",
            r"does not accept the token from .*terraform\.rc.* \(its form is not known",
        ),
        ("organization", "'other' does not exist"),
    ],
)
async def test_the_first_question_tells_what_is_wrong_with_the_organization(
    wrong: str, told: str, server: EmbeddedServer, tmp_path: Path
) -> None:
    """Where a bad token is from, in place of an error that follows from that (P101)."""
    directory = configuration(tmp_path, server)
    if wrong == "organization":
        text = (directory / "main.tf").read_text()
        (directory / "main.tf").write_text(text.replace('"acme"', '"other"'))
    else:
        text = server.cli_config_file.read_text()
        server.cli_config_file.write_text(text.replace(server.token, "nonsense"))
    async with remote_backend.open_backend(directory, environ=environ(server)) as backend:
        for raw_client in (backend.workspaces, backend.workspace):
            with pytest.raises(remote_backend.RemoteBackendError, match=told):
                await raw_client()


@pytest.mark.parametrize("begin", ["plan", "plan_all", "resume"])
async def test_a_batch_holds_the_options_of_its_caller(
    begin: str, server: EmbeddedServer, tmp_path: Path
) -> None:
    """The value that the caller made is the one that the batch works with: nothing copies it."""
    directory, journals = configuration(tmp_path, server), tmp_path / "journals"
    options = remote_backend.BatchOptions(details=True, journal_folder=journals)
    async with remote_backend.open_backend(directory, environ=environ(server)) as backend:
        if begin == "resume":
            async with backend.plan_all(options):
                pass
            story = read_journal(journals, None)
            options = story.options_to_resume(variables=())
            context = backend.resume(story, options)
        elif begin == "plan":
            context = backend.plan("a", options)
        else:
            context = backend.plan_all(options)
        async with context as batch:
            assert batch.options is options


@pytest.mark.parametrize(
    "options",
    [
        remote_backend.BatchOptions(select=["a"]),
        remote_backend.BatchOptions(exclude=["a"]),
    ],
)
async def test_only_batches_select_workspaces(
    options: remote_backend.BatchOptions, server: EmbeddedServer, tmp_path: Path
) -> None:
    """A plan of one workspace refuses patterns: to ignore them would plan something else."""
    directory = configuration(tmp_path, server)
    async with remote_backend.open_backend(directory, environ=environ(server)) as backend:
        with pytest.raises(remote_backend.RunOptionsError, match="are for plan_all"):
            async with backend.plan("b", options):
                pass


async def test_an_empty_name_is_not_the_selected_workspace(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """Only None means the selected one; a name that is empty is a mistake (P85)."""
    directory = configuration(tmp_path, server)
    variables = {**environ(server), "TF_WORKSPACE": "dev"}
    async with remote_backend.open_backend(directory, environ=variables) as backend:
        with pytest.raises(remote_backend.SelectionError, match="is not the name"):
            await backend.workspace("")
        with pytest.raises(remote_backend.SelectionError, match="is not the name"):
            await backend.state_data("")
    for names in (("", "acme"), ("networking-dev", " ")):
        with pytest.raises(remote_backend.SelectionError, match="must be given"):
            await remote_backend.outputs(names[0], organization=names[1], environ={})


async def test_a_workspace_that_was_read_is_planned_without_reading_it_again(
    server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workspace of the list can be planned as it is."""

    async def read_again(*arguments: object) -> None:
        raise AssertionError("the workspace is read again")

    directory = configuration(tmp_path, server)
    async with remote_backend.open_backend(directory, environ=environ(server)) as backend:
        workspace, _ = await backend.workspaces()
        monkeypatch.setattr(backend_workspaces, "find_workspace", read_again)
        async with backend.plan(workspace) as batch:
            (outcome,) = await batch.wait()

    assert (outcome.workspace, outcome.counts) == ("a", Counts(1))
