"""The changes that a structured log tells, for servers that give no plan as JSON."""

import json
from collections.abc import Iterator
from typing import Any

from remote_backend.models.changes import (
    Diagnostic,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.plans.json_plan import OUTSIDE

__all__ = ("parse_structured_log",)

_SENSITIVE = "(sensitive value)"
_LONGEST_DETAIL = 2000
_ACTIONS = {"noop": "no-op", "remove": "forget"}
_TELLING = ("version", "planned_change", "change_summary", "diagnostic")
_FRAME = b"\x02\x03"


def parse_structured_log(data: bytes) -> PlannedChanges | None:
    """Return the changes in a log of JSON lines, or None when it is none.

    Attributes are not told there, and outputs only by name and action.
    """
    resources: dict[str, ResourceChange] = {}
    drift: dict[str, ResourceChange] = {}
    outputs: dict[str, OutputChange] = {}
    diagnostics: list[Diagnostic] = []
    found = False
    for message in _messages(data):
        kind = message.get("type")
        found = found or kind in _TELLING
        if kind in ("planned_change", "resource_drift"):
            one = _resource(message.get("change"), drift=kind == "resource_drift")
            if one is not None:
                (drift if kind == "resource_drift" else resources)[one.address] = one
        elif kind == "diagnostic":
            one_diagnostic = _diagnostic(message.get("diagnostic"))
            if one_diagnostic is not None:
                diagnostics.append(one_diagnostic)
        elif kind == "outputs" and isinstance(message.get("outputs"), dict):
            outputs.update(_outputs(message["outputs"]))
    if not found:
        return None
    return PlannedChanges(
        resources=tuple(resources.values()),
        outputs=tuple(outputs.values()),
        drift=tuple(drift.values()),
        diagnostics=tuple(dict.fromkeys(diagnostics)),
    )


def _messages(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.strip(_FRAME).split(b"\n"):
        if not line.startswith(b"{"):
            continue
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(message, dict) and "@level" in message:
            yield message


def _resource(change: Any, *, drift: bool) -> ResourceChange | None:
    resource = change.get("resource") if isinstance(change, dict) else None
    if not isinstance(resource, dict):
        return None
    action = str(change.get("action", ""))
    action = _ACTIONS.get(action, action)
    previous = change.get("previous_resource")
    importing = change.get("importing")
    before = previous.get("addr") if isinstance(previous, dict) else None
    imported = importing.get("id") if isinstance(importing, dict) else None
    if action == "no-op":
        return None
    return ResourceChange(
        address=str(resource.get("addr", "?")),
        action=OUTSIDE.get(action, action) if drift else action,
        type=str(resource.get("resource_type", "")),
        previous_address=str(before) if before else None,
        imported_id=str(imported) if imported is not None else None,
        reason=str(change["reason"]) if change.get("reason") else None,
    )


def _diagnostic(found: Any) -> Diagnostic | None:
    if not isinstance(found, dict) or not found.get("summary"):
        return None
    range_ = found.get("range")
    start = range_.get("start") if isinstance(range_, dict) else None
    place = None
    if isinstance(range_, dict) and range_.get("filename"):
        line = start.get("line") if isinstance(start, dict) else None
        place = f"{range_['filename']}:{line}" if line else str(range_["filename"])
    return Diagnostic(
        severity="error" if found.get("severity") == "error" else "warning",
        summary=str(found["summary"]),
        # Words of the engine can be long; the log has them all.
        detail=str(found.get("detail") or "")[:_LONGEST_DETAIL],
        address=str(found["address"]) if found.get("address") else None,
        place=place,
    )


def _outputs(found: dict[str, Any]) -> Iterator[tuple[str, OutputChange]]:
    for name, one in found.items():
        action = one.get("action") if isinstance(one, dict) else None
        if action and action != "noop":
            after = _SENSITIVE if one.get("sensitive") else None
            yield str(name), OutputChange(name=str(name), action=str(action), after=after)
