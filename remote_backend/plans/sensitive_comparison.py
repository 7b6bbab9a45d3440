"""Whether sensitive values of two full plans are the same.

The values are compared in memory, and the answer is all that leaves this module: no value is kept,
hashed or written.
"""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from remote_backend.formats.exact_json import load_exact
from remote_backend.models.values import Path, comparable
from remote_backend.plans.plan_members import dicts_of

__all__ = ("SensitiveValues", "sensitive_values")

_MISSING: Any = object()


@frozen
class SensitiveValues:
    """The new values of two full plans; an instance is called with a place and a path."""

    _head: Mapping[str, Any] = field(repr=False)
    _base: Mapping[str, Any] = field(repr=False)
    _previous: Mapping[str, str] = field(repr=False)
    """Addresses that the base uses for objects that the head moves."""

    def __call__(self, place: str, path: Path) -> bool | None:
        """Return whether both plans have the same new value; None where one of them has no such place."""
        earlier = place if place in self._base else self._previous.get(place, place)
        if place not in self._head or earlier not in self._base:
            return None
        head, base = _at(self._head[place], path), _at(self._base[earlier], path)
        if head is _MISSING or base is _MISSING:
            return head is base
        return bool(comparable(head) == comparable(base))


def sensitive_values(head: bytes, base: bytes) -> SensitiveValues | None:
    """Return what compares the sensitive values of two plans as JSON; None unless both are full."""
    documents = [_full_plan(data) for data in (head, base)]
    if None in documents:
        return None
    of_head, of_base = (document or {} for document in documents)
    return SensitiveValues(_values(of_head), _values(of_base), _previous_addresses(of_head))


def _full_plan(data: bytes) -> dict[str, Any] | None:
    try:
        document = load_exact(data)
    except (ValueError, RecursionError):
        return None
    # Redacted plans have `plan_format_version`, and the same text in the place of all secrets.
    is_full = isinstance(document, dict) and "format_version" in document
    return document if is_full else None


def _values(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new values by the address of a resource, or `output NAME`."""
    values: dict[str, Any] = {}
    for section in ("resource_changes", "resource_drift", "deferred_changes"):
        for resource in dicts_of(plan.get(section)):
            change = resource.get("change")
            if isinstance(change, dict) and not resource.get("deposed"):
                values.setdefault(str(resource.get("address")), change.get("after"))
    outputs = plan.get("output_changes")
    for name, change in (outputs if isinstance(outputs, dict) else {}).items():
        if isinstance(change, dict):
            values[f"output {name}"] = change.get("after")
    return values


def _previous_addresses(plan: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(resource.get("address")): str(resource["previous_address"])
        for resource in dicts_of(plan.get("resource_changes"))
        if resource.get("previous_address")
    }


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step, _MISSING)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return _MISSING
    return value
