"""The changes in a structured log, for servers without plans as JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from remote_backend.formats.structured_messages import parse_message, render_diagnostic
from remote_backend.models.changes import (
    Action,
    Diagnostic,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.values import ABSENT, SENSITIVE
from remote_backend.plans.json_plan import OUTSIDE

__all__ = ("load_failure", "parse_structured_log", "place_of")

_LONGEST_DETAIL = 2000
_ACTIONS: dict[str, str] = {"noop": Action.NO_OP, "remove": Action.FORGET}
_PLAN_MESSAGES = ("version", "planned_change", "change_summary", "diagnostic")
_FRAME = b"\x02\x03"


def parse_structured_log(data: bytes) -> PlannedChanges | None:
    """Return the changes in a log of JSON lines, or None for another log.

    Such a log has no attributes, and of outputs only name and action.
    """
    resources: list[ResourceChange] = []
    drift: list[ResourceChange] = []
    outputs: dict[str, OutputChange] = {}
    diagnostics: list[Diagnostic] = []
    has_plan = False
    for message in _messages(data):
        kind = message.get("type")
        has_plan = has_plan or kind in _PLAN_MESSAGES
        if kind in ("planned_change", "resource_drift"):
            change = _resource(message.get("change"), drift=kind == "resource_drift")
            if change is not None:
                (drift if kind == "resource_drift" else resources).append(change)
        elif kind == "diagnostic":
            diagnostic = _diagnostic(message.get("diagnostic"))
            if diagnostic is not None:
                diagnostics.append(diagnostic)
        elif kind == "outputs" and isinstance(message.get("outputs"), dict):
            outputs.update(_outputs(message["outputs"]))
    if not has_plan:
        return None
    return PlannedChanges(
        resources=tuple(dict.fromkeys(resources)),
        outputs=tuple(outputs.values()),
        drift=tuple(dict.fromkeys(drift)),
        diagnostics=tuple(dict.fromkeys(diagnostics)),
    )


def _messages(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.strip(_FRAME).decode("utf-8", "replace").split("\n"):
        message = parse_message(line)
        if message is not None:
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
    if action == Action.NO_OP:
        return None
    return ResourceChange(
        address=str(resource.get("addr", "?")),
        action=OUTSIDE.get(action, action) if drift else action,
        type=str(resource.get("resource_type", "")),
        previous_address=str(before) if before else None,
        imported_id=str(imported) if imported is not None else None,
        action_reason=str(change["reason"]) if change.get("reason") else None,
    )


def _diagnostic(diagnostic: Any) -> Diagnostic | None:
    if not isinstance(diagnostic, dict) or not diagnostic.get("summary"):
        return None
    place = place_of(diagnostic)
    return Diagnostic(
        severity="error" if diagnostic.get("severity") == "error" else "warning",
        summary=str(diagnostic["summary"]),
        # Diagnostics can be very long; the log has the whole text.
        detail=str(diagnostic.get("detail") or "")[:_LONGEST_DETAIL],
        address=str(diagnostic["address"]) if diagnostic.get("address") else None,
        place=str(place) if place is not None else None,
    )


def place_of(diagnostic: Mapping[str, Any]) -> Place | None:
    """Return where an error or a warning was found, as far as the message names it."""
    range_ = diagnostic.get("range")
    if not isinstance(range_, dict) or not range_.get("filename"):
        return None
    start = range_.get("start")
    line = start.get("line") if isinstance(start, dict) else None
    is_line = isinstance(line, int) and line > 0
    return Place(file=str(range_["filename"]), line=line if is_line else None)


def load_failure(diagnostic: Mapping[str, Any]) -> Failure:
    """Return an error of a structured log as the failure of a plan."""
    summary, address = diagnostic.get("summary"), diagnostic.get("address")
    return Failure(
        kind=FailureKind.TERRAFORM,
        title=" ".join(str(summary or "the run errored").split()),
        text=render_diagnostic(diagnostic).rstrip(),
        detail=str(diagnostic.get("detail") or ""),
        place=place_of(diagnostic),
        address=str(address) if address else None,
    )


def _outputs(outputs: dict[str, Any]) -> Iterator[tuple[str, OutputChange]]:
    for name, output in outputs.items():
        action = output.get("action") if isinstance(output, dict) else None
        if action and action != "noop":
            after = SENSITIVE if output.get("sensitive") else ABSENT
            yield str(name), OutputChange(name=str(name), action=str(action), after=after)
