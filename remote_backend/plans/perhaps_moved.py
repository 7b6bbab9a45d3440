"""Destroys and creates that may be moves, because somebody renamed a block without a `moved` block.

A destroy and a create of one type are a pair where all values that are known are equal and no other
destroy or create fits as well.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import evolve, frozen

from remote_backend.models.changes import AttributeChange, ResourceChange
from remote_backend.models.comparison import (
    ChangeClass,
    ComparedChange,
    Section,
)
from remote_backend.models.values import ABSENT, Json, Path, Value, ValueKind

__all__ = ("with_perhaps_moved",)

# Comparing each destroy with each create of a type would take too long beyond this.
_MOST_PAIRS = 10_000


def with_perhaps_moved(changes: Sequence[ComparedChange]) -> tuple[ComparedChange, ...]:
    """Return changes of the head; pairs that may be moves have that class and their partner."""
    partners = _partners(changes)
    return tuple(
        evolve(change, change_class=ChangeClass.PERHAPS_MOVED, partner=partners[index])
        if index in partners
        else change
        for index, change in enumerate(changes)
    )


def _partners(changes: Sequence[ComparedChange]) -> dict[int, str]:
    """Return the addresses of the partners by the index of a change."""
    destroyed, created = _by_type(changes, "delete"), _by_type(changes, "create")
    partners: dict[int, str] = {}
    for type_name in destroyed.keys() & created.keys():
        for old, new in _pairs(destroyed[type_name], created[type_name]):
            partners[old.index] = new.change.address
            partners[new.index] = old.change.address
    return partners


@frozen
class _Candidate:
    """A destroy or a create of the head alone."""

    index: int
    change: ResourceChange
    values: Mapping[Path, Value]

    @property
    def own_name(self) -> str:
        """The address below its module: `aws_vpc.this["a"]`."""
        return _below_modules(self.change.address)

    @property
    def instance_key(self) -> str:
        """The key or index behind the name: `["a"]`; empty without one."""
        name = self.own_name
        return name[name.index("[") :] if "[" in name else ""


def _by_type(changes: Sequence[ComparedChange], action: str) -> dict[str, list[_Candidate]]:
    by_type: defaultdict[str, list[_Candidate]] = defaultdict(list)
    for index, compared in enumerate(changes):
        change = compared.head
        if (
            compared.change_class is ChangeClass.CAUSED
            and compared.section is Section.RESOURCES
            and compared.base is None
            and isinstance(change, ResourceChange)
            and change.action == action
            and change.deposed is None
            and not change.is_import
        ):
            values = dict(_known_values(change.attributes, is_old=action == "delete"))
            by_type[change.type].append(_Candidate(index, change, values))
    return dict(by_type)


def _known_values(
    attributes: Iterable[AttributeChange], *, is_old: bool
) -> Iterator[tuple[Path, Value]]:
    for attribute in attributes:
        yield attribute.path, attribute.before if is_old else attribute.after


def _pairs(
    destroyed: Sequence[_Candidate], created: Sequence[_Candidate]
) -> Iterator[tuple[_Candidate, _Candidate]]:
    """Give the pairs of one type that nothing else fits as well."""
    fitting = _fitting_pairs(destroyed, created)
    for narrowed in (_are_any, _have_same_name, _have_same_key):
        pairs = [pair for pair in fitting if narrowed(*pair)]
        chosen = [pair for pair in pairs if _is_only_one(pair, pairs)]
        yield from chosen
        taken = {one.index for pair in chosen for one in pair}
        fitting = [pair for pair in fitting if taken.isdisjoint(one.index for one in pair)]


def _fitting_pairs(
    destroyed: Sequence[_Candidate], created: Sequence[_Candidate]
) -> list[tuple[_Candidate, _Candidate]]:
    are_many = len(destroyed) * len(created) > _MOST_PAIRS
    return [
        (old, new)
        for old in destroyed
        for new in created
        if (not are_many or old.own_name == new.own_name) and _fit(old, new)
    ]


def _is_only_one(
    pair: tuple[_Candidate, _Candidate], pairs: Sequence[tuple[_Candidate, _Candidate]]
) -> bool:
    old, new = pair
    return sum(other is old or another is new for other, another in pairs) == 1


def _are_any(old: _Candidate, new: _Candidate) -> bool:
    return True


def _have_same_name(old: _Candidate, new: _Candidate) -> bool:
    return old.own_name == new.own_name


def _have_same_key(old: _Candidate, new: _Candidate) -> bool:
    return old.instance_key == new.instance_key


def _fit(old: _Candidate, new: _Candidate) -> bool:
    """Whether all values that both sides know are equal, and there are some or the names agree."""
    same_count = 0
    for path in {**old.values, **new.values}:
        before, after = old.values.get(path, ABSENT), new.values.get(path, ABSENT)
        if not _are_known(before, after):
            continue
        if not _are_equal(_plain(before), _plain(after)):
            return False
        same_count += not _is_nothing(_plain(before))
    return same_count > 0 or _have_same_name(old, new)


def _are_known(*values: Value) -> bool:
    return not any(value.is_unknown or value.is_sensitive for value in values)


def _plain(value: Value) -> Json:
    return value.value if value.kind is ValueKind.VALUE else None


def _are_equal(before: Json, after: Json) -> bool:
    if isinstance(before, Value) or isinstance(after, Value):
        # A part that is unknown or hidden can have any value.
        return True
    if isinstance(before, dict) and isinstance(after, dict):
        keys = {**before, **after}
        return all(_are_equal(before.get(key), after.get(key)) for key in keys)
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return all(map(_are_equal, before, after))
    # Providers write an empty collection where a new object has none yet.
    if _is_nothing(before) and _is_nothing(after):
        return True
    return Value(value=before) == Value(value=after)


def _is_nothing(value: Json) -> bool:
    return value is None or value in ([], {})


def _below_modules(address: str) -> str:
    """Return an address without its modules; keys of modules can hold any text."""
    rest = address
    while rest.startswith("module."):
        end = _end_of_step(rest, len("module."))
        rest = rest[end + 1 :]
    return rest


def _end_of_step(address: str, start: int) -> int:
    """Return where the dot behind a step is, outside of brackets and quotes."""
    is_quoted = False
    position = start
    while position < len(address):
        character = address[position]
        if is_quoted and character == "\\":
            position += 1
        elif character == '"':
            is_quoted = not is_quoted
        elif character == "." and not is_quoted:
            return position
        position += 1
    return position
