"""Plans as JSON, read into changes; what is sensitive or unknown never comes out as a value."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from remote_backend.models.changes import (
    AttributeChange,
    Diagnostic,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)

__all__ = ("OUTSIDE", "parse_json_plan")

_SENSITIVE = "(sensitive value)"
_UNKNOWN = "(known after apply)"
_LONGEST_TEXT = 2000
_ACTIONS = {
    ("no-op",): "no-op",
    ("create",): "create",
    ("read",): "read",
    ("update",): "update",
    ("delete",): "delete",
    ("forget",): "forget",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("create", "forget"): "replace",
}

OUTSIDE = {"update": "drift", "delete": "gone"}
"""What an action is called when it has happened outside already."""


def parse_json_plan(data: bytes) -> PlannedChanges | None:
    """Return what a plan would change, or None for what is not a plan as JSON."""
    try:
        document = json.loads(data, parse_float=Decimal, parse_int=_whole)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or "format_version" not in document:
        return None
    resources = (_resource(one) for one in _dicts(document.get("resource_changes")))
    drift = (_resource(one, drift=True) for one in _dicts(document.get("resource_drift")))
    deferred = (
        _resource(one["resource_change"])
        for one in _dicts(document.get("deferred_changes"))
        if isinstance(one.get("resource_change"), dict)
    )
    return PlannedChanges(
        resources=tuple(one for one in resources if one.action != "no-op"),
        outputs=tuple(_outputs(document.get("output_changes"))),
        drift=tuple(one for one in drift if one.action != "no-op"),
        deferred=tuple(deferred),
        diagnostics=tuple(_failed_checks(document.get("checks"))),
    )


def _failed_checks(found: Any) -> Iterator[Diagnostic]:
    """Give a diagnostic for each condition of the configuration that does not hold."""
    for check in _dicts(found):
        named = check.get("address")
        kind = named.get("kind") if isinstance(named, dict) else None
        for instance in _dicts(check.get("instances")):
            status = instance.get("status")
            if status not in ("fail", "error"):
                continue
            place = instance.get("address")
            one = place if isinstance(place, dict) else named
            address = one.get("to_display") if isinstance(one, dict) else None
            for problem in _dicts(instance.get("problems")) or [{}]:
                yield Diagnostic(
                    # A block of its own only warns; conditions of other things stop a plan.
                    severity="warning" if kind == "check" else "error",
                    summary="a check failed"
                    if status == "fail"
                    else "a check could not be made",
                    detail=str(problem.get("message") or ""),
                    address=str(address) if address else None,
                )


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) < 18 else Decimal(digits)


def _dicts(found: Any) -> list[dict[str, Any]]:
    return (
        [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    )


def _resource(one: dict[str, Any], *, drift: bool = False) -> ResourceChange:
    found = one.get("change")
    change: dict[str, Any] = found if isinstance(found, dict) else {}
    action = _action(change)
    previous = one.get("previous_address")
    importing = change.get("importing")
    imported = importing.get("id") if isinstance(importing, dict) else None
    if action == "no-op":
        if previous:
            action = "move"
        elif importing:
            action = "import"
    return ResourceChange(
        address=str(one.get("address", "?"))
        + (f" (deposed {one['deposed']})" if one.get("deposed") else ""),
        action=OUTSIDE.get(action, action) if drift else action,
        type=str(one.get("type", "")),
        previous_address=str(previous) if previous else None,
        imported_id=str(imported) if imported is not None else None,
        reason=str(one["action_reason"]) if one.get("action_reason") else None,
        attributes=tuple(_attributes(change))
        if action in ("update", "replace", "create", "delete")
        else (),
    )


def _action(change: dict[str, Any]) -> str:
    actions = change.get("actions")
    if not isinstance(actions, list):
        return "no-op"
    key = tuple(str(one) for one in actions)
    # A word that nobody knows yet is shown as it is.
    return _ACTIONS.get(key, "+".join(key) or "no-op")


def _attributes(change: dict[str, Any]) -> Iterator[AttributeChange]:
    before = _flat(change.get("before"), change.get("before_sensitive"), False)
    after = _flat(
        change.get("after"), change.get("after_sensitive"), change.get("after_unknown")
    )
    replaced = {
        _path(one) for one in change.get("replace_paths") or () if isinstance(one, list)
    }
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        hidden = old == new == _SENSITIVE and path in _changed_secrets(change)
        if old != new or hidden:
            replaces = any(
                path == one or path.startswith((f"{one}.", f"{one}[")) for one in replaced
            )
            yield AttributeChange(path=path, before=old, after=new, replaces=replaces)


def _changed_secrets(change: dict[str, Any]) -> set[str]:
    # Whether a secret changes may be told, what it is may not.
    before = _flat(change.get("before"), False, False)
    after = _flat(change.get("after"), False, change.get("after_unknown"))
    return {path for path in {*before, *after} if before.get(path) != after.get(path)}


def _outputs(found: Any) -> Iterator[OutputChange]:
    for name, change in sorted(found.items()) if isinstance(found, dict) else ():
        if not isinstance(change, dict) or _action(change) == "no-op":
            continue
        yield OutputChange(
            name=str(name),
            action=_action(change),
            before=_text(change.get("before"), change.get("before_sensitive"), False),
            after=_text(
                change.get("after"),
                change.get("after_sensitive"),
                change.get("after_unknown"),
            ),
        )


def _flat(value: Any, sensitive: Any, unknown: Any) -> dict[str, str]:
    """Return texts by path; a mask of the same form says what is hidden or not known yet."""
    found: dict[str, str] = {}
    waiting: list[tuple[str, Any, Any, Any]] = [("", value, sensitive, unknown)]
    while waiting:
        path, one, hidden, open_ = waiting.pop()
        if hidden is True:
            if one is not None or open_:
                found[path] = _SENSITIVE
        elif open_ is True:
            found[path] = _UNKNOWN
        elif isinstance(one, dict) or (one is None and isinstance(open_, dict)):
            keys = {*(one or ()), *(open_ if isinstance(open_, dict) else ())}
            for key in keys:
                inner = (one or {}).get(key)
                name = f"{path}.{key}" if path else str(key)
                waiting.append((name, inner, _of(hidden, key), _of(open_, key)))
            if not keys and path:
                found[path] = "{}"
        elif isinstance(one, list):
            for at, inner in enumerate(one):
                waiting.append((f"{path}[{at}]", inner, _of(hidden, at), _of(open_, at)))
            if not one and path:
                found[path] = "[]"
        elif one is not None:
            found[path] = _scalar(one)
    return found


def _of(mask: Any, key: Any) -> Any:
    if isinstance(mask, dict):
        return mask.get(key)
    if isinstance(mask, list) and isinstance(key, int) and key < len(mask):
        return mask[key]
    return False


def _text(value: Any, sensitive: Any, unknown: Any) -> str | None:
    flat = _flat(value, sensitive, unknown)
    if not flat:
        return None
    if set(flat) == {""}:
        return flat[""]
    return ", ".join(f"{path} = {text}" for path, text in sorted(flat.items()))[
        :_LONGEST_TEXT
    ]


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        shown = value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}..."
        return json.dumps(shown, ensure_ascii=False)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _path(steps: list[Any]) -> str:
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else str(step)
    return path
