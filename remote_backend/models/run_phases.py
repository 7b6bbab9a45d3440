"""What a run does while it goes on, in one word, and how long it took for each."""

from collections.abc import Iterable
from itertools import pairwise

from attrs import frozen

__all__ = ("PHASES", "PlanTimes", "plan_times")

PHASES = {
    "pending": "waiting",
    "fetching": "waiting",
    "fetching_completed": "waiting",
    "pre_plan_running": "tasks",
    "pre_plan_awaiting_decision": "decision",
    "pre_plan_completed": "waiting",
    "queuing": "waiting",
    "plan_queued": "waiting",
    "planning": "planning",
    "planned": "planning",
    "post_plan_running": "tasks",
    "post_plan_awaiting_decision": "decision",
    "post_plan_completed": "planning",
    "cost_estimating": "cost",
    "cost_estimated": "cost",
    "policy_checking": "policies",
    "policy_checked": "policies",
    "policy_override": "decision",
    "tf_policy_checked": "policies",
    "tf_policy_override": "decision",
}
"""The words of the statuses in which a run goes on; final statuses have none."""


@frozen(kw_only=True)
class PlanTimes:
    """How long the plan of a workspace took, in seconds, as the polls saw it.

    A part is None if none of its statuses was seen, as with journals of 0.1.0.
    """

    waiting: float | None = None
    planning: float | None = None
    checks: float | None = None
    """Tasks, cost estimate, policies and decisions."""

    total: float = 0.0
    """From the first request on, so with the upload."""


def plan_times(first_seen: Iterable[tuple[str, float]], total: float) -> PlanTimes:
    """Return the times of a plan from the seconds at which each status was seen first."""
    seen = sorted(first_seen, key=lambda status_and_seconds: status_and_seconds[1])
    parts: dict[str, float] = {}
    for (status, began), (_, ended) in pairwise([*seen, ("", total)]):
        if status in PHASES:
            part = _part_of(PHASES[status])
            parts[part] = parts.get(part, 0.0) + max(0.0, ended - began)
    rounded = {part: round(seconds, 3) for part, seconds in parts.items()}
    return PlanTimes(total=round(total, 3), **rounded)


def _part_of(phase: str) -> str:
    return phase if phase in ("waiting", "planning") else "checks"
