"""The events of a batch as lines of JSON: what each has, and what is derived from them."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from remote_backend import events
from remote_backend.models.cost import Cost
from remote_backend.models.outcome import Outcome, Result, exit_code_of
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.models.selection import Selection
from remote_backend.reports.event_stream import EventStream
from tests.support.report_builders import outcome
from tests.support.report_schema import EVENTS, validate_stream

AMOUNTS = Cost(prior=Decimal(1), proposed=Decimal(3), delta=Decimal(2))
TAGS = PolicyResult(name="tags", level="advisory", status="passed", text="")
EVERY_EVENT: tuple[events.Event, ...] = (
    events.BatchStarted(("a", "b")),
    events.WorkspacesSelected(
        Selection(base="main, 1a2b3c4", reasons={"a": ("a.tf: its configuration",)})
    ),
    events.SlugPacked(("a", "b"), "/net", 3, 2048, ("a warning",)),
    events.PlanStarted("a"),
    events.UploadProgressed("a", 1024, 2048),
    events.ConfigurationUploaded("a", "cv-1"),
    events.RunQueued("a", "run-1", "https://tfe.test/run-1"),
    events.RunStatusChanged("a", "run-1", "plan_queued"),
    events.RunStatusChanged("a", "run-1", "planning"),
    events.RunStatusChanged("a", "run-1", "some_new_status"),
    events.BaseStatusChanged("a", "run-2", "planning"),
    events.LogChunkRead("a", b"caf\xc3\xa9 \xff"),
    events.LogEnded("a", is_complete=True),
    events.CheckReported(
        "a", CheckReport(kind="cost estimate", name="cost", status="finished", cost=AMOUNTS)
    ),
    events.CheckReported(
        "a",
        CheckReport(kind="policy evaluation", name="x", status="passed", policies=(TAGS,)),
    ),
    events.RunStatusChanged("a", "run-1", "planned_and_finished"),
    events.WarningRaised("a warning"),
    events.PlanFinished(outcome("a", result=Result.CHANGES)),
    events.BatchFinished((outcome("a", result=Result.CHANGES), outcome("b"))),
)


def made(**more: Any) -> EventStream:
    """Return a stream whose clock goes on by a second for each line."""
    seconds = iter(range(10**6))
    began = datetime(2026, 1, 1, tzinfo=UTC)
    return EventStream(
        batch_id="batch-1",
        now=lambda: began + timedelta(seconds=next(seconds)),
        **more,
    )


def written(stream: EventStream, told: Iterable[events.Event]) -> list[str]:
    """Return the lines of some events."""
    return [line for event in told for line in stream.lines(event)]


def read(lines: Iterable[str], *types: str) -> list[dict[str, Any]]:
    """Return lines as programs read them: all, or those of some types."""
    documents = map(json.loads, lines)
    return [each for each in documents if not types or each["type"] in types]


def test_every_line_has_type_time_batch_and_number() -> None:
    """So that a reader knows where it belongs and whether it missed one."""
    lines = written(made(), EVERY_EVENT)

    first, second = read(lines)[:2]
    assert (first["type"], first["time"], first["batch"], first["sequence"]) == (
        "batch_started",
        "2026-01-01T00:00:00.000Z",
        "batch-1",
        1,
    )
    assert (second["time"], second["sequence"]) == ("2026-01-01T00:00:01.000Z", 2)
    validate_stream(lines)


def test_every_type_of_the_schema_is_made() -> None:
    """No event is without a schema, and no schema without an event."""
    stream = made()
    lines = written(stream, EVERY_EVENT[:9])
    lines += [*stream.progress(), *stream.interrupted("cancel")]
    lines += written(stream, EVERY_EVENT[9:])
    lines += made().lines(events.BatchFailed("the token is refused", "NotAuthorized"))

    assert {line["type"] for line in read(lines)} == set(EVENTS)


def test_phases_are_those_of_a_person() -> None:
    """Each once when it begins; a new status stands as it is, and a final one is no phase."""
    changes = read(written(made(), EVERY_EVENT), "plan_phase_changed")

    assert [(change["workspace"], change["phase"]) for change in changes] == [
        ("a", "preparing"),
        ("a", "uploading"),
        ("a", "waiting"),
        ("a", "planning"),
        ("a", "some_new_status"),
    ]


def test_costs_and_policies_come_one_by_one() -> None:
    """Behind the check that has them, with amounts as decimal text."""
    found = read(written(made(), EVERY_EVENT), "cost_estimated", "policy_evaluated")

    cost, policy = found
    assert cost["cost"] == {
        "currency": "USD", "prior": "1", "proposed": "3", "delta": "2",
    }  # fmt: skip
    assert policy["policy"] == {
        "name": "tags", "level": "advisory", "status": "passed", "text": "",
    }  # fmt: skip


def test_progress_counts_workspaces() -> None:
    """Those that wait, those at work and those that ended make all; none comes after the end."""
    stream = made()
    started = events.BatchStarted(("a", "b", "c", "d"))
    assert not list(stream.progress())
    written(stream, [started, *EVERY_EVENT[3:9], events.PlanStarted("b")])
    written(stream, [events.RunQueued("b", "run-2", "https://tfe.test/run-2")])
    [before] = read(stream.progress())
    written(stream, [events.PlanFinished(outcome("a", result=Result.FAILED))])
    [after] = read(stream.progress())
    written(stream, [events.BatchFinished(())])

    names = ("workspaces", "ended", "at_work", "waiting")
    assert [before[name] for name in names] == [4, 0, 1, 3]
    assert [after[name] for name in names] == [4, 1, 0, 3]
    assert after["totals"]["failed"] == 1
    assert not list(stream.progress())


def test_an_interrupt_says_what_becomes_of_the_runs() -> None:
    """Canceled ones are in that phase until they end, whatever their status is."""
    stream = made()
    started = events.BatchStarted(("a", "b", "c"))
    written(stream, [started, events.PlanStarted("a"), events.PlanStarted("b")])
    lines = [*stream.interrupted("cancel")]
    lines += stream.lines(events.RunStatusChanged("a", "run-1", "planning"))

    [interrupted, *phases] = read(lines, "interrupted", "plan_phase_changed")
    assert (interrupted["answer"], interrupted["unfinished"]) == ("cancel", ["a", "b", "c"])
    assert [(each["workspace"], each["phase"]) for each in phases] == [
        ("a", "canceling"),
        ("b", "canceling"),
    ]
    assert len(list(stream.interrupted("detach"))) == 1


def test_the_last_event_has_totals_and_exit_code() -> None:
    """A program needs to count nothing, and to wait for no process."""

    def exit_code(outcomes: tuple[Outcome, ...]) -> int:
        return exit_code_of(outcomes, detailed=True)

    [*_, last] = read(written(made(exit_code=exit_code), EVERY_EVENT))

    assert (last["type"], last["exit_code"]) == ("batch_finished", 2)
    assert (last["totals"]["workspaces"], last["totals"]["changed"]) == (2, 1)
    assert [each["name"] for each in last["outcomes"]] == ["a", "b"]


def test_bytes_of_a_log_are_text() -> None:
    """What is not UTF-8 is replaced."""
    [chunk] = read(written(made(), EVERY_EVENT), "log_chunk_read")

    assert chunk["text"] == "caf\u00e9 \ufffd"
