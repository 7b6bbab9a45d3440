"""Events of the library say which batch, workspace and run they belong to."""

from contextvars import copy_context
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

import remote_backend
from remote_backend import testing
from remote_backend.structured_logging import Log, bind_facts
from remote_backend.testing import SeedWorkspace, Simulation


async def test_events_of_a_batch_name_batch_workspace_and_run(tmp_path: Path) -> None:
    """Of many plans at once, each event names its own; requests outside of a batch name none."""
    seeds = [
        SeedWorkspace(name="net-a"),
        SeedWorkspace(name="net-b", simulation=Simulation(succeeds=False)),
    ]
    with capture_logs() as events:
        async with testing.serve(workspaces=seeds) as server:
            directory = server.write_configuration(tmp_path, prefix="net-")
            async with remote_backend.open_backend(
                directory, environ=server.environ
            ) as backend:
                async with backend.plan_all() as batch:
                    outcomes = await batch.wait()
                await backend.workspaces()

    # Those of the server have a path.
    answered = [event for event in events if "where" in event]
    assert "batch" not in answered[0] and "batch" not in answered[-1]
    runs = {outcome.run_id: outcome.workspace for outcome in outcomes}
    of_runs = [event for event in events if "run" in event]
    assert {event["run"] for event in of_runs} == set(runs)
    for event in of_runs:
        assert event["workspace"] == runs[event["run"]]
        assert event["batch"] == batch.id
    created = [e for e in answered if (e["method"], e["where"]) == ("POST", "runs")]
    assert {event["workspace"] for event in created} == {"a", "b"}


def test_a_fact_of_the_event_comes_before_a_bound_one() -> None:
    """An event about another run than the one at hand keeps its own."""

    def report() -> None:
        bind_facts(run="run-1", batch="b")
        Log().info("run.left", run="run-2")

    with capture_logs() as events:
        # What is bound must not reach the other tests.
        copy_context().run(report)

    [event] = events
    assert (event["run"], event["batch"]) == ("run-2", "b")


def test_without_a_configuration_of_structlog_standard_output_stays_the_program_s(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Warnings go to the logging of the standard library, on one line, with their facts."""
    monkeypatch.setattr(structlog, "is_configured", lambda: False)

    Log().debug("request.answered", status=200)
    Log().warning("run.left", run="run-2", problem="a\nb\x1b[31m")

    [record] = caplog.records
    assert (record.name, record.levelname) == ("remote_backend", "WARNING")
    assert record.getMessage() == r"run.left run='run-2' problem='a\nb\x1b[31m'"
    assert capsys.readouterr().out == ""


def test_an_error_has_its_traceback_without_structlog(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The error that is being handled stands in the record."""
    monkeypatch.setattr(structlog, "is_configured", lambda: False)

    try:
        raise ValueError("odd")
    except ValueError:
        Log().exception("plan.broken")

    [record] = caplog.records
    assert record.exc_info is not None and record.exc_info[0] is ValueError
