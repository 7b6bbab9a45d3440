"""From the times of statuses to how long each part took."""

import pytest

from remote_backend.models.run import AWAITING_DECISION, FAILED, MOVING, SUCCEEDED
from remote_backend.models.run_phases import PHASES, PlanTimes, plan_times

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
