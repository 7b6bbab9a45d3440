"""How a plan of a workspace ended, and what many of them mean together."""

from collections.abc import Iterable
from enum import Enum

from attrs import frozen

from remote_backend import models

__all__ = ("Outcome", "Result", "exit_code_of")


class Result(Enum):
    """How a plan ended, for a person who decides what to do next."""

    NO_CHANGES = "no changes"
    CHANGES = "changes"
    FAILED = "failed"
    CANCELED = "canceled"


@frozen(kw_only=True)
class Outcome:
    """How the plan of one workspace ended."""

    workspace: str
    """The name that people use: without the prefix."""

    full_name: str
    result: Result
    status: str | None = None
    """The last run status, or None when there was no run."""

    reason: str | None = None
    """Why it failed, in one sentence for a person."""

    counts: "models.plan.Counts | None" = None
    seconds: float = 0.0
    run_id: str | None = None
    run_url: str | None = None
    checks: "tuple[models.policy.CheckReport, ...]" = ()
    log_is_complete: bool = True
    changes: "models.changes.PlannedChanges | None" = None
    """What would change; None where nobody asked or the server does not tell."""

    times: tuple[tuple[str, float], ...] = ()
    """When each status was seen first, in seconds after the plan's start here."""

    error: Exception | None = None
    """What stopped us on our side; None when the server told the result."""

    @property
    def succeeded(self) -> bool:
        """Whether there is a plan to read."""
        return self.result in (Result.NO_CHANGES, Result.CHANGES)


def exit_code_of(outcomes: Iterable[Outcome], *, detailed: bool) -> int:
    """Return 1 when any plan failed, 2 for changes when asked for details, else 0."""
    results = [outcome.result for outcome in outcomes]
    if any(result in (Result.FAILED, Result.CANCELED) for result in results):
        return 1
    return 2 if detailed and Result.CHANGES in results else 0
