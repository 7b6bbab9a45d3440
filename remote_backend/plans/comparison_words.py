"""What comparisons of a batch say in a few words, for every form of report."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from attrs import frozen

from remote_backend.models.changes import AttributeChange, OutputChange
from remote_backend.models.comparison import (
    AnyChange,
    ChangeClass,
    ComparedChange,
    ComparedWith,
    Comparison,
    ComparisonResult,
    Section,
)
from remote_backend.models.outcome import Outcome
from remote_backend.models.values import Value
from remote_backend.plans.value_text import value_text

__all__ = (
    "CLASS_WORDS",
    "RESULT_WORDS",
    "AlikeChanges",
    "alike_changes",
    "base_text",
    "comparison_texts",
    "comparisons_of",
    "name_of_change",
    "result_words",
    "states_changed",
)

CLASS_WORDS: Mapping[ChangeClass, str] = {
    ChangeClass.CAUSED: "caused",
    ChangeClass.UNDONE: "undone",
    ChangeClass.MOVED: "moved",
    ChangeClass.PERHAPS_MOVED: "perhaps moved",
    ChangeClass.UNKNOWN_NOW: "unknown now",
    ChangeClass.KNOWN_NOW: "known now",
    ChangeClass.PENDING: "pending anyway",
    ChangeClass.PENDING_UNSURE: "pending anyway (unsure)",
    ChangeClass.CANNOT_TELL: "cannot tell",
}
RESULT_WORDS: Mapping[ComparisonResult, str] = {
    ComparisonResult.COMPARED: "",
    ComparisonResult.REPAIRS: "repairs",
    ComparisonResult.BREAKS: "breaks",
    ComparisonResult.FAILED_BEFORE: "failed before too",
    ComparisonResult.NO_BASE: "no base to compare with",
    ComparisonResult.NEW: "new",
}
_APART = (
    ChangeClass.MOVED,
    ChangeClass.UNKNOWN_NOW,
    ChangeClass.KNOWN_NOW,
    ChangeClass.CANNOT_TELL,
    ChangeClass.PENDING_UNSURE,
    ChangeClass.PENDING,
)
"""The classes of what the change does not cause, the most interesting first."""

_LONGEST_BASE = 120


def result_words(outcome: Outcome) -> str:
    """Return how head and base ended against each other, where that is worth a word."""
    comparison = outcome.comparison
    return "" if comparison is None else RESULT_WORDS[comparison.result]


def comparisons_of(outcomes: Iterable[Outcome]) -> dict[str, Comparison]:
    """Return the comparisons by the names of workspaces."""
    return {
        outcome.workspace: outcome.comparison
        for outcome in outcomes
        if outcome.comparison is not None
    }


def comparison_texts(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Give the numbers of what no change causes: `pending anyway: 31 in 12 workspaces`."""
    comparisons = comparisons_of(outcomes).values()
    for change_class in reversed(_APART):
        counts = [comparison.count(change_class) for comparison in comparisons]
        number = sum(map(bool, counts))
        if number:
            noun = "workspace" if number == 1 else "workspaces"
            yield f"{CLASS_WORDS[change_class]}: {sum(counts):,} in {number:,} {noun}"


def base_text(attribute: AttributeChange) -> str:
    """Return what the value would be by the plan of the base; empty where there is no difference."""
    base = attribute.base
    if base is None or (base == attribute.after and not base.is_sensitive):
        return ""
    if base == attribute.before and base != attribute.after:
        return "base: no change"
    return f"base: {_value_of_base(base)}"


def _value_of_base(base: Value) -> str:
    return "differs" if base.is_sensitive else value_text(base, longest=_LONGEST_BASE)


def name_of_change(change: AnyChange) -> str:
    """Return the address of a change, or `output NAME`."""
    if isinstance(change, OutputChange):
        return f"output {change.name}"
    return change.address


def states_changed(
    outcomes: Iterable[Outcome], compared_with: ComparedWith | None
) -> tuple[str, ...]:
    """Return the workspaces whose state changed between two plans that were made together."""
    # Between a stored plan and a new one, the state has changed as a rule.
    if compared_with is None or compared_with.kind == "report":
        return ()
    return tuple(
        workspace
        for workspace, comparison in comparisons_of(outcomes).items()
        if comparison.state_changed
    )


@frozen(kw_only=True)
class AlikeChanges:
    """A change of one class that several workspaces have."""

    change_class: ChangeClass
    section: Section
    example: ComparedChange
    workspaces: tuple[str, ...]


_Likeness: TypeAlias = tuple[ChangeClass, Section, str, str, str]


def _likeness(compared: ComparedChange) -> _Likeness:
    """Return what changes have in common that are listed as one."""
    change = compared.change
    return (
        compared.change_class,
        compared.section,
        name_of_change(change),
        getattr(change, "action", ""),
        getattr(change, "previous_address", None) or "",
    )


def alike_changes(outcomes: Iterable[Outcome]) -> tuple[AlikeChanges, ...]:
    """Return all that no change causes, each address once for each class and action.

    The most frequent come first.
    """
    found: defaultdict[_Likeness, dict[str, ComparedChange]] = defaultdict(dict)
    for workspace, comparison in comparisons_of(outcomes).items():
        for compared in comparison.of_class(*_APART):
            found[_likeness(compared)][workspace] = compared
    alike = (
        AlikeChanges(
            change_class=change_class,
            section=section,
            example=next(iter(by_workspace.values())),
            workspaces=tuple(by_workspace),
        )
        for (change_class, section, *_), by_workspace in found.items()
    )
    return tuple(
        sorted(
            alike, key=lambda one: (_APART.index(one.change_class), -len(one.workspaces))
        )
    )
