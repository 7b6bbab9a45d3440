"""How a workspace ended, for every output: its result by name and sign, and what it destroys."""

from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.plans.actions import is_dangerous

__all__ = (
    "RESULT_SIGNS",
    "destroyed_count",
    "is_destructive",
    "replaced_count",
    "result_name",
)

_NAMES = {
    Result.FAILED: "failed",
    Result.CANCELED: "canceled",
    Result.NOT_STARTED: "canceled",
    Result.CHANGES: "changed",
    Result.NO_CHANGES: "unchanged",
}
RESULT_SIGNS = {
    "failed": "\u2717",
    "canceled": "\u2298",
    "running": "\u2026",
    "destructive": "!",
    "changed": "~",
    "unchanged": "\u2713",
}
"""The sign of each result, in every output; a destructive one is changed, too."""


def result_name(outcome: Outcome) -> str:
    """Return how a workspace ended, in the word of reports as JSON."""
    return "running" if outcome.still_running else _NAMES[outcome.result]


def replaced_count(outcome: Outcome) -> int | None:
    """Return how many resources a plan replaces; None where its changes are not known."""
    changes = outcome.changes
    if changes is None or not outcome.succeeded:
        return 0 if outcome.counts == Counts() else None
    return sum(change.is_replacement for change in changes.resources)


def is_destructive(outcome: Outcome) -> bool:
    """Whether a plan destroys, replaces or forgets something."""
    if outcome.result is not Result.CHANGES:
        return False
    return destroyed_count(outcome) > 0


def destroyed_count(outcome: Outcome) -> int:
    """Return how many objects a plan destroys, replaces or forgets."""
    if outcome.changes is not None and outcome.changes.resources:
        return sum(is_dangerous(change.action) for change in outcome.changes.resources)
    return outcome.counts.destroy if outcome.counts is not None else 0
