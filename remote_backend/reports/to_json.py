"""Events and outcomes as JSON, for programs; the form is versioned."""

import re
from typing import Any

from attrs import fields, has

from remote_backend.events import Event
from remote_backend.formats.ansi import escape_unseen
from remote_backend.formats.exact_json import dump_exact
from remote_backend.models.changes import AttributeChange
from remote_backend.models.outcome import Outcome
from remote_backend.models.values import Value, ValueKind
from remote_backend.plans.differences import Difference
from remote_backend.plans.groups import Group
from remote_backend.plans.value_text import path_text, plain_json
from remote_backend.reports.summary import Report

__all__ = (
    "SCHEMA_VERSION",
    "event_to_json",
    "event_type",
    "outcome_to_dict",
    "to_json",
)

SCHEMA_VERSION = "1"
_WORD = re.compile(r"(?<!^)(?=[A-Z])")
# What is of use in this process alone.
_LEFT_OUT = frozenset({"error"})


def event_type(event: Event) -> str:
    """Return the name of an event in JSON: `run_queued` for `RunQueued`."""
    return _WORD.sub("_", type(event).__name__).lower()


def event_to_json(event: Event) -> str:
    """Return one line of JSON: the type of the event, then its members.

    Bytes of a log are text in which what is not UTF-8 is replaced; parts end where the server's
    did, so a character can be cut in two.
    """
    members = {"type": event_type(event), **_members(event)}
    return _dumped(members, separators=(",", ":"))


def to_json(report: Report) -> str:
    """Return a report as one document; see docs/report-schema.md for its members."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "batch": report.batch_id,
        "hostname": report.hostname,
        "organization": report.organization,
        "started_at": report.started_at,
        "is_drift": report.is_drift,
        "summary": report.sentence,
        "problem": report.problem,
        "groups": [_group(group) for family in report.families for group in family.groups],
        "workspaces": [outcome_to_dict(outcome) for outcome in report.outcomes],
    }
    return _dumped(document, indent=2) + "\n"


def _group(group: Group) -> dict[str, Any]:
    return {
        "id": group.number,
        "family": group.family,
        "result": group.result.value,
        "is_destructive": group.is_destructive,
        "title": group.title,
        "workspaces": list(group.workspaces),
        "differences": [_difference(difference) for difference in group.differences],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "place": difference.place,
        "path": path_text(difference.path),
        "side": difference.side.value,
        "values": [
            {
                "value": None if value.value is None else plain_json(value.value),
                "value_is": "own" if value.value is None else value.value.kind.value,
                "workspaces": list(value.workspaces),
            }
            for value in difference.values
        ],
    }


def _dumped(document: Any, **how: Any) -> str:
    return escape_unseen(dump_exact(document, ensure_ascii=False, **how))


def outcome_to_dict(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain values."""
    return _members(outcome)


def _members(value: Any) -> dict[str, Any]:
    members = {}
    for attribute in fields(type(value)):
        member = getattr(value, attribute.name)
        if isinstance(member, Value):
            is_known = member.kind is ValueKind.VALUE
            members[attribute.name] = plain_json(member) if is_known else None
            members[f"{attribute.name}_is"] = member.kind.value
        elif attribute.name not in _LEFT_OUT:
            members["text" if isinstance(member, bytes) else attribute.name] = _plain(
                member
            )
    if isinstance(value, AttributeChange):
        members["path"] = path_text(value.path)
        members["path_steps"] = list(value.path)
    return members


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if has(type(value)):
        return _members(value)
    # The results are the only enumeration in events.
    return getattr(value, "value", value)
