"""Plans as JSON, without what must not be seen."""

import json
from typing import Any

__all__ = ("redact_plan",)

# What holds values of variables or states in full.
_REMOVED_MEMBERS = ("variables", "prior_state", "planned_values", "configuration")
_CHANGES = ("resource_changes", "resource_drift")


def redact_plan(data: bytes) -> bytes:
    """Return a plan in which sensitive values are null, and all else that tells changes."""
    plan: dict[str, Any] = json.loads(data)
    for name in _REMOVED_MEMBERS:
        plan.pop(name, None)
    for kind in _CHANGES:
        for one in plan.get(kind) or ():
            _redact_change(one.get("change"))
    for one in (plan.get("output_changes") or {}).values():
        _redact_change(one)
    for one in plan.get("deferred_changes") or ():
        _redact_change((one.get("resource_change") or {}).get("change"))
    return json.dumps(plan).encode()


def _redact_change(change: Any) -> None:
    for side in ("before", "after") if isinstance(change, dict) else ():
        change[side] = _redact_value(change.get(side), change.get(f"{side}_sensitive"))


def _redact_value(value: Any, sensitive: Any) -> Any:
    if sensitive is True:
        return None if value is None else "(redacted)"
    if isinstance(value, dict) and isinstance(sensitive, dict):
        return {
            key: _redact_value(inner, sensitive.get(key)) for key, inner in value.items()
        }
    if isinstance(value, list) and isinstance(sensitive, list):
        masks = [*sensitive, *([False] * (len(value) - len(sensitive)))]
        return [
            _redact_value(inner, mask) for inner, mask in zip(value, masks, strict=False)
        ]
    return value
