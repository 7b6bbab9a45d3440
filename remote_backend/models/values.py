"""Values of a plan as they are: with all digits, and apart from how they are displayed."""

from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

from attrs import field, frozen

__all__ = (
    "ABSENT",
    "SENSITIVE",
    "UNKNOWN",
    "Json",
    "Path",
    "Step",
    "Value",
    "ValueKind",
    "comparable",
)

Step: TypeAlias = str | int
"""A key of a map or an object, or an index of a list."""

Path: TypeAlias = tuple[Step, ...]

Json: TypeAlias = Any
"""None, bool, int, Decimal, str, a list or a dict of them; hidden parts are a `Value`."""


class ValueKind(Enum):
    """How much is known of a value."""

    VALUE = "value"
    ABSENT = "absent"
    """There is none, as before a creation; null in a collection is a value."""

    UNKNOWN = "unknown"
    """It is known after the apply only."""

    SENSITIVE = "sensitive"


def comparable(value: Json) -> Any:
    """Return a hashable form in which only equal values are equal: true is not 1, 1 is 1.0."""
    if isinstance(value, dict):
        return ("map", frozenset((key, comparable(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", tuple(map(comparable, value)))
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, int | Decimal):
        return ("number", value)
    return value


@frozen
class Value:
    """One side of a change.

    The parts of a collection that are unknown or sensitive are a `Value` of that kind inside
    `value`, at any depth. Secrets are left out when a plan is read, so a `Value` never has one.
    """

    kind: ValueKind = ValueKind.VALUE
    value: Json = field(default=None, eq=comparable)
    """The JSON value if `kind` is `VALUE`, else None."""

    @property
    def is_absent(self) -> bool:
        """Whether the value is absent."""
        return self.kind is ValueKind.ABSENT

    @property
    def is_nothing(self) -> bool:
        """Whether there is no value, or null."""
        return self.is_absent or (self.kind is ValueKind.VALUE and self.value is None)

    @property
    def is_unknown(self) -> bool:
        """Whether the whole value is known after the apply only."""
        return self.kind is ValueKind.UNKNOWN

    @property
    def is_sensitive(self) -> bool:
        """Whether the whole value is hidden."""
        return self.kind is ValueKind.SENSITIVE


ABSENT = Value(ValueKind.ABSENT)
UNKNOWN = Value(ValueKind.UNKNOWN)
SENSITIVE = Value(ValueKind.SENSITIVE)
