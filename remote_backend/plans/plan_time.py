"""The time of a plan inside of its values, which is another one in every plan.

`plantimestamp()` is known while Terraform plans, so each plan of an object that uses it has a new value
(https://developer.hashicorp.com/terraform/language/functions/plantimestamp). The full plan as JSON
carries the value as `timestamp`. The redacted one does not: there every RFC 3339 time between the
beginning and the end of the plan counts as the time of the plan.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from attrs import frozen

from remote_backend.models.values import Json, Value, ValueKind

__all__ = ("TIME_OF_PLAN", "PlanTime")

TIME_OF_PLAN = "(time of the plan)"
_RFC_3339 = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
# The clock of a worker is not exactly that of the server, which reports when the plan began.
_TOLERANCE = timedelta(seconds=5)

Span: TypeAlias = tuple[str, str]


@frozen
class PlanTime:
    """When a plan was made, as far as that is known."""

    exact: str | None = None
    """The value of `plantimestamp()`."""

    between: Span | None = None
    """When the plan began and when it ended (ISO 8601)."""

    def removed_from(self, value: Value) -> Value:
        """Return a value with `TIME_OF_PLAN` in the place of the time of the plan."""
        if value.kind is not ValueKind.VALUE:
            return value
        return Value(value=self._removed(value.value))

    def _removed(self, value: Json) -> Json:
        if isinstance(value, str):
            return self._removed_from_text(value)
        if isinstance(value, dict):
            return {key: self._removed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._removed(item) for item in value]
        return self.removed_from(value) if isinstance(value, Value) else value

    def _removed_from_text(self, text: str) -> str:
        if self.exact:
            return text.replace(self.exact, TIME_OF_PLAN)
        if self.between is None:
            return text
        return _RFC_3339.sub(self._mark_or_time, text)

    def _mark_or_time(self, match: re.Match[str]) -> str:
        return TIME_OF_PLAN if self._is_within(match[0]) else match[0]

    def _is_within(self, text: str) -> bool:
        assert self.between is not None
        time, start, end = map(_time, (text, *self.between))
        if time is None or start is None or end is None:
            return False
        return start - _TOLERANCE <= time <= end + _TOLERANCE


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
