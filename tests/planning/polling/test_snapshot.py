"""What follows from a snapshot of a run: reads of its plan, and ends that no status names."""

import pytest

from remote_backend.errors import TransportError
from remote_backend.models.plan import Plan
from remote_backend.models.run import Run, RunActions
from remote_backend.planning.polling import PollSettings, RunSnapshot
from remote_backend.planning.polling.snapshot import (
    PollHistory,
    needs_plan,
    reason_to_stop,
    rests,
    stalls,
)

SETTINGS = PollSettings()
LOST = TransportError("GET", "runs", "the connection broke", may_have_happened=True)


def snapshot_of(
    status: str, plan_status: str | None, *, cancelable: bool | None = None
) -> RunSnapshot:
    """Return what a poll showed."""
    actions = RunActions(is_cancelable=cancelable)
    run = Run(id="run-1", status=status, plan_id="plan-1", actions=actions)
    return RunSnapshot(run, Plan(id="plan-1", status=plan_status) if plan_status else None)


@pytest.mark.parametrize(
    ("snapshot", "seen_in", "seconds_ago", "polled", "needed"),
    [
        (snapshot_of("pending", None), None, 99.0, False, False),
        (snapshot_of("pending", None), None, 99.0, True, True),
        (snapshot_of("planning", None), "planning", 1.0, True, False),
        (snapshot_of("planning", None), "planning", 9.0, True, True),
        (snapshot_of("planning", "pending"), "pending", 99.0, True, False),
        (snapshot_of("planned_and_finished", "running"), "planning", 1.0, True, True),
        (
            snapshot_of("planned_and_finished", "running"),
            "planned_and_finished",
            99.0,
            True,
            False,
        ),
        (snapshot_of("planned_and_finished", "finished"), "planning", 99.0, True, False),
        (snapshot_of("errored", None), None, 99.0, False, True),
        (snapshot_of("planned", "running"), "planned", 9.0, True, True),
        (snapshot_of("planned", "running"), "planned", 1.0, True, False),
        (snapshot_of("brand_new", "finished"), "planning", 99.0, True, False),
        (RunSnapshot(Run(id="run-1", status="planning"), None), None, 99.0, True, False),
    ],
)
def test_when_a_plan_is_read_by_its_id(
    snapshot: RunSnapshot,
    seen_in: str | None,
    seconds_ago: float,
    polled: bool,
    needed: bool,
) -> None:
    """Once for its address, once for its end, and never where runs include it (W4)."""
    needed_now = needs_plan(
        snapshot, seen_in=seen_in, seen_seconds_ago=seconds_ago, polled=polled
    )

    assert needed_now is needed


@pytest.mark.parametrize(
    ("snapshot", "seconds", "is_old_server", "ended"),
    [
        (snapshot_of("planned", "finished"), 5.0, True, True),
        (snapshot_of("planned", "finished"), 4.9, True, False),
        (snapshot_of("planned", "finished"), 5.0, False, False),
        (snapshot_of("planned", "finished"), 30.0, False, True),
        (snapshot_of("post_plan_completed", "finished"), 30.0, False, True),
        (
            snapshot_of("post_plan_completed", "finished", cancelable=False),
            30.0,
            False,
            True,
        ),
        (
            snapshot_of("post_plan_completed", "finished", cancelable=True),
            999.0,
            False,
            False,
        ),
        (snapshot_of("planned", "running"), 999.0, False, False),
        (snapshot_of("planned", None), 999.0, False, False),
        (snapshot_of("cost_estimating", "finished"), 999.0, False, False),
        (snapshot_of("brand_new", "finished"), 999.0, False, False),
    ],
)
def test_where_a_run_rests(
    snapshot: RunSnapshot, seconds: float, is_old_server: bool, ended: bool
) -> None:
    """A passing status is the end once it stays, and nothing can be canceled (P20)."""
    is_end = rests(snapshot, seconds, is_old_server=is_old_server, settings=SETTINGS)

    assert is_end is ended


@pytest.mark.parametrize(
    ("snapshot", "seconds", "stalled"),
    [
        (snapshot_of("brand_new", "finished"), 300.0, True),
        (snapshot_of("brand_new", "finished"), 299.0, False),
        (snapshot_of("brand_new", None), 300.0, True),
        (snapshot_of("brand_new", "running"), 9999.0, False),
        (snapshot_of("planned", "finished", cancelable=True), 300.0, True),
        (snapshot_of("planned", "errored"), 300.0, True),
        (snapshot_of("planning", "running"), 9999.0, False),
        (snapshot_of("pending", None), 9999.0, False),
        (snapshot_of("errored", "finished"), 9999.0, False),
    ],
)
def test_where_a_run_stalls(snapshot: RunSnapshot, seconds: float, stalled: bool) -> None:
    """Only a status that names no end, with a plan that does not move, has a limit (M8)."""
    assert stalls(snapshot, seconds, SETTINGS) is stalled


@pytest.mark.parametrize(
    ("snapshot", "failed_at", "now", "reason"),
    [
        (snapshot_of("planning", "running"), None, 9999.0, None),
        (snapshot_of("planning", "running"), 0.0, 299.0, None),
        (snapshot_of("planning", "running"), 0.0, 300.0, "every attempt to read it failed"),
        (snapshot_of("planned_and_finished", "finished"), 0.0, 9999.0, None),
        (snapshot_of("brand_new", "finished"), None, 299.0, None),
        (snapshot_of("brand_new", "finished"), None, 300.0, "its plan is finished, and no"),
        (snapshot_of("brand_new", None), None, 300.0, "its plan is not readable, and no"),
        (snapshot_of("brand_new", "finished"), 0.0, 300.0, "every attempt to read it"),
    ],
)
def test_when_a_run_cannot_be_followed_to_its_end(
    snapshot: RunSnapshot, failed_at: float | None, now: float, reason: str | None
) -> None:
    """Polls fail for too long, or the status says nothing; an end is never given up."""
    history = PollHistory(0.0)
    if failed_at is not None:
        history.failed(LOST, failed_at)

    text = reason_to_stop(snapshot, history, now, SETTINGS)

    assert (text is None) == (reason is None)
    assert reason is None or reason in (text or "")


def test_a_poll_that_succeeds_ends_the_failures_of_a_run() -> None:
    """The time until its polling ends is counted from the next failure."""
    history = PollHistory(0.0)
    history.failed(LOST, 0.0)
    history.polled()
    history.failed(LOST, 200.0)
    planning = snapshot_of("planning", "running")

    assert reason_to_stop(planning, history, 499.0, SETTINGS) is None
    assert reason_to_stop(planning, history, 500.0, SETTINGS) is not None
