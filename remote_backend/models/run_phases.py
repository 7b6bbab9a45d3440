"""What a run does while it goes on, in one word, and how long it took for each."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby, pairwise

from attrs import field, frozen

__all__ = ("PHASES", "PlanTimes", "StatusTimes", "plan_times")

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


@frozen(eq=False)
class StatusTimes:
    """When a run came into each of its statuses, by the clock of the server."""

    texts: Mapping[str, object] = field(repr=False)
    """As the server sends them: `plan-queued-at` and a time (ISO 8601); read when needed."""

    def phases(self) -> Iterator[tuple[str, datetime, datetime]]:
        """Give `waiting`, `planning` and `checks` with their beginnings and ends, in order.

        A time that cannot be read is left out.
        """
        times = sorted(
            (time, _status_of(name))
            for name, text in self.texts.items()
            if (time := _moment(text)) is not None
        )
        parts = (
            (_part_after(status), began, ended)
            for (began, status), (ended, _) in pairwise(times)
        )
        for part, group in groupby(parts, key=lambda times_of_part: times_of_part[0]):
            spans = list(group)
            if part is not None:
                yield part, spans[0][1], spans[-1][2]


def _status_of(name: str) -> str:
    # `plan_queued` of `plan-queued-at`; some servers write it in snake case.
    return name.replace("-", "_").removesuffix("_at")


def _part_after(status: str) -> str | None:
    # Only times have this one, when a run may be given to a worker.
    word = "waiting" if status == "plan_queueable" else PHASES.get(status)
    return None if word is None else _part_of(word)


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
