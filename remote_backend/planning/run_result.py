"""From what was seen of a run to the result that a person acts on."""

import anyio
from attrs import define, field

from remote_backend.api.client import Client
from remote_backend.models.changes import PlannedChanges
from remote_backend.models.outcome import Result
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport
from remote_backend.models.run import PlanOptions
from remote_backend.planning.plan_details import read_changes, read_diagnostics
from remote_backend.planning.policy_results import read_policy_results
from remote_backend.planning.polling import RunSnapshot
from remote_backend.structured_logging import Log

__all__ = (
    "OptionalData",
    "counts_of",
    "phase_reached",
    "read_optional_data",
    "result_of",
    "seconds_for_optional_data",
)

log = Log()

_OPTIONAL_SECONDS = 30.0


def result_of(look: RunSnapshot) -> Result:
    """Return the result of a run that is over; the run's own status decides."""
    if look.succeeded:
        # A plan that changes only outputs has changes although all its numbers are zero.
        changes = look.run.has_changes or (look.plan is not None and look.plan.has_changes)
        return Result.CHANGES if changes else Result.NO_CHANGES
    if look.run.status in ("canceled", "force_canceled"):
        return Result.CANCELED
    return Result.FAILED


def phase_reached(look: RunSnapshot) -> str:
    """Return how far a run had come: `wait`, `plan` or `checks`, as outcomes name it."""
    plan = look.plan
    if plan is not None and plan.status == "finished":
        return "checks"
    has_begun = plan is not None and plan.status in ("running", "errored")
    return "plan" if has_begun or look.run.status == "planning" else "wait"


def counts_of(
    look: RunSnapshot, changes: PlannedChanges | None, in_log: Counts | None
) -> Counts | None:
    """Return the numbers of a plan that is finished, also of one that policies fail.

    OTF tells none (November 2026), so they are counted, or taken from the log.
    """
    plan = look.plan
    if not look.succeeded and (plan is None or plan.status != "finished"):
        return None
    if plan is not None and plan.counts is not None:
        return plan.counts
    if changes is not None and look.succeeded:
        return changes.counts
    return in_log


@define(eq=False)
class OptionalData:
    """What a server says about a plan that is over, beside the status of its run."""

    checks: list[CheckReport] = field(factory=list)
    changes: PlannedChanges | None = None
    is_complete: bool = True
    """Whether all was read that there may be."""


def seconds_for_optional_data(runs: int, requests_per_second: float) -> float:
    """Return how long optional data may take for each of so many runs that end together.

    Thirty seconds, and the time that the rate limit needs for four requests a run.
    """
    return _OPTIONAL_SECONDS + 4 * runs / requests_per_second


async def read_optional_data(
    client: Client, look: RunSnapshot, options: PlanOptions | None, *, runs: int = 1
) -> OptionalData:
    """Read what policies and tasks said, and with `options` what the plan would change.

    The run's own status is the verdict, so nothing is raised here, and the time is bounded.
    """
    found = OptionalData()
    seconds = seconds_for_optional_data(runs, client.requests_per_second)
    with anyio.move_on_after(seconds) as scope:
        try:
            async for report in read_policy_results(client, look.run):
                found.checks.append(report)
            if options is not None:
                found.changes = await _changes_of(client, look, options)
        except Exception as error:  # whatever an odd plan or policy leads to
            log.warning("plan.details_failed", problem=type(error).__name__)
            found.is_complete = False
    found.is_complete = found.is_complete and not scope.cancelled_caught
    return found


async def _changes_of(
    client: Client, look: RunSnapshot, options: PlanOptions
) -> PlannedChanges | None:
    plan = look.plan
    if plan is None:
        return None
    if not look.succeeded:
        return await read_diagnostics(client, plan)
    if plan.has_changes or look.run.has_changes or options.refresh_only:
        return await read_changes(client, plan)
    return None
