"""From what was seen of a run to the result that a person acts on.

Plans import it while they wait: it is not needed before the first of them has ended.
"""

from collections.abc import Sequence

from remote_backend.checks import read_checks
from remote_backend.client import Client
from remote_backend.details import read_changes, read_diagnostics
from remote_backend.models.changes import PlannedChanges
from remote_backend.models.outcome import Result
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport
from remote_backend.models.run import Phase, PlanOptions
from remote_backend.watch import Look

__all__ = (
    "changes_of",
    "counts_of",
    "phase_reached",
    "read_checks",
    "reason_of",
    "result_of",
)

_REASONS = {
    "errored": "the run errored",
    "canceled": "the run was canceled",
    "force_canceled": "the run was canceled by force",
    "discarded": "the run was discarded",
    "policy_soft_failed": "a soft-mandatory policy failed",
}


def result_of(look: Look) -> Result:
    """Return the result of a run that is over; the run's own status decides."""
    if look.succeeded:
        # A plan that changes only outputs has changes although all its numbers are zero.
        changes = look.run.has_changes or (look.plan is not None and look.plan.has_changes)
        return Result.CHANGES if changes else Result.NO_CHANGES
    if look.run.status in ("canceled", "force_canceled"):
        return Result.CANCELED
    return Result.FAILED


def phase_reached(look: Look) -> str:
    """Return how far a run had come: `wait`, `plan` or `checks`, as outcomes name it."""
    plan = look.plan
    if plan is not None and plan.status == "finished":
        return "checks"
    has_begun = plan is not None and plan.status in ("running", "errored")
    return "plan" if has_begun or look.run.status == "planning" else "wait"


def reason_of(
    look: Look, checks: Sequence[CheckReport], interruption: str | None = None
) -> str | None:
    """Say why a run failed, or None when it did not; the end of its log can tell more."""
    if look.succeeded:
        return None
    status = look.run.status
    if look.run.phase is Phase.AWAITING_DECISION:
        reason = f"the run waits for a person to decide ({status})"
    else:
        reason = _REASONS.get(status, f"the run is {status}")
    failed = [
        f"{check.kind} {check.name} {check.status}" for check in checks if check.failed
    ]
    if failed:
        return f"{reason}: {', '.join(failed)}"
    if status == "errored" and look.plan is not None and look.plan.never_starts:
        return f"{reason} before its plan began"
    if status == "errored" and interruption is not None:
        return f"{reason}: {interruption}"
    return reason


def counts_of(
    look: Look, changes: PlannedChanges | None, in_log: Counts | None
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


async def changes_of(
    client: Client, look: Look, options: PlanOptions
) -> PlannedChanges | None:
    """Ask the server what a plan would change, or why it failed; None where it is not told."""
    plan = look.plan
    if plan is None:
        return None
    if not look.succeeded:
        return await read_diagnostics(client, plan)
    if plan.has_changes or look.run.has_changes or options.refresh_only:
        return await read_changes(client, plan)
    return None
