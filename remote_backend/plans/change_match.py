"""How a change of the head relates to its counterpart in the base: equal, or what differs.

Typed values are compared, never texts. The old values are not: they are the state, which both plans
begin with. What is compared is the action, the paths, the new values, and what forces a replacement.

Two hidden values are equal as far as anybody can see. Whether they are the same is known only where the
full plans could be read (`Secrets`); otherwise the match is `CANNOT_TELL`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import TypeAlias

from attrs import evolve, field, frozen

from remote_backend.models.changes import (
    ActionInvocation,
    AttributeChange,
    OutputChange,
    ResourceChange,
)
from remote_backend.models.comparison import AnyChange
from remote_backend.models.values import ABSENT, Json, Path, Value, ValueKind
from remote_backend.plans.plan_time import PlanTime

__all__ = ("Match", "Matcher", "Secrets", "before_differs")

Secrets: TypeAlias = Callable[[str, Path], bool | None]
"""Whether the sensitive values at a path of an address (or `output NAME`) are the same in both plans;
None where that is not known."""

# For these there are no new values that could differ.
_WITHOUT_VALUES = ("delete", "gone", "forget", "move", "import", "no-op", "read")


class Match(IntEnum):
    """How two changes relate; of several parts the greatest counts."""

    EQUAL = 0
    KNOWN_NOW = 1
    """The base does not know a value before the apply, and the head does."""

    UNKNOWN_NOW = 2
    CANNOT_TELL = 3
    DIFFERENT = 4


def _nothing_is_known(place: str, path: Path) -> bool | None:
    return None


@frozen
class Matcher:
    """Compares changes of two plans."""

    head_time: PlanTime = PlanTime()
    base_time: PlanTime = PlanTime()
    secrets: Secrets = field(default=_nothing_is_known, repr=False)

    def match(self, head: AnyChange, base: AnyChange) -> tuple[Match, AnyChange]:
        """Return how a change relates to its counterpart, and it without what both have."""
        if isinstance(head, ResourceChange) and isinstance(base, ResourceChange):
            return self._resources(head, base)
        if isinstance(head, OutputChange) and isinstance(base, OutputChange):
            return self._outputs(head, base)
        if isinstance(head, ActionInvocation) and isinstance(base, ActionInvocation):
            return self._invocations(head, base)
        return Match.DIFFERENT, head

    def _resources(
        self, head: ResourceChange, base: ResourceChange
    ) -> tuple[Match, ResourceChange]:
        are_alike = _facts(head) == _facts(base)
        if are_alike and head.action in _WITHOUT_VALUES:
            return Match.EQUAL, head
        match, differing = self._attributes(head.address, head.attributes, base.attributes)
        if not are_alike:
            return Match.DIFFERENT, evolve(head, attributes=differing or head.attributes)
        if not (head.attributes and base.attributes):
            # Where a server has no plan as JSON, the log names the addresses alone.
            return Match.CANNOT_TELL, head
        return match, evolve(head, attributes=differing)

    def _outputs(
        self, head: OutputChange, base: OutputChange
    ) -> tuple[Match, OutputChange]:
        place = f"output {head.name}"
        match, differing = self._attributes(place, head.attributes, base.attributes)
        if head.action != base.action:
            return Match.DIFFERENT, evolve(head, attributes=differing or head.attributes)
        return match, evolve(head, attributes=differing)

    def _invocations(
        self, head: ActionInvocation, base: ActionInvocation
    ) -> tuple[Match, ActionInvocation]:
        if head.deferred_reason != base.deferred_reason:
            return Match.DIFFERENT, head
        place, path = head.address, ("configuration",)
        return self._values(place, path, head.configuration, base.configuration), head

    def _attributes(
        self,
        place: str,
        head: Sequence[AttributeChange],
        base: Sequence[AttributeChange],
    ) -> tuple[Match, tuple[AttributeChange, ...]]:
        """Return the match of all attributes, and those of the head that differ."""
        at_head, at_base = _by_path(head), _by_path(base)
        worst, differing = Match.EQUAL, []
        for path in {**at_head, **at_base}:
            match, attributes = self._at(place, path, at_head, at_base)
            if match is not Match.EQUAL:
                worst = max(worst, match)
                differing += attributes
        return worst, tuple(differing)

    def _at(
        self,
        place: str,
        path: Path,
        at_head: dict[Path, list[AttributeChange]],
        at_base: dict[Path, list[AttributeChange]],
    ) -> tuple[Match, list[AttributeChange]]:
        head, base = at_head.get(path, []), at_base.get(path, [])
        if not base:
            # The base leaves the value as it is.
            matches = (_alone(one, at_base, Match.UNKNOWN_NOW) for one in head)
            return max(matches), [evolve(one, base=one.before) for one in head]
        if not head:
            matches = (_alone(one, at_head, Match.KNOWN_NOW) for one in base)
            return max(matches), [_only_in_base(one) for one in base]
        if len(head) != len(base):
            return Match.DIFFERENT, head
        pairs = [
            (self._pair(place, one, other), evolve(one, base=other.after))
            for one, other in zip(head, base, strict=True)
        ]
        return max(match for match, _ in pairs), [
            attribute for match, attribute in pairs if match is not Match.EQUAL
        ]

    def _pair(self, place: str, head: AttributeChange, base: AttributeChange) -> Match:
        if (head.replaces, head.sensitivity) != (base.replaces, base.sensitivity):
            return Match.DIFFERENT
        if head.sensitivity is not None:
            # The value stays, so there is nothing hidden that could differ.
            return Match.EQUAL
        return self._values(place, head.path, head.after, base.after)

    def _values(self, place: str, path: Path, head: Value, base: Value) -> Match:
        if head != base:
            head = self.head_time.removed_from(head)
            base = self.base_time.removed_from(base)
        match = _match_of_values(head, base)
        if match is not Match.CANNOT_TELL:
            return match
        are_same = self.secrets(place, path)
        if are_same is None:
            return Match.CANNOT_TELL
        return Match.EQUAL if are_same else Match.DIFFERENT


def before_differs(head: AnyChange, base: AnyChange) -> bool:
    """Whether two changes begin with different old values, so that the state has changed."""
    if isinstance(head, ActionInvocation) or isinstance(base, ActionInvocation):
        return False
    old, new = _old_values(base), _old_values(head)
    return any(
        _match_of_values(new[path], old[path]) is Match.DIFFERENT
        for path in old.keys() & new.keys()
    )


def _old_values(change: ResourceChange | OutputChange) -> dict[Path, Value]:
    """Return the old value at each path; not in lists, where an index is that of the new value."""
    return {
        path: attributes[0].before
        for path, attributes in _by_path(change.attributes).items()
        if len(attributes) == 1 and not any(isinstance(step, int) for step in path)
    }


def _facts(change: ResourceChange) -> tuple[object, ...]:
    return (
        change.action,
        change.imported_id,
        change.imported_identity,
        change.deferred_reason,
    )


def _by_path(attributes: Iterable[AttributeChange]) -> dict[Path, list[AttributeChange]]:
    """Return the changes at each path; an element that goes can have the index of one that comes."""
    by_path: defaultdict[Path, list[AttributeChange]] = defaultdict(list)
    for attribute in attributes:
        by_path[attribute.path].append(attribute)
    return dict(by_path)


def _alone(
    attribute: AttributeChange,
    others: dict[Path, list[AttributeChange]],
    if_unknown: Match,
) -> Match:
    """Return the match of an attribute that the other plan does not list at this path."""
    if attribute.replaces:
        return Match.DIFFERENT
    if attribute.after.is_unknown:
        return if_unknown
    if _is_within_unknown(attribute.path, others):
        return Match.KNOWN_NOW if if_unknown is Match.UNKNOWN_NOW else Match.UNKNOWN_NOW
    return Match.DIFFERENT


def _is_within_unknown(path: Path, others: dict[Path, list[AttributeChange]]) -> bool:
    """Whether the other plan does not know a whole value that this path leads into."""
    return any(
        other.after.is_unknown
        for end in range(len(path))
        for other in others.get(path[:end], ())
    )


def _only_in_base(base: AttributeChange) -> AttributeChange:
    """Return an attribute that the base changes and the head does not."""
    return AttributeChange(
        path=base.path, before=base.before, after=base.before, base=base.after
    )


def _match_of_values(head: Value, base: Value) -> Match:
    """Return the match of two values of which the time of the plan is removed."""
    if head.kind is ValueKind.VALUE and base.kind is ValueKind.VALUE:
        return _match_of_json(head.value, base.value)
    if head.is_unknown is not base.is_unknown:
        return Match.UNKNOWN_NOW if head.is_unknown else Match.KNOWN_NOW
    if head.is_sensitive and base.is_sensitive:
        return Match.CANNOT_TELL
    return Match.EQUAL if head.kind is base.kind else Match.DIFFERENT


def _match_of_json(head: Json, base: Json) -> Match:
    if isinstance(head, Value) or isinstance(base, Value):
        return _match_of_values(_as_value(head), _as_value(base))
    if isinstance(head, dict) and isinstance(base, dict):
        # An unknown member can be left out on the side that knows that it is null.
        keys = {**head, **base}
        return _greatest(
            _match_of_json(head.get(key, ABSENT), base.get(key, ABSENT)) for key in keys
        )
    if isinstance(head, list) and isinstance(base, list):
        if len(head) != len(base):
            return Match.DIFFERENT
        return _greatest(map(_match_of_json, head, base))
    return Match.EQUAL if Value(value=head) == Value(value=base) else Match.DIFFERENT


def _greatest(matches: Iterator[Match]) -> Match:
    return max(matches, default=Match.EQUAL)


def _as_value(value: Json) -> Value:
    return value if isinstance(value, Value) else Value(value=value)
