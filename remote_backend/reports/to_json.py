"""Reports as JSON, for programs; the form is versioned, and described by `report.schema.json`."""

from collections.abc import Iterator
from typing import Any

from remote_backend.formats.ansi import escape_unseen
from remote_backend.formats.exact_json import dump_exact
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import PlanOptions
from remote_backend.plans.comparison_words import comparisons_of
from remote_backend.plans.differences import Difference
from remote_backend.plans.groups import Group
from remote_backend.plans.results import result_name
from remote_backend.reports.comparison_documents import moves_document
from remote_backend.reports.documents import (
    gate_document,
    members_of,
    path_members,
    selection_members,
    totals_document,
    value_members,
    workspace_document,
)
from remote_backend.reports.summary import Report

__all__ = ("SCHEMA_VERSION", "report_document", "to_json")

SCHEMA_VERSION = "1"


def to_json(report: Report) -> str:
    """Return a report as one document; see docs/report-schema.md for its members."""
    text = dump_exact(report_document(report), ensure_ascii=False, indent=2)
    return escape_unseen(text) + "\n"


def report_document(report: Report) -> dict[str, Any]:
    """Return a report as plain values."""
    groups = [group for family in report.families for group in family.groups]
    numbers = {id(outcome): group.number for group in groups for outcome in group.outcomes}
    document = {
        "schema_version": SCHEMA_VERSION,
        "kind": "drift" if report.is_drift else "plan",
        "batch": _batch(report),
        "problem": report.problem,
        "totals": totals_document(report.totals),
        "groups": [_group(group) for group in groups],
        "workspaces": [
            {**_workspace(outcome, numbers[id(outcome)]), **_reasons(report, outcome)}
            for outcome in report.outcomes
        ],
        **({"gates": list(map(gate_document, report.gates))} if report.gates else {}),
        **selection_members(report.selection),
    }
    if report.compared_with is not None:
        document["compared_with"] = members_of(report.compared_with)
        document["moves"] = moves_document(comparisons_of(report.outcomes))
    return document


def _batch(report: Report) -> dict[str, Any]:
    return {
        "id": report.batch_id,
        "short_id": report.short_id,
        "hostname": report.hostname,
        "organization": report.organization,
        "mapping": report.mapping,
        **_configurations(report),
        "label": report.label,
        "started_at": _utc(report.started_at),
        "ended_at": _utc(report.ended_at) if report.ended_at else None,
        "seconds": report.seconds,
        "options": _options(report.options),
        "page_url": None,
    }


def _configurations(report: Report) -> dict[str, Any]:
    if not report.configurations:
        return {}
    return {"configurations": list(map(members_of, report.configurations))}


def _utc(time: str) -> str:
    return time.replace("+00:00", "Z")


def _options(options: PlanOptions | None) -> dict[str, Any]:
    """Return the options without the values of variables, which can be secrets."""
    if options is None:
        return {}
    return {
        "targets": list(options.targets),
        "replace": list(options.replace),
        "refresh": options.refresh,
        "refresh_only": options.refresh_only,
        "destroy": options.destroy,
        "message": options.message,
        "variable_names": [name for name, _ in options.variables],
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "id": group.number,
        "family": group.family,
        "result": result_name(group.shown),
        "is_destructive": group.is_destructive,
        "title": group.title,
        "workspaces": list(group.workspaces),
        "differences": [
            row for difference in group.differences for row in _difference(difference)
        ],
    }


def _difference(difference: Difference) -> Iterator[dict[str, Any]]:
    for differing in difference.values:
        value = differing.value
        own = {"value": None, "value_is": "own"}
        yield {
            "place": difference.place,
            **path_members(difference.path),
            "side": difference.side.value,
            **(own if value is None else value_members("value", value)),
            "is_odd": differing.is_odd,
            "workspaces": list(differing.workspaces),
        }


def _reasons(report: Report, outcome: Outcome) -> dict[str, Any]:
    if report.selection is None:
        return {}
    return {"reasons": list(report.selection.reasons.get(outcome.workspace, ()))}


def _workspace(outcome: Outcome, group: int) -> dict[str, Any]:
    document = workspace_document(outcome)
    return {"name": document.pop("name"), "group": group, **document}
