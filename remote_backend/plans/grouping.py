"""Workspaces that would change alike, put together; the few that differ are the news."""

import re
from collections.abc import Iterable, Sequence

from attrs import evolve, frozen

from remote_backend.models.changes import (
    AttributeChange,
    Diagnostic,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.outcome import ENDED_WITHOUT_PLAN, Outcome, Result

__all__ = ("OUTSIDE_WORDS", "Group", "group_outcomes", "action_symbol")

_HERE = "<workspace>"
_DANGER = (
    "delete",
    "replace",
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
    "read": "<=",
    "forget": ".",
    "move": "->",
    "import": "<-",
    "drift": "!",
    "gone": "!-",
}
OUTSIDE_WORDS = {"drift": "changed outside", "gone": "deleted outside"}
"""What is said of changes that nobody planned, by their actions."""

_SHORTEST_NAME = 2
_RESULTS = (*ENDED_WITHOUT_PLAN, Result.CHANGES, Result.NO_CHANGES)


@frozen(kw_only=True)
class Group:
    """Workspaces with the same result and the same changes."""

    result: Result
    workspaces: tuple[str, ...]
    changes: PlannedChanges | None = None
    """Normalized: where a workspace's own name stood, `<workspace>` stands."""

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
            f"{action_symbol(one.action)} {one.address}" for one in _by_danger(self.changes)
        ]
        lines += [
            f"{action_symbol(one.action)} output {one.name}" for one in self.changes.outputs
        ]
        shown = ", ".join(lines[:5])
        return (
            f"{shown} and {len(lines) - 5} more" if len(lines) > 5 else shown or "changes"
        )


def action_symbol(action: str) -> str:
    """Return the sign that Terraform puts before a change of this kind."""
    return _SIGNS.get(action, "?")


def group_outcomes(outcomes: Iterable[Outcome]) -> tuple[Group, ...]:
    """Return groups, the most dangerous first, and of those alike the smallest first."""
    found: dict[object, list[tuple[Outcome, PlannedChanges | None]]] = {}
    for outcome in outcomes:
        changes = _normalized(outcome)
        key = (outcome.result, changes, _reason(outcome))
        found.setdefault(key, []).append((outcome, changes))
    groups = [
        Group(
            result=members[0][0].result,
            workspaces=tuple(outcome.workspace for outcome, _ in members),
            changes=members[0][1],
            reason=_reason(members[0][0]),
        )
        for members in found.values()
    ]
    groups.sort(key=_rank)
    return tuple(_compared(group, groups) for group in groups)


def _reason(outcome: Outcome) -> str | None:
    if outcome.result not in ENDED_WITHOUT_PLAN:
        return None
    text = outcome.reason or outcome.result.value
    found = outcome.changes.diagnostics if outcome.changes is not None else ()
    errors = [one.summary for one in found if one.severity == "error"]
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

    def here(text: str) -> str:
        return _mask_names(text, names)

    def named(text: str | None) -> str | None:
        return None if text is None else here(text)

    def attribute(one: AttributeChange) -> AttributeChange:
        return evolve(
            one, path=here(one.path), before=named(one.before), after=named(one.after)
        )

    def resource(one: ResourceChange) -> ResourceChange:
        return evolve(
            one,
            address=here(one.address),
            previous_address=named(one.previous_address),
            imported_id=named(one.imported_id),
            attributes=tuple(
                sorted(map(attribute, one.attributes), key=lambda inner: inner.path)
            ),
        )

    def resources(found: Iterable[ResourceChange]) -> tuple[ResourceChange, ...]:
        # A name within an address decides where it stands among the others.
        return tuple(
            sorted(map(resource, found), key=lambda one: (one.address, one.action))
        )

    def output(one: OutputChange) -> OutputChange:
        return evolve(one, before=named(one.before), after=named(one.after))

    def diagnostic(one: Diagnostic) -> Diagnostic:
        return evolve(
            one,
            summary=here(one.summary),
            detail=here(one.detail),
            address=named(one.address),
        )

    return PlannedChanges(
        resources=resources(changes.resources),
        outputs=tuple(map(output, changes.outputs)),
        drift=resources(changes.drift),
        deferred=resources(changes.deferred),
        diagnostics=tuple(map(diagnostic, changes.diagnostics)),
    )


def _mask_names(text: str, names: list[str]) -> str:
    """Return a text in which the names of a workspace, as whole words, are one and the same."""
    for name in names:
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", _HERE, text)
    return text


def _names(outcome: Outcome) -> list[str]:
    # The longer one first: it holds the shorter one. A name of one letter would be anywhere.
    names = {outcome.full_name, outcome.workspace}
    return sorted((n for n in names if len(n) >= _SHORTEST_NAME), key=len, reverse=True)


def _rank(group: Group) -> tuple[int, int, int, str]:
    danger = len(_DANGER)
    if group.changes is not None:
        actions = [one.action for one in _by_danger(group.changes)]
        danger = min((_danger(one) for one in actions), default=danger)
    return (_RESULTS.index(group.result), danger, len(group.workspaces), group.title)


def _danger(action: str) -> int:
    return _DANGER.index(action) if action in _DANGER else 0


def _by_danger(changes: PlannedChanges) -> list[ResourceChange]:
    # Where something will be done, what happened before is only its reason.
    found = [*changes.resources, *changes.deferred] or [*changes.drift]
    return sorted(found, key=lambda one: (_danger(one.action), one.address))


def _compared(group: Group, groups: Sequence[Group]) -> Group:
    """Say how a group differs from a larger one with the same resources."""
    if group.changes is None:
        return group
    mine = _actions_by_address(group.changes)
    for other in sorted(groups, key=lambda one: -len(one.workspaces)):
        if len(other.workspaces) <= len(group.workspaces) or other.changes is None:
            continue
        if _actions_by_address(other.changes) == mine:
            return evolve(
                group, similar_to=_difference(group.changes, other.changes, other)
            )
    return group


def _actions_by_address(changes: PlannedChanges) -> frozenset[tuple[str, str]]:
    return frozenset((one.address, one.action) for one in changes.resources)


def _difference(mine: PlannedChanges, theirs: PlannedChanges, other: Group) -> str:
    texts = []
    before = {one.address: one for one in theirs.resources}
    for one in mine.resources:
        there = {a.path: a.after for a in before[one.address].attributes}
        for attribute in one.attributes:
            if there.get(attribute.path) != attribute.after:
                texts.append(
                    f"{one.address} {attribute.path} = {attribute.after} "
                    f"(there {there.get(attribute.path)})"
                )
    shown = "; ".join(texts[:3]) or "other outputs or details"
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return f"unlike {other.workspaces[0]} and {len(other.workspaces) - 1} others: {shown}{more}"
