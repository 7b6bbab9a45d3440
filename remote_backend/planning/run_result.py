"""The result of a run, from its last snapshot and the optional data of the server."""

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


def result_of(snapshot: RunSnapshot) -> Result:
    """Return the result of a run that is over; the run's own status decides."""
    plan = snapshot.plan
    if snapshot.succeeded:
        # A plan that changes only outputs has changes although all its counts are zero.
        has_changes = snapshot.run.has_changes or (plan is not None and plan.has_changes)
        return Result.CHANGES if has_changes else Result.NO_CHANGES
    if snapshot.run.status in ("canceled", "force_canceled"):
        return Result.CANCELED
    return Result.FAILED


def phase_reached(snapshot: RunSnapshot) -> str:
    """Return how far a run had come: `wait`, `plan` or `checks`, as outcomes name it."""
    plan = snapshot.plan
    if plan is not None and plan.status == "finished":
        return "checks"
    has_begun = plan is not None and plan.status in ("running", "errored")
    return "plan" if has_begun or snapshot.run.status == "planning" else "wait"


def counts_of(
    snapshot: RunSnapshot, changes: PlannedChanges | None, in_log: Counts | None
) -> Counts | None:
    """Return the counts of a plan that is finished, also of one that failed its policies.

    OTF returns none (November 2026), so the changes are counted, or the log is parsed.
    """
    plan = snapshot.plan
    if not snapshot.succeeded and (plan is None or plan.status != "finished"):
        return None
    if plan is not None and plan.counts is not None:
        return plan.counts
    if changes is not None and snapshot.succeeded:
        return changes.counts
    return in_log


@define
class OptionalData:
    """The data of a plan that is over, apart from the status of its run."""

    checks: list[CheckReport] = field(factory=list)
    changes: PlannedChanges | None = None
    is_complete: bool = True
    """Whether all of it was read."""


def seconds_for_optional_data(runs: int, requests_per_second: float) -> float:
    """Return how long the optional data of each run may take when `runs` runs end together.

    It is thirty seconds, and the time that the rate limit needs for four requests a run.
    """
    return _OPTIONAL_SECONDS + 4 * runs / requests_per_second


async def read_optional_data(
    client: Client,
    snapshot: RunSnapshot,
    options: PlanOptions | None,
    *,
    of_unchanged: bool = False,
    marks_old_values: bool = False,
    runs: int = 1,
) -> OptionalData:
    """Read the results of policies and run tasks, and with `options` the planned changes.

    With `of_unchanged` those of plans without changes are read, too, which may have found drift;
    with `marks_old_values` these have what a comparison needs.

    The status of the run decides, so nothing is raised here, and the time is bounded by
    `seconds_for_optional_data`.
    """
    optional = OptionalData()
    seconds = seconds_for_optional_data(runs, client.requests_per_second)
    with anyio.move_on_after(seconds) as scope:
        try:
            async for report in read_policy_results(client, snapshot.run):
                optional.checks.append(report)
            if options is not None:
                optional.changes = await _changes_of(
                    client,
                    snapshot,
                    of_unchanged=of_unchanged or options.refresh_only,
                    marks_old_values=marks_old_values,
                )
        except Exception as error:  # of any kind: an odd plan or policy
            log.warning("plan.details_failed", problem=type(error).__name__)
            optional.is_complete = False
    optional.is_complete = optional.is_complete and not scope.cancelled_caught
    return optional


async def _changes_of(
    client: Client, snapshot: RunSnapshot, *, of_unchanged: bool, marks_old_values: bool
) -> PlannedChanges | None:
    plan = snapshot.plan
    if plan is None:
        return None
    if not snapshot.succeeded:
        return await read_diagnostics(client, plan)
    if plan.has_changes or snapshot.run.has_changes or of_unchanged:
        return await read_changes(client, plan, marks_old_values=marks_old_values)
    return None
