"""What differs between plans of one group, as a small table: place, value, workspaces."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from enum import Enum

from attrs import evolve, frozen

from remote_backend.models.values import ABSENT, Path, Value
from remote_backend.plans.group_key import PlanFacts, Position, PositionKey
from remote_backend.plans.value_text import path_text

__all__ = ("Difference", "DifferingValue", "Side", "find_differences", "variants_text")

# A value is odd if less than one workspace in so many has it.
_ODD_SHARE = 5
_FEWEST_OF_THEIR_OWN = 3


class Side(Enum):
    """Which value of a change differs."""

    AFTER = "after"
    BEFORE = "before"
    """Reports name it "was"."""

    INDEX = "index"
    """Where in a list elements are put in or taken out."""

    NAME = "name"
    """Addresses and keys, which carry the name of the workspace."""


_SIDES = (Side.AFTER, Side.NAME, Side.INDEX, Side.BEFORE)


@frozen(kw_only=True)
class DifferingValue:
    """A value, and the workspaces that have it."""

    value: Value | None
    """None if each workspace has its own: a new one that carries its name, or an old one."""

    workspaces: tuple[str, ...]
    is_odd: bool = False


@frozen(kw_only=True)
class Difference:
    """A place at which plans that are alike have different values."""

    place: str
    """The address of the resource, or `output NAME`, as the first workspace has it."""

    path: Path
    side: Side
    values: tuple[DifferingValue, ...]
    """The rarest first."""

    @property
    def is_each_its_own(self) -> bool:
        """Whether the values say nothing but that every workspace has another one."""
        return all(value.value is None for value in self.values)


def find_differences(members: Sequence[PlanFacts]) -> tuple[Difference, ...]:
    """Return all places where values of a family differ: new values first, old ones last."""
    if len(members) < 2:
        return ()
    keys = dict.fromkeys(key for facts in members for key in facts.positions)
    found = [difference for key in keys for difference in _at(key, members)]
    if members[0].has_own_names:
        found.append(_different_names(members))
    return tuple(sorted(found, key=_rank))


def _rank(difference: Difference) -> tuple[int, bool]:
    return (_SIDES.index(difference.side), difference.is_each_its_own)


def _different_names(members: Sequence[PlanFacts]) -> Difference:
    own = DifferingValue(value=None, workspaces=_workspaces(members))
    return Difference(place="addresses and keys", path=(), side=Side.NAME, values=(own,))


def _at(key: PositionKey, members: Sequence[PlanFacts]) -> Iterator[Difference]:
    positions = [facts.positions.get(key) for facts in members]
    first = next(position for position in positions if position is not None)
    for side, values in (
        (Side.AFTER, _new_values(key, members)),
        (Side.INDEX, _by_value(members, positions, _indexes)),
        (Side.BEFORE, _by_value(members, positions, lambda position: position.before)),
    ):
        if len(values) > 1 or values[0].value is None:
            yield Difference(
                place=first.place, path=first.path, side=side, values=_ordered(values)
            )


def _new_values(key: PositionKey, members: Sequence[PlanFacts]) -> list[DifferingValue]:
    by_class: dict[Hashable, list[PlanFacts]] = {}
    for facts in members:
        by_class.setdefault(facts.value_classes.get(key), []).append(facts)
    return [_new_value(key, holders) for holders in by_class.values()]


def _new_value(key: PositionKey, holders: Sequence[PlanFacts]) -> DifferingValue:
    positions = [facts.positions.get(key) for facts in holders]
    # An object that goes has no new values.
    known = [position for position in positions if position is not None and position.after]
    raws = {position.new_raw_values for position in known}
    value = _one_value(known[0].after if known else ())
    return DifferingValue(
        value=value if len(raws) < 2 else None, workspaces=_workspaces(holders)
    )


def _by_value(
    members: Sequence[PlanFacts],
    positions: Sequence[Position | None],
    values_of: Callable[[Position], tuple[Value, ...]],
) -> list[DifferingValue]:
    by_value: dict[tuple[Value, ...], list[PlanFacts]] = {}
    for facts, position in zip(members, positions, strict=True):
        values = () if position is None else values_of(position)
        by_value.setdefault(values, []).append(facts)
    if _FEWEST_OF_THEIR_OWN <= len(members) == len(by_value):
        return [DifferingValue(value=None, workspaces=_workspaces(members))]
    return [
        DifferingValue(value=_one_value(values), workspaces=_workspaces(holders))
        for values, holders in by_value.items()
    ]


def _indexes(position: Position) -> tuple[Value, ...]:
    return tuple(Value(value=index) for index in position.indexes)


def _one_value(values: tuple[Value, ...]) -> Value:
    if not values:
        return ABSENT
    if len(values) == 1:
        return values[0]
    return Value(value=[value.value if _is_known(value) else value for value in values])


def _is_known(value: Value) -> bool:
    return not (value.is_absent or value.is_unknown or value.is_sensitive)


def _workspaces(holders: Iterable[PlanFacts]) -> tuple[str, ...]:
    return tuple(facts.outcome.workspace for facts in holders)


def _ordered(values: list[DifferingValue]) -> tuple[DifferingValue, ...]:
    total = sum(len(value.workspaces) for value in values)
    marked = (
        evolve(value, is_odd=len(value.workspaces) * _ODD_SHARE < total) for value in values
    )
    return tuple(sorted(marked, key=lambda value: len(value.workspaces)))


def variants_text(differences: Iterable[Difference], odd_count: int) -> str:
    """Return how new values in a family differ: `1 has another cidr_block`.

    `odd_count` is the number of workspaces in variants, or 0 if there are too many variants.
    Empty if all new values are the same, apart from names.
    """
    paths = dict.fromkeys(
        path_text(difference.path) or difference.place
        for difference in differences
        if difference.side is Side.AFTER and not difference.is_each_its_own
    )
    if not paths:
        return ""
    name = next(iter(paths)) if len(paths) == 1 else ""
    if not odd_count:
        return f"{name} differs" if name else f"{len(paths)} values differ"
    verb = "has" if odd_count == 1 else "have"
    return f"{odd_count} {verb} {f'another {name}' if name else 'other values'}"
