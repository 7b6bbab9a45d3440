"""From what was seen of a run to the result that a person acts on."""

from collections.abc import Sequence

from remote_backend.models.outcome import Result
from remote_backend.models.policy import CheckReport
from remote_backend.models.run import Phase
from remote_backend.watch import Look

__all__ = ("reason_of", "result_of")

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


def reason_of(look: Look, checks: Sequence[CheckReport]) -> str | None:
    """Say why a run failed, or None when it did not."""
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
    return reason
