"""Plans as JSON, read into changes; sensitive and unknown values are replaced by a phrase."""

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
"""The action by which a report names a change that was made outside of Terraform."""


def parse_json_plan(data: bytes) -> PlannedChanges | None:
    """Return what a plan would change, or None if the data are not a plan as JSON."""
    try:
        document = json.loads(data, parse_float=Decimal, parse_int=_whole)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or "format_version" not in document:
        return None
    resources = (
        _resource(resource) for resource in _dicts(document.get("resource_changes"))
    )
    drift = (
        _resource(resource, drift=True)
        for resource in _dicts(document.get("resource_drift"))
    )
    deferred = (
        _resource(deferred_change["resource_change"])
        for deferred_change in _dicts(document.get("deferred_changes"))
        if isinstance(deferred_change.get("resource_change"), dict)
    )
    return PlannedChanges(
        resources=tuple(change for change in resources if change.action != "no-op"),
        outputs=tuple(_outputs(document.get("output_changes"))),
        drift=tuple(change for change in drift if change.action != "no-op"),
        deferred=tuple(deferred),
        diagnostics=tuple(_failed_checks(document.get("checks"))),
    )


def _failed_checks(checks: Any) -> Iterator[Diagnostic]:
    """Give a diagnostic for each condition of the configuration that does not hold."""
    for check in _dicts(checks):
        block = check.get("address")
        kind = block.get("kind") if isinstance(block, dict) else None
        for instance in _dicts(check.get("instances")):
            status = instance.get("status")
            if status not in ("fail", "error"):
                continue
            place = instance.get("address")
            place = place if isinstance(place, dict) else block
            address = place.get("to_display") if isinstance(place, dict) else None
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


def _dicts(value: Any) -> list[dict[str, Any]]:
    return (
        [item for item in value if isinstance(item, dict)]
        if isinstance(value, list)
        else []
    )


def _resource(resource: dict[str, Any], *, drift: bool = False) -> ResourceChange:
    value = resource.get("change")
    change: dict[str, Any] = value if isinstance(value, dict) else {}
    action = _action(change)
    previous = resource.get("previous_address")
    importing = change.get("importing")
    imported = importing.get("id") if isinstance(importing, dict) else None
    if action == "no-op":
        if previous:
            action = "move"
        elif importing:
            action = "import"
    return ResourceChange(
        address=str(resource.get("address", "?"))
        + (f" (deposed {resource['deposed']})" if resource.get("deposed") else ""),
        action=OUTSIDE.get(action, action) if drift else action,
        type=str(resource.get("type", "")),
        previous_address=str(previous) if previous else None,
        imported_id=str(imported) if imported is not None else None,
        reason=str(resource["action_reason"]) if resource.get("action_reason") else None,
        attributes=tuple(_attributes(change))
        if action in ("update", "replace", "create", "delete")
        else (),
    )


def _action(change: dict[str, Any]) -> str:
    actions = change.get("actions")
    if not isinstance(actions, list):
        return "no-op"
    key = tuple(str(action) for action in actions)
    # An action of a later Terraform is shown by its own word.
    return _ACTIONS.get(key, "+".join(key) or "no-op")


def _attributes(change: dict[str, Any]) -> Iterator[AttributeChange]:
    before = _flat(change.get("before"), change.get("before_sensitive"), False)
    after = _flat(
        change.get("after"), change.get("after_sensitive"), change.get("after_unknown")
    )
    replaced = {
        _path(steps)
        for steps in change.get("replace_paths") or ()
        if isinstance(steps, list)
    }
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        hidden = old == new == _SENSITIVE and path in _changed_secrets(change)
        if old != new or hidden:
            replaces = any(
                path == prefix or path.startswith((f"{prefix}.", f"{prefix}["))
                for prefix in replaced
            )
            yield AttributeChange(path=path, before=old, after=new, replaces=replaces)


def _changed_secrets(change: dict[str, Any]) -> set[str]:
    # A report may say that a secret changes, never its value.
    before = _flat(change.get("before"), False, False)
    after = _flat(change.get("after"), False, change.get("after_unknown"))
    return {path for path in {*before, *after} if before.get(path) != after.get(path)}


def _outputs(outputs: Any) -> Iterator[OutputChange]:
    for name, change in sorted(outputs.items()) if isinstance(outputs, dict) else ():
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
    """Return texts by path; masks of the same form mark hidden values and unknown ones."""
    texts: dict[str, str] = {}
    waiting: list[tuple[str, Any, Any, Any]] = [("", value, sensitive, unknown)]
    while waiting:
        path, current, hidden, unknown_part = waiting.pop()
        if hidden is True:
            if current is not None or unknown_part:
                texts[path] = _SENSITIVE
        elif unknown_part is True:
            texts[path] = _UNKNOWN
        elif isinstance(current, dict) or (
            current is None and isinstance(unknown_part, dict)
        ):
            keys = {
                *(current or ()),
                *(unknown_part if isinstance(unknown_part, dict) else ()),
            }
            for key in keys:
                inner = (current or {}).get(key)
                name = f"{path}.{key}" if path else str(key)
                waiting.append((name, inner, _of(hidden, key), _of(unknown_part, key)))
            if not keys and path:
                texts[path] = "{}"
        elif isinstance(current, list):
            for index, inner in enumerate(current):
                waiting.append(
                    (
                        f"{path}[{index}]",
                        inner,
                        _of(hidden, index),
                        _of(unknown_part, index),
                    )
                )
            if not current and path:
                texts[path] = "[]"
        elif current is not None:
            texts[path] = _scalar(current)
    return texts


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
        text = value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}..."
        return json.dumps(text, ensure_ascii=False)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _path(steps: list[Any]) -> str:
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else str(step)
    return path
