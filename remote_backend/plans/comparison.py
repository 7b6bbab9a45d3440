"""What a change of the configuration causes: the plan of its head against that of its base.

Both plans are of one workspace, made from the same state at about the same time. Each change of the
head is paired with the one of the base that has the same address and deposed key, or else the address
that the object is moved from, and gets exactly one class:

| pair | class |
|---|---|
| only the head has it | caused; a mere move: moved |
| both, with another action, path, new value, or cause of a replacement | caused |
| both, and all of it is equal | pending; moved where the address is another one |
| both, and only what is known before the apply differs | unknown now, known now |
| both, equal as far as hidden values can be compared | cannot be decided |
| only the base has it | undone |
| a destroy and a create that only the head has, with equal values | perhaps moved, both |

Both plans should begin with the same state. Where the old values of an object differ, or what was
changed outside of Terraform, the state has changed between the two plans, and the class is *pending
anyway (unsure)* whatever the pair looks like. In plans that only refresh, drift is the news itself.

Data sources that are only read are left out: reading changes nothing.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from attrs import define, evolve, field, frozen

from remote_backend.models.changes import OutputChange, PlannedChanges, ResourceChange
from remote_backend.models.comparison import (
    AnyChange,
    ChangeClass,
    ComparedChange,
    Section,
)
from remote_backend.models.outcome import Outcome
from remote_backend.plans.change_match import Match, Matcher, before_differs
from remote_backend.plans.perhaps_moved import with_perhaps_moved

__all__ = ("ComparedPlans", "compare_plans", "effect_of", "undone_of")

Key: TypeAlias = Hashable

_CLASSES = {
    Match.EQUAL: ChangeClass.PENDING,
    Match.KNOWN_NOW: ChangeClass.KNOWN_NOW,
    Match.UNKNOWN_NOW: ChangeClass.UNKNOWN_NOW,
    Match.CANNOT_TELL: ChangeClass.CANNOT_TELL,
    Match.DIFFERENT: ChangeClass.CAUSED,
}


@frozen
class ComparedPlans:
    """The classes of all changes of two plans."""

    changes: tuple[ComparedChange, ...]
    """Every change of the head exactly once, and behind them those that only the base has."""

    state_changed: bool = False
    """Whether the state, or the real objects, have changed between the two plans."""


@frozen
class _Pair:
    """A change of the head and its counterpart; one of them can be missing."""

    head: AnyChange | None
    base: AnyChange | None
    is_moved: bool = False


def compare_plans(
    head: PlannedChanges,
    base: PlannedChanges,
    matcher: Matcher | None = None,
    *,
    is_drift: bool = False,
) -> ComparedPlans:
    """Give every change of the head, and those that only the base has, a class.

    `is_drift` is for plans that only refresh.
    """
    comparing = _Comparing(head, base, matcher or Matcher(), is_drift=is_drift)
    changes = [
        compared
        for section in Section
        for compared in comparing.section(section)
    ]  # fmt: skip
    of_head = [change for change in changes if change.head is not None]
    of_base = [change for change in changes if change.head is None]
    return ComparedPlans(
        changes=(*with_perhaps_moved(of_head), *of_base),
        state_changed=comparing.state_changed,
    )


@define
class _Comparing:
    """Two plans while they are compared."""

    head: PlannedChanges
    base: PlannedChanges
    matcher: Matcher
    is_drift: bool = field(kw_only=True)
    state_changed: bool = field(init=False, default=False)
    _changed_outside: frozenset[str] = field(init=False)
    """The addresses whose drift is not the same in both plans."""

    def __attrs_post_init__(self) -> None:
        self._changed_outside = frozenset() if self.is_drift else self._different_drift()

    def section(self, section: Section) -> Iterator[ComparedChange]:
        """Give the changes of a section with their classes."""
        for pair in self._pairs_of(section):
            yield self._compared(section, pair)

    def _pairs_of(self, section: Section) -> Iterable[_Pair]:
        # The sections are the attributes of a plan.
        return _pairs(getattr(self.head, section.value), getattr(self.base, section.value))

    def _compared(self, section: Section, pair: _Pair) -> ComparedChange:
        change_class, shown = self._class_of(pair)
        if self._is_unsure(section, pair, change_class):
            self.state_changed = True
            change_class = ChangeClass.PENDING_UNSURE
        return ComparedChange(
            change_class=change_class,
            section=section,
            head=pair.head,
            base=pair.base,
            shown=shown,
        )

    def _class_of(self, pair: _Pair) -> tuple[ChangeClass, AnyChange | None]:
        head, base = pair.head, pair.base
        if head is None:
            return ChangeClass.UNDONE, base
        if base is None:
            return _class_of_head_alone(head), head
        match, shown = self.matcher.match(head, base)
        if not pair.is_moved and _previous_address(head) != _previous_address(base):
            match = Match.DIFFERENT
        if match is Match.EQUAL and pair.is_moved:
            return ChangeClass.MOVED, shown
        return _CLASSES[match], shown

    def _is_unsure(self, section: Section, pair: _Pair, change_class: ChangeClass) -> bool:
        """Whether the state has changed, so that the class would say too much."""
        if self.is_drift:
            return False
        if section is Section.DRIFT:
            # What has happened outside is not caused by a configuration.
            return change_class in (ChangeClass.CAUSED, ChangeClass.UNDONE)
        if pair.head is not None and pair.base is not None:
            if before_differs(pair.head, pair.base):
                return True
        return any(
            self._has_changed(change)
            for change in (pair.head, pair.base)
            if isinstance(change, ResourceChange)
        )

    def _has_changed(self, change: ResourceChange) -> bool:
        names = {change.address, change.previous_address or change.address}
        if not names.isdisjoint(self._changed_outside):
            return True
        head, base = (
            _marks(plan, names, change.deposed) for plan in (self.head, self.base)
        )
        return bool(head and base) and head != base

    def _different_drift(self) -> frozenset[str]:
        return frozenset(
            change.address
            for pair in _pairs(self.head.drift, self.base.drift)
            if self._class_of(pair)[0] in (ChangeClass.CAUSED, ChangeClass.UNDONE)
            for change in (pair.head, pair.base)
            if isinstance(change, ResourceChange)
        )


def _marks(plan: PlannedChanges, addresses: Iterable[str], deposed: str | None) -> set[int]:
    marks = plan.before_marks
    keys = ((address, deposed) for address in addresses)
    return {marks[key] for key in keys if key in marks}


def _class_of_head_alone(head: AnyChange) -> ChangeClass:
    is_move = isinstance(head, ResourceChange) and head.action == "move"
    return ChangeClass.MOVED if is_move else ChangeClass.CAUSED


def _pairs(head: Sequence[AnyChange], base: Sequence[AnyChange]) -> list[_Pair]:
    """Return the changes of the head with their counterparts, then those of the base alone."""
    heads, unpaired = _without_reads(head), _Unpaired(_without_reads(base))
    same = [unpaired.take(_key(change)) for change in heads]
    pairs = [
        _Pair(change, counterpart)
        if counterpart is not None
        else _moved_pair(change, unpaired)
        for change, counterpart in zip(heads, same, strict=True)
    ]
    return [*pairs, *(_Pair(None, change) for change in unpaired.rest())]


def _moved_pair(head: AnyChange, unpaired: "_Unpaired") -> _Pair:
    """Return a change with what the base does to the object at its earlier address."""
    if not isinstance(head, ResourceChange) or head.previous_address is None:
        return _Pair(head, None)
    counterpart = None
    # A mere move changes nothing, so a change at the earlier address is not its counterpart.
    if head.action != "move":
        counterpart = unpaired.take((head.previous_address, head.deposed))
    counterpart = counterpart or unpaired.take_moved_from(head.previous_address)
    return _Pair(head, counterpart, is_moved=True)


@define
class _Unpaired:
    """The changes of the base that have no counterpart yet."""

    changes: Sequence[AnyChange]
    _by_key: dict[Key, list[AnyChange]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        by_key: defaultdict[Key, list[AnyChange]] = defaultdict(list)
        for change in self.changes:
            by_key[_key(change)].append(change)
        self._by_key = by_key

    def take(self, key: Key) -> AnyChange | None:
        """Return the next change with a key, which is paired from now on."""
        waiting = self._by_key.get(key)
        return waiting.pop(0) if waiting else None

    def take_moved_from(self, address: str) -> AnyChange | None:
        """Return a change of an object that the base moves from the same address."""
        for change in self.rest():
            if _previous_address(change) == address:
                return self.take(_key(change))
        return None

    def rest(self) -> list[AnyChange]:
        """Return those that are left."""
        return [change for waiting in self._by_key.values() for change in waiting]


def _key(change: AnyChange) -> Key:
    if isinstance(change, ResourceChange):
        return (change.address, change.deposed)
    if isinstance(change, OutputChange):
        return change.name
    return (change.address, change.trigger_address, change.trigger_event)


def _previous_address(change: AnyChange) -> str | None:
    return change.previous_address if isinstance(change, ResourceChange) else None


def _without_reads(changes: Iterable[AnyChange]) -> list[AnyChange]:
    return [change for change in changes if not _is_read(change)]


def _is_read(change: AnyChange) -> bool:
    return isinstance(change, ResourceChange) and change.action == "read"


def effect_of(
    head: PlannedChanges, base: PlannedChanges, effective: Iterable[ComparedChange]
) -> PlannedChanges:
    """Return the part of the head's plan that is there because of the change."""
    by_section: defaultdict[Section, list[AnyChange]] = defaultdict(list)
    for compared in effective:
        by_section[compared.section].append(compared.change)
    # The attributes of a plan have the names of the sections.
    sections: dict[str, Any] = {
        section.value: tuple(by_section[section]) for section in Section
    }
    earlier = set(base.diagnostics)
    return evolve(
        head,
        **sections,
        before_marks={},
        diagnostics=tuple(one for one in head.diagnostics if one not in earlier),
        not_understood=tuple(
            part for part in head.not_understood if part not in base.not_understood
        ),
    )


def undone_of(outcome: Outcome) -> PlannedChanges:
    """Return what only the base does, as a plan; empty without a comparison."""
    comparison = outcome.comparison
    if comparison is None or not comparison.undone:
        return PlannedChanges()
    return effect_of(PlannedChanges(), PlannedChanges(), comparison.undone)
