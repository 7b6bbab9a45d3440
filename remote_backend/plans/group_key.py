"""What two plans must have in common so that a person would say "the same happens".

The *structure* of a plan has the addresses, actions, changed paths and the way in which each of them
changes. Workspaces with the same structure are one family. A plan also has *positions*: the values at
those paths. Only new values separate groups in a family. Old values, values of destroyed
objects, import ids, and values that are unknown or sensitive do not.

Nothing here is made for display: whole values and true addresses are compared.
"""

from collections.abc import Hashable, Iterable, Iterator
from functools import cache
from typing import Any, TypeAlias

from attrs import define, evolve, field, frozen

from remote_backend.models.changes import (
    Action,
    ActionInvocation,
    AttributeChange,
    Diagnostic,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.values import Path, Value, ValueKind, comparable
from remote_backend.plans.comparison import undone_of
from remote_backend.plans.own_names import Form, OwnNames, Resolver, unordered

__all__ = ("PlanFacts", "Position", "PositionKey", "Structure")

PositionKey: TypeAlias = Hashable
Structure: TypeAlias = Hashable

# Terraform plans no new values for these objects, so the values that remain are old ones.
_WITHOUT_NEW_VALUES = (Action.DELETE, Action.GONE, Action.FORGET)


@frozen
class Position:
    """The values at one path of one plan; several where elements of a list come or go."""

    place: str
    """The true address of the resource, or `output NAME`."""

    path: Path
    """The true path; without the index if elements come or go."""

    before: tuple[Value, ...]
    after: tuple[Value, ...]
    indexes: Path = ()
    """Where the elements come or go."""

    def new_form(self, names: OwnNames) -> Form:
        """Return the form of the new values; elements of a list without their order."""
        forms = [
            names.form(value.value) if value.kind is ValueKind.VALUE else value
            for value in self.after
        ]
        return forms[0] if len(forms) == 1 else unordered(forms)

    @property
    def new_raw_values(self) -> Form:
        """Return the new values as they are, names of the workspace included, to compare them."""
        raws = [
            comparable(value.value) if value.kind is ValueKind.VALUE else value
            for value in self.after
        ]
        return raws[0] if len(raws) == 1 else unordered(raws)


@define
class _Part:
    """A part of a plan whose names are not resolved yet."""

    section: str
    place: str
    names: tuple[str | None, ...]
    facts: tuple[Hashable, ...]
    changes: tuple[AttributeChange, ...] = ()
    is_old: bool = False


@define
class PlanFacts:
    """The facts of one plan that are compared.

    `add_names` of all plans comes first, then `resolve` of each, which needs the names of all.
    """

    outcome: Outcome
    names: OwnNames
    _parts: list[_Part] = field(init=False, factory=list)
    structure: Structure = field(init=False, default=None)
    positions: dict[PositionKey, Position] = field(init=False, factory=dict)
    value_classes: dict[PositionKey, Form] = field(init=False, factory=dict)
    """The class of each new value; plans of a family with equal classes are one group."""

    has_own_names: bool = field(init=False, default=False)
    """Whether addresses or keys only carry the name of the workspace."""

    def __attrs_post_init__(self) -> None:
        changes = self.outcome.changes
        if changes is not None and self.outcome.result is Result.CHANGES:
            self._parts = [*_parts(changes), *_undone_parts(self.outcome)]

    def add_names(self, resolver: Resolver) -> None:
        """Add every address, key and name to a resolver."""
        for text in self._texts():
            resolver.add(self.names.text_form(text), text)

    def resolve(self, resolver: Resolver) -> None:
        """Make the structure and the positions; the parts are not needed afterwards."""

        @cache
        def resolved(text: str) -> Hashable:
            form = self.names.text_form(text)
            self.has_own_names |= resolver.is_own(form)
            return resolver.resolve(form, text)

        structure = []
        for part in self._parts:
            names = (name and resolved(name) for name in part.names)
            key = (part.section, *names, *part.facts)
            path_changes = set()
            for change in part.changes:
                path = tuple(
                    resolved(step) if isinstance(step, str) else step
                    for step in _general_path(change)
                )
                if not part.is_old:
                    path_changes.add((path, _kind_of_change(change), change.replaces))
                self._add_position((key, path), part, change)
            structure.append((key, frozenset(path_changes)))
        self.structure = unordered(structure)
        self._parts = []

    def new_values(self) -> Iterator[tuple[PositionKey, Form, Form]]:
        """Give the form and the raw value at each position with a new value."""
        for key, position in self.positions.items():
            if position.after:
                yield key, position.new_form(self.names), position.new_raw_values

    def _texts(self) -> Iterator[str]:
        for part in self._parts:
            yield from (name for name in part.names if name is not None)
            for change in part.changes:
                yield from (step for step in change.path if isinstance(step, str))

    def _add_position(self, key: PositionKey, part: _Part, change: AttributeChange) -> None:
        position = _position(part, change)
        if (other := self.positions.get(key)) is not None:
            position = evolve(
                other,
                before=other.before + position.before,
                after=other.after + position.after,
                indexes=other.indexes + position.indexes,
            )
        self.positions[key] = position


def _position(part: _Part, change: AttributeChange) -> Position:
    end = len(change.path) - 1 if _is_element(change) else len(change.path)
    return Position(
        place=part.place,
        path=change.path[:end],
        before=(change.before,),
        after=() if part.is_old else (change.after,),
        indexes=change.path[end:],
    )


def _is_element(change: AttributeChange) -> bool:
    return (
        bool(change.path)
        and isinstance(change.path[-1], int)
        and (change.before.is_absent or change.after.is_absent)
    )


def _general_path(change: AttributeChange) -> tuple[str | int | None, ...]:
    return (*change.path[:-1], None) if _is_element(change) else change.path


def _kind_of_change(change: AttributeChange) -> Hashable:
    """Return how an attribute changes, as coarse as a person would describe it."""
    if change.before.is_sensitive or change.after.is_sensitive:
        return ("sensitive", change.sensitivity)
    if change.after.is_unknown:
        return "unknown"
    if change.after.is_absent:
        return "removed"
    return "added" if change.before.is_nothing else "changed"


def _parts(changes: PlannedChanges) -> Iterator[_Part]:
    yield from _resource_parts("resource", changes.resources)
    yield from _resource_parts("drift", changes.related_drift)
    yield from _resource_parts("deferred", changes.deferred)
    yield from map(_output_part, changes.outputs)
    yield from map(_invocation_part, changes.actions)
    yield from map(_diagnostic_part, changes.diagnostics)
    for name in changes.not_understood:
        yield _Part("not understood", "", (name,), ())


def _undone_parts(outcome: Outcome) -> Iterator[_Part]:
    """Give what only the base of a comparison does; its values are not compared."""
    for part in _parts(undone_of(outcome)):
        yield evolve(part, section=f"undone {part.section}", is_old=True)


def _resource_parts(section: str, changes: Iterable[ResourceChange]) -> Iterator[_Part]:
    for change in changes:
        yield _Part(
            section,
            change.address,
            (change.address, change.previous_address),
            (
                change.deposed,
                change.action,
                change.is_import,
                change.action_reason,
                change.deferred_reason,
            ),
            change.attributes,
            is_old=change.action in _WITHOUT_NEW_VALUES,
        )
        if change.is_import:
            yield _import_part(section, change)


def _diagnostic_part(diagnostic: Diagnostic) -> _Part:
    place = f"{diagnostic.severity}: {diagnostic.summary}"
    names = (diagnostic.summary, diagnostic.address, diagnostic.place)
    # Details name ids and numbers, so they are a value that can differ.
    detail = AttributeChange(path=("detail",), after=Value(value=diagnostic.detail))
    return _Part("diagnostic", place, names, (diagnostic.severity,), (detail,))


def _import_part(section: str, change: ResourceChange) -> _Part:
    value = change.imported_identity or Value(value=change.imported_id)
    import_id = AttributeChange(path=("import_id",), before=value)
    names = (change.address,)
    return _Part(f"{section} import", change.address, names, (), (import_id,), is_old=True)


def _output_part(change: OutputChange) -> _Part:
    place = f"output {change.name}"
    return _Part("output", place, (change.name,), (change.action,), change.attributes)


def _invocation_part(invocation: ActionInvocation) -> _Part:
    names = (invocation.address, invocation.trigger_address)
    facts: tuple[Any, ...] = (invocation.trigger_event, invocation.deferred_reason)
    values = AttributeChange(path=("configuration",), after=invocation.configuration)
    return _Part("action", invocation.address, names, facts, (values,))
