"""The parts of a value that change, found by comparing whole values.

Both sides are walked together. At each place there are the raw value, the part of it that is
unknown, and the mark as sensitive:

- A place that one side marks as sensitive is hidden on both sides, and so is the same text in other
  places of the object. The raw values are still compared, so the change is listed; the values
  themselves never leave this module.
- A whole value that becomes unknown, or is there on one side only, is one change at its path.
- Two maps are compared key by key. Two lists are aligned first, so that an element that was put
  in or taken out is one change, and only elements that face each other are compared.
- Attributes that force a replacement are always listed, even if both sides look the same: a
  server may have put the same text in the place of two secrets.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve, frozen

from remote_backend.models.changes import AttributeChange
from remote_backend.models.values import (
    ABSENT,
    SENSITIVE,
    UNKNOWN,
    Json,
    Path,
    Step,
    Value,
    comparable,
)
from remote_backend.plans.list_alignment import align
from remote_backend.plans.masks import (
    Mask,
    fitted_mask,
    join_masks,
    joined_for,
    mask_at,
    mask_of_secrets,
    normalized_mask,
    secret_texts,
    visible_value,
)

__all__ = ("Side", "attributes_of_resource", "changes_of_value", "make_sides", "value_of")

_NOTHING: Any = object()


@frozen
class Side:
    """A raw value before or after the plan, with the normalized masks that apply to it."""

    value: Json = _NOTHING
    sensitive: Mask = False
    unknown: Mask = False
    hidden: Mask = False
    """What is not marked, but is the same text as a secret of the same object."""

    @property
    def is_absent(self) -> bool:
        """Whether there is neither a value nor one to come."""
        return self.value is _NOTHING and not self.unknown

    @property
    def is_without_value(self) -> bool:
        """Whether no part has a value that is known."""
        return self.value is _NOTHING or self.value is None

    @property
    def is_null(self) -> bool:
        """Whether there is no value, or null, and none to come."""
        return self.is_without_value and not self.unknown

    @property
    def comparable(self) -> Any:
        """The raw value in a form that can be compared and hashed."""
        if self.unknown is True or self.value is _NOTHING:
            return (self.is_absent, comparable(self.unknown))
        # Unknown members are left out of the value, so the mask belongs to it.
        return (comparable(self.value), comparable(self.unknown))

    @property
    def is_map(self) -> bool:
        """Whether it has keys; an object of unknown values alone may have no value."""
        return self.unknown is not True and (
            isinstance(self.value, dict)
            or (isinstance(self.unknown, dict) and self.is_without_value)
        )

    @property
    def keys(self) -> set[str]:
        """The keys of a map, those with unknown values included."""
        known = self.value if isinstance(self.value, dict) else {}
        unknown = self.unknown if isinstance(self.unknown, dict) else {}
        return {*known, *unknown}

    @property
    def is_list(self) -> bool:
        """Whether it has elements."""
        return isinstance(self.value, list) and self.unknown is not True

    def elements(self) -> "list[Side]":
        """Return the elements of a list."""
        return [self.at(index) for index in range(len(self.value))]

    def at(self, step: Step) -> "Side":
        """Return the part at a key or an index."""
        value = _NOTHING
        if isinstance(self.value, dict):
            value = self.value.get(step, _NOTHING)
        elif isinstance(self.value, list) and isinstance(step, int):
            value = self.value[step] if 0 <= step < len(self.value) else _NOTHING
        return Side(
            value,
            mask_at(self.sensitive, step),
            mask_at(self.unknown, step),
            mask_at(self.hidden, step),
        )


def make_sides(change: Mapping[str, Any]) -> tuple[Side, Side]:
    """Return both sides of a change as a plan describes it; null means that there is none.

    A text that one place marks as sensitive is hidden in all places of the object: it may have
    moved in a list, or come back in a computed attribute.
    """
    before = _side(change.get("before"), change.get("before_sensitive"))
    after = _side(
        change.get("after"), change.get("after_sensitive"), change.get("after_unknown")
    )
    secrets = {
        *secret_texts(before.value, before.sensitive),
        *secret_texts(after.value, after.sensitive),
    }
    if not secrets:
        return before, after
    return (
        evolve(before, hidden=mask_of_secrets(before.value, secrets)),
        evolve(after, hidden=mask_of_secrets(after.value, secrets)),
    )


def _side(value: Json, sensitive: Any, unknown: Any = False) -> Side:
    raw = _NOTHING if value is None else value
    mask = fitted_mask(value, normalized_mask(sensitive))
    return Side(raw, mask, normalized_mask(unknown))


def value_of(side: Side, other: Side) -> Value:
    """Return a side without what its own mark or that of the other side hides."""
    if side.is_absent:
        return ABSENT
    if side.unknown is True and side.sensitive is not True:
        return UNKNOWN
    raw = None if side.value is _NOTHING else side.value
    own = join_masks(side.sensitive, side.hidden)
    marks = joined_for(raw, own, join_masks(other.sensitive, other.hidden))
    visible = visible_value(raw, marks, side.unknown)
    return visible if isinstance(visible, Value) else Value(value=visible)


def attributes_of_resource(
    before: Side, after: Side, replace_paths: Iterable[Path]
) -> Iterator[AttributeChange]:
    """Give the attributes that change, in the order of their paths."""
    forcing = [path for path in replace_paths if path]
    listed: list[Path] = []
    for key in sorted(before.keys | after.keys):
        old, new = before.at(key), after.at(key)
        # An attribute that is not set is null, whether the plan writes it or not.
        if not (old.is_null and new.is_null) and not _are_same(old, new):
            for change in _changes((key,), old, new):
                listed.append(change.path)
                yield evolve(change, replaces=_is_concerned(change.path, forcing))
    for path in forcing:
        if not _is_concerned(path, listed):
            yield _forcing_change(path, before, after)


def _are_same(before: Side, after: Side) -> bool:
    """Return True for most attributes that do not change, in a tenth of the time of a comparison."""
    return (
        before.sensitive == after.sensitive
        and not before.unknown
        and not after.unknown
        # Different JSON values never have the same text: true is "True", and 1 is "1".
        and repr(before.value) == repr(after.value)
    )


def changes_of_value(before: Side, after: Side) -> Iterator[AttributeChange]:
    """Give the parts of a value that differ."""
    return _changes((), before, after)


def _is_concerned(path: Path, others: Iterable[Path]) -> bool:
    return any(path[: len(other)] == other[: len(path)] for other in others)


def _forcing_change(path: Path, before: Side, after: Side) -> AttributeChange:
    for step in path:
        before, after = before.at(step), after.at(step)
    return evolve(_change(path, before, after), replaces=True)


def _changes(path: Path, before: Side, after: Side) -> Iterator[AttributeChange]:
    if True in (before.sensitive, before.hidden, after.sensitive, after.hidden):
        yield from _hidden_changes(path, before, after)
    elif before.is_map and after.is_map:
        for key in sorted(before.keys | after.keys):
            yield from _changes((*path, key), before.at(key), after.at(key))
    elif before.is_list and after.is_list:
        yield from _list_changes(path, before, after)
    elif before.comparable != after.comparable:
        yield _change(path, before, after)


def _change(path: Path, before: Side, after: Side) -> AttributeChange:
    return AttributeChange(
        path=path, before=value_of(before, after), after=value_of(after, before)
    )


def _hidden_changes(path: Path, before: Side, after: Side) -> Iterator[AttributeChange]:
    if before.comparable != after.comparable:
        yield _change(path, before, after)
    elif before.sensitive != after.sensitive and not before.is_null:
        sensitivity = "added" if after.sensitive is True else "removed"
        yield AttributeChange(
            path=path, before=SENSITIVE, after=SENSITIVE, sensitivity=sensitivity
        )


def _list_changes(path: Path, before: Side, after: Side) -> Iterator[AttributeChange]:
    old, new = before.elements(), after.elements()
    pairs = align(
        [side.comparable for side in old],
        [side.comparable for side in new],
        are_maps=lambda index, new_index: old[index].is_map and new[new_index].is_map,
    )
    if pairs is None:
        yield _change(path, before, after)
        return
    for pair in pairs:
        yield from _changes(
            (*path, pair.index),
            Side() if pair.old is None else old[pair.old],
            Side() if pair.new is None else new[pair.new],
        )
