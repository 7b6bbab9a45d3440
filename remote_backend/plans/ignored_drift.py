"""Changes from outside that somebody has decided to ignore: counted, and shown nowhere.

Autoscalers, cost tools and operators keep changing the same attributes of many objects. A list of
patterns in the repository leaves them out, so that other drift is seen.
"""

from collections.abc import Sequence

from attrs import evolve

from remote_backend.formats.address_patterns import address_pattern
from remote_backend.models.changes import Action, ResourceChange
from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.value_text import path_text

__all__ = ("without_ignored_drift",)


def without_ignored_drift(
    outcome: Outcome, patterns: Sequence[str], *, is_drift: bool
) -> Outcome:
    """Return an outcome without drift that a pattern names, and with its number.

    A pattern is for the address and the path of an attribute as one text,
    `aws_instance.web.tags["Cost"]`, or for the address alone of an object that was deleted. A plan
    that only refreshes (`is_drift`) has no changes when nothing else is left.
    """
    changes = outcome.changes
    if changes is None or not patterns:
        return outcome
    kept = [_without_ignored(change, patterns) for change in changes.drift]
    ignored = _size(changes.drift) - _size([change for change in kept if change])
    if not ignored:
        return outcome
    changes = evolve(changes, drift=tuple(change for change in kept if change))
    is_quiet = is_drift and changes.is_empty and outcome.result is Result.CHANGES
    return evolve(
        outcome,
        changes=changes,
        result=Result.NO_CHANGES if is_quiet else outcome.result,
        ignored_drift=ignored,
    )


def _without_ignored(
    change: ResourceChange, patterns: Sequence[str]
) -> ResourceChange | None:
    if change.action == Action.GONE or not change.attributes:
        return None if _is_named(change.address, patterns) else change
    attributes = tuple(
        attribute
        for attribute in change.attributes
        if not _is_named(_text(change.address, path_text(attribute.path)), patterns)
    )
    return evolve(change, attributes=attributes) if attributes else None


def _text(address: str, path: str) -> str:
    return f"{address}{path}" if path.startswith("[") else f"{address}.{path}"


def _size(changes: Sequence[ResourceChange]) -> int:
    return sum(max(1, len(change.attributes)) for change in changes)


def _is_named(text: str, patterns: Sequence[str]) -> bool:
    return any(address_pattern(pattern).fullmatch(text) for pattern in patterns)
