"""From the times of statuses to how long each part took."""

import pytest

from remote_backend.models.run import AWAITING_DECISION, FAILED, MOVING, SUCCEEDED
from remote_backend.models.run_phases import PHASES, PlanTimes, StatusTimes, plan_times

AFTER_PLANS = {
    status
    for status in MOVING
    if "apply" in status or status in ("confirmed", "applying", "assessing", "assessed")
}


@pytest.mark.parametrize(
    ("first_seen", "total", "times"),
    [
        ((), 1.5, PlanTimes(total=1.5)),
        (
            (("pending", 1.1), ("planning", 4.2), ("planned_and_finished", 12.4)),
            12.4,
            PlanTimes(waiting=3.1, planning=8.2, total=12.4),
        ),
        (
            (("pre_plan_running", 0), ("plan_queued", 1), ("policy_checking", 3)),
            7,
            PlanTimes(waiting=2, checks=5, total=7),
        ),
        ((("some_new_status", 0), ("planning", 2)), 3, PlanTimes(planning=1, total=3)),
        ((("planning", 5),), 3, PlanTimes(planning=0, total=3)),
    ],
    ids=["none seen", "usual", "checks", "unknown status", "clock that went back"],
)
def test_times_of_a_plan(
    first_seen: tuple[tuple[str, float], ...], total: float, times: PlanTimes
) -> None:
    """Each status lasts until the next one; what nobody saw has no time."""
    assert plan_times(first_seen, total) == times


def test_every_status_of_a_run_that_goes_on_has_a_word() -> None:
    """Statuses that only an apply reaches have none, and neither have final ones."""
    assert set(PHASES) == (MOVING | AWAITING_DECISION) - AFTER_PLANS - {
        "pre_apply_awaiting_decision"
    }
    assert not set(PHASES) & (SUCCEEDED | FAILED)


def at(second: int) -> str:
    """Return a time as servers write it."""
    return f"2025-06-12T10:00:{second:02}Z"


@pytest.mark.parametrize(
    ("texts", "phases"),
    [
        ({}, []),
        (
            {
                "planned-and-finished-at": at(20),
                "plan-queueable-at": at(4),
                "plan-queued-at": at(5),
                "planning-at": at(11),
                "planned-at": at(15),
                "cost-estimated-at": at(16),
                "policy-checked-at": at(18),
            },
            [("waiting", 4, 11), ("planning", 11, 16), ("checks", 16, 20)],
        ),
        ({"planning_at": at(1), "errored_at": at(3)}, [("planning", 1, 3)]),
        (
            {"planning-at": at(1), "some-new-status-at": at(2), "errored-at": at(3)},
            [("planning", 1, 2)],
        ),
        ({"planning-at": "soon", "plan-queued-at": None, "errored-at": at(3)}, []),
        ({"planning-at": at(1)}, []),
    ],
)
def test_times_of_the_server_become_phases(
    texts: dict[str, object], phases: list[tuple[str, int, int]]
) -> None:
    """In the order of their times, whatever the order of the document; odd times are left out."""
    found = StatusTimes(texts).phases()
    assert [(part, began.second, ended.second) for part, began, ended in found] == phases


def test_times_with_and_without_a_zone_can_be_compared() -> None:
    """A server that writes no zone means UTC."""
    texts = {
        "planning-at": "2025-06-12T10:00:01",
        "errored-at": "2025-06-12T12:00:03+02:00",
    }
    assert [part for part, _, _ in StatusTimes(texts).phases()] == ["planning"]
