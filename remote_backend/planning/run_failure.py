"""Why a run that is over has no plan to use: its policies, its tasks, its log, or its status."""

from collections.abc import Sequence

from attrs import evolve

from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.policy import CheckReport
from remote_backend.models.run import Phase
from remote_backend.planning.polling import RunSnapshot
from remote_backend.plans.log_facts import LogFacts

__all__ = ("failure_of_run",)

_BY_STATUS = {
    "errored": (FailureKind.TERRAFORM, "the run errored"),
    "canceled": (FailureKind.CANCELED, "the run was canceled"),
    "force_canceled": (FailureKind.CANCELED, "the run was canceled by force"),
    "discarded": (FailureKind.DECISION, "the run was discarded"),
    "policy_soft_failed": (FailureKind.POLICY, "a soft-mandatory policy failed"),
}


def failure_of_run(
    snapshot: RunSnapshot, checks: Sequence[CheckReport], log: LogFacts
) -> Failure | None:
    """Return why a run failed, or None when there is a plan.

    The run's status decides: a failed check of a run that succeeded is not a failure.
    """
    if snapshot.succeeded:
        return None
    by_checks = _failure_of_checks([check for check in checks if check.failed])
    if snapshot.run.phase is Phase.AWAITING_DECISION:
        return _undecided(snapshot.run.status, by_checks)
    by_status, by_log = _failure_of_status(snapshot), log.failure
    if by_status.kind is FailureKind.CANCELED:
        # A time limit of the server cancels too, and says so in the log alone.
        is_timeout = by_log is not None and by_log.kind is FailureKind.TIMEOUT
        return by_log if is_timeout else by_status
    plan_errored = snapshot.plan is not None and snapshot.plan.status == "errored"
    if by_checks is not None and not plan_errored:
        return by_checks
    is_errored = snapshot.run.status == "errored"
    return by_log if is_errored and by_log is not None else by_status


def _failure_of_status(snapshot: RunSnapshot) -> Failure:
    status = snapshot.run.status
    unknown = (FailureKind.TERRAFORM, f"the run is {status}")
    kind, title = _BY_STATUS.get(status, unknown)
    plan = snapshot.plan
    if status == "errored" and plan is not None and plan.never_starts:
        title += " before its plan began"
    elif status == "errored" and plan is not None and plan.status == "finished":
        title += " after its plan"
    return Failure(kind=kind, title=title)


def _undecided(status: str, by_checks: Failure | None) -> Failure:
    if by_checks is None:
        title = f"the run needs a decision in the browser ({status})"
        return Failure(kind=FailureKind.DECISION, title=title)
    title = f"{by_checks.title} needs a decision in the browser"
    return evolve(by_checks, kind=FailureKind.DECISION, title=title)


def _failure_of_checks(failed: Sequence[CheckReport]) -> Failure | None:
    if not failed:
        return None
    titles = [title for check in failed for title in check.failure_titles]
    more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
    is_task = failed[0].is_task
    return Failure(
        kind=FailureKind.TASK if is_task else FailureKind.POLICY,
        title=f"{titles[0]}{more}",
        text="\n".join(_text_of(check) for check in failed),
        policies=tuple(policy for check in failed for policy in check.failed_policies),
    )


def _text_of(check: CheckReport) -> str:
    policies = check.failed_policies
    texts = [policy.text for policy in policies] if policies else [check.text]
    parts = zip(check.failure_titles, texts, strict=True)
    return "\n".join(f"{title} failed\n{text}".rstrip() for title, text in parts)
