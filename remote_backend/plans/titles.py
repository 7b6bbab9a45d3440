"""What a plan does, in one line of words, the most dangerous first."""

from collections.abc import Callable, Sequence

from remote_backend.formats.amounts import signed_numbers
from remote_backend.models.changes import ActionInvocation, PlannedChanges, ResourceChange
from remote_backend.models.outcome import ENDED_WITHOUT_PLAN, Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.plans.actions import OUTSIDE_WORDS, action_verb, danger, is_dangerous
from remote_backend.plans.comparison_words import name_of_change, result_words
from remote_backend.plans.first_failure import first_failure
from remote_backend.plans.value_text import address_text

__all__ = ("danger_text", "title_of")

_MOST_OUTPUTS = 3


def title_of(outcome: Outcome, *, draw_name: Callable[[str], str] = str) -> str:
    """Return what happens in a workspace: `replaces A and 1 more, destroys 5, changes 2`.

    `draw_name` is applied to addresses and names of outputs, as to make them code; in the titles of
    plans all the rest is text of this package. Behind it stands how head and base of a comparison
    ended against each other: `creates 2; repairs`.
    """
    words = result_words(outcome)
    title = _title_of(outcome, draw_name)
    return f"{title}; {words}" if words else title


def _title_of(outcome: Outcome, draw_name: Callable[[str], str]) -> str:
    if outcome.result in ENDED_WITHOUT_PLAN:
        failure = first_failure(outcome)
        if failure is not None:
            return failure.reason
        return "still running" if outcome.still_running else outcome.result.value
    if outcome.result is Result.NO_CHANGES:
        return "unchanged"
    undone = _undone(outcome, draw_name)
    if outcome.changes is None or (outcome.changes.is_empty and not undone):
        counts = _counts_text(outcome.counts)
        return f"{counts}, details not available" if counts else "details not available"
    return ", ".join((*_planned(outcome.changes, draw_name), *undone)) or "changes"


def _undone(outcome: Outcome, draw_name: Callable[[str], str]) -> list[str]:
    """Return what only the base of a comparison does: `undoes 2`."""
    undone = outcome.comparison.undone if outcome.comparison is not None else ()
    if not undone:
        return []
    name = draw_name(name_of_change(undone[0].change))
    return [f"undoes {name if len(undone) == 1 else len(undone)}"]


def danger_text(changes: PlannedChanges, *, draw_name: Callable[[str], str] = str) -> str:
    """Return the part of a title that names danger; empty if nothing is dangerous."""
    dangerous = [change for change in changes.resources if is_dangerous(change.action)]
    return ", ".join(_by_verb(dangerous, len(changes.resources), draw_name))


def _counts_text(counts: Counts | None) -> str:
    if counts is None:
        return ""
    return signed_numbers(counts.add, counts.change, counts.destroy)


def _planned(changes: PlannedChanges, draw_name: Callable[[str], str]) -> list[str]:
    parts = _by_verb(changes.resources, len(changes.resources), draw_name)
    if changes.deferred:
        parts.append(f"defers {_number_or_name(changes.deferred, draw_name)}")
    if changes.actions:
        parts.append(f"invokes {_number_or_name(changes.actions, draw_name)}")
    if not changes.resources:
        parts += _outside(changes, draw_name)
        names = [draw_name(change.name) for change in changes.outputs]
        parts += _outputs(names) if not parts else []
    if changes.not_understood:
        number = len(changes.not_understood)
        parts.append(f"{number} {'part' if number == 1 else 'parts'} not understood")
    return parts


def _by_verb(
    changes: Sequence[ResourceChange], total: int, draw_name: Callable[[str], str]
) -> list[str]:
    by_verb: dict[str, list[str]] = {}
    for change in sorted(changes, key=lambda change: danger(change.action)):
        by_verb.setdefault(action_verb(change.action), []).append(address_text(change))
    dangerous_verbs = {
        action_verb(change.action) for change in changes if is_dangerous(change.action)
    }
    parts: list[str] = []
    for verb, addresses in by_verb.items():
        is_named = verb in dangerous_verbs and (not parts or len(addresses) == 1)
        # Of the dangerous kinds the first is named, and the second if it is single.
        if total == 1 or (is_named and len(parts) < 2):
            more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
            parts.append(f"{verb} {draw_name(addresses[0])}{more}")
        else:
            parts.append(f"{verb} {len(addresses)}")
    return parts


def _number_or_name(
    changes: Sequence[ResourceChange | ActionInvocation], draw_name: Callable[[str], str]
) -> str:
    return draw_name(changes[0].address) if len(changes) == 1 else str(len(changes))


def _outside(changes: PlannedChanges, draw_name: Callable[[str], str]) -> list[str]:
    parts = []
    for action, words in reversed(OUTSIDE_WORDS.items()):
        addresses = [c.address for c in changes.related_drift if c.action == action]
        if addresses:
            more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
            parts.append(f"{draw_name(addresses[0])}{more} {words}")
    others = [c for c in changes.related_drift if c.action not in OUTSIDE_WORDS]
    for verb in dict.fromkeys(action_verb(change.action) for change in others):
        of_verb = [c for c in others if action_verb(c.action) == verb]
        parts.append(f"{verb} {_number_or_name(of_verb, draw_name)}")
    return parts


def _outputs(names: list[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _MOST_OUTPUTS} more" if len(names) > _MOST_OUTPUTS else ""
    noun = "output" if len(names) == 1 else "outputs"
    return [f"changes {noun} {', '.join(names[:_MOST_OUTPUTS])}{more}"]
