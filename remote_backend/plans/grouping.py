"""Groups of workspaces that would change alike, so that the few others stand out."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import evolve, frozen

from remote_backend.models.changes import (
    AttributeChange,
    Diagnostic,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.outcome import ENDED_WITHOUT_PLAN, Outcome, Result
from remote_backend.models.values import ABSENT, Value
from remote_backend.plans.value_text import path_text, value_text

__all__ = ("OUTSIDE_WORDS", "Group", "group_outcomes", "action_symbol")

_HERE = "<workspace>"
_DANGER = (
    "delete",
    "replace",
    "replace_create_first",
    "create_then_forget",
    "forget",
    "gone",
    "update",
    "create",
    "drift",
    "import",
    "move",
    "read",
)
_SIGNS = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "replace": "-/+",
    "replace_create_first": "+/-",
    "create_then_forget": "+/.",
    "read": "<=",
    "forget": ".",
    "move": "->",
    "import": "<-",
    "drift": "!",
    "gone": "!-",
}
OUTSIDE_WORDS = {"drift": "changed outside", "gone": "deleted outside"}
"""How reports name changes that were made outside of Terraform, by action."""

_SHORTEST_NAME = 2
_RESULTS = (*ENDED_WITHOUT_PLAN, Result.CHANGES, Result.NO_CHANGES)


@frozen(kw_only=True)
class Group:
    """Workspaces with the same result and the same changes."""

    result: Result
    workspaces: tuple[str, ...]
    changes: PlannedChanges | None = None
    """Normalized: the workspace's own name is replaced by `<workspace>`."""

    reason: str | None = None
    similar_to: str | None = None
    """How it differs from a larger group that changes the same resources."""

    @property
    def title(self) -> str:
        """Say what happens, in one line: `- aws_vpc.a, ~ aws_route.b and 3 more`."""
        if self.result in ENDED_WITHOUT_PLAN:
            return self.reason or self.result.value
        if self.result is Result.NO_CHANGES:
            return Result.NO_CHANGES.value
        if self.changes is None:
            return "changes whose details are not known"
        lines = [
            f"{action_symbol(change.action)} {change.address}"
            for change in _by_danger(self.changes)
        ]
        lines += [
            f"{action_symbol(change.action)} output {change.name}"
            for change in self.changes.outputs
        ]
        first_lines = ", ".join(lines[:5])
        return (
            f"{first_lines} and {len(lines) - 5} more"
            if len(lines) > 5
            else first_lines or "changes"
        )


def action_symbol(action: str) -> str:
    """Return the sign that Terraform prints before a change of this kind."""
    return _SIGNS.get(action, "?")


def group_outcomes(outcomes: Iterable[Outcome]) -> tuple[Group, ...]:
    """Return groups, the most dangerous first; equally dangerous ones by size, small first."""
    by_key: dict[object, list[tuple[Outcome, PlannedChanges | None]]] = {}
    for outcome in outcomes:
        changes = _normalized(outcome)
        key = (outcome.result, changes, _reason(outcome))
        by_key.setdefault(key, []).append((outcome, changes))
    groups = [
        Group(
            result=members[0][0].result,
            workspaces=tuple(outcome.workspace for outcome, _ in members),
            changes=members[0][1],
            reason=_reason(members[0][0]),
        )
        for members in by_key.values()
    ]
    groups.sort(key=_rank)
    return tuple(_compared(group, groups) for group in groups)


def _reason(outcome: Outcome) -> str | None:
    if outcome.result not in ENDED_WITHOUT_PLAN:
        return None
    text = outcome.reason or outcome.result.value
    diagnostics = outcome.changes.diagnostics if outcome.changes is not None else ()
    errors = [
        diagnostic.summary for diagnostic in diagnostics if diagnostic.severity == "error"
    ]
    if errors:
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        text = f"{text}: {errors[0]}{more}"
    if outcome.run_id:
        text = text.replace(outcome.run_id, "<run>")
    return _mask_names(text, _names(outcome))


def _normalized(outcome: Outcome) -> PlannedChanges | None:
    changes = outcome.changes
    if changes is None or outcome.result is Result.NO_CHANGES:
        return None
    names = _names(outcome)

    def masked(text: str) -> str:
        return _mask_names(text, names)

    def masked_or_none(text: str | None) -> str | None:
        return None if text is None else masked(text)

    def masked_json(value: Any) -> Any:
        if isinstance(value, dict):
            return {masked(key): masked_json(item) for key, item in value.items()}
        if isinstance(value, list):
            return [masked_json(item) for item in value]
        return masked(value) if isinstance(value, str) else value

    def masked_value(value: Value) -> Value:
        return evolve(value, value=masked_json(value.value))

    def attribute(change: AttributeChange) -> AttributeChange:
        return evolve(
            change,
            path=tuple(masked_json(step) for step in change.path),
            before=masked_value(change.before),
            after=masked_value(change.after),
        )

    def resource(change: ResourceChange) -> ResourceChange:
        return evolve(
            change,
            address=masked(change.address),
            previous_address=masked_or_none(change.previous_address),
            imported_id=masked_or_none(change.imported_id),
            attributes=tuple(
                sorted(map(attribute, change.attributes), key=lambda inner: str(inner.path))
            ),
        )

    def resources(resource_changes: Iterable[ResourceChange]) -> tuple[ResourceChange, ...]:
        # Masking changes addresses, so the order of the plan no longer holds.
        return tuple(
            sorted(
                map(resource, resource_changes),
                key=lambda change: (change.address, change.action),
            )
        )

    def output(change: OutputChange) -> OutputChange:
        return evolve(
            change,
            before=masked_value(change.before),
            after=masked_value(change.after),
            attributes=tuple(map(attribute, change.attributes)),
        )

    def diagnostic(original: Diagnostic) -> Diagnostic:
        return evolve(
            original,
            summary=masked(original.summary),
            detail=masked(original.detail),
            address=masked_or_none(original.address),
        )

    return PlannedChanges(
        resources=resources(changes.resources),
        outputs=tuple(map(output, changes.outputs)),
        actions=changes.actions,
        not_understood=changes.not_understood,
        drift=resources(changes.drift),
        deferred=resources(changes.deferred),
        diagnostics=tuple(map(diagnostic, changes.diagnostics)),
    )


def _mask_names(text: str, names: list[str]) -> str:
    """Replace the names of a workspace, as whole words, by the same mark."""
    for name in names:
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", _HERE, text)
    return text


def _names(outcome: Outcome) -> list[str]:
    # The longer name first, because it contains the shorter one. Masking a name of one letter
    # would hit words by chance.
    names = {outcome.full_name, outcome.workspace}
    return sorted(
        (name for name in names if len(name) >= _SHORTEST_NAME), key=len, reverse=True
    )


def _rank(group: Group) -> tuple[int, int, int, str]:
    danger = len(_DANGER)
    if group.changes is not None:
        actions = [one.action for one in _by_danger(group.changes)]
        danger = min((_danger(one) for one in actions), default=danger)
    return (_RESULTS.index(group.result), danger, len(group.workspaces), group.title)


def _danger(action: str) -> int:
    return _DANGER.index(action) if action in _DANGER else 0


def _by_danger(changes: PlannedChanges) -> list[ResourceChange]:
    # Rank by planned changes; drift counts only when nothing is planned.
    resources = [*changes.resources, *changes.deferred] or [*changes.drift]
    return sorted(resources, key=lambda change: (_danger(change.action), change.address))


def _compared(group: Group, groups: Sequence[Group]) -> Group:
    """Say how a group differs from a larger one with the same resources."""
    if group.changes is None:
        return group
    mine = _actions_by_address(group.changes)
    for other in sorted(groups, key=lambda candidate: -len(candidate.workspaces)):
        if len(other.workspaces) <= len(group.workspaces) or other.changes is None:
            continue
        if _actions_by_address(other.changes) == mine:
            return evolve(
                group, similar_to=_difference(group.changes, other.changes, other)
            )
    return group


def _actions_by_address(changes: PlannedChanges) -> frozenset[tuple[str, str]]:
    return frozenset((change.address, change.action) for change in changes.resources)


def _difference(mine: PlannedChanges, theirs: PlannedChanges, other: Group) -> str:
    texts = []
    their_changes = {change.address: change for change in theirs.resources}
    for change in mine.resources:
        values = {
            attribute.path: attribute.after
            for attribute in their_changes[change.address].attributes
        }
        for attribute in change.attributes:
            if values.get(attribute.path) != attribute.after:
                there = values.get(attribute.path, ABSENT)
                texts.append(
                    f"{change.address} {path_text(attribute.path)} = "
                    f"{value_text(attribute.after)} (there {value_text(there)})"
                )
    differences = "; ".join(texts[:3]) or "other outputs or details"
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return f"unlike {other.workspaces[0]} and {len(other.workspaces) - 1} others: {differences}{more}"
