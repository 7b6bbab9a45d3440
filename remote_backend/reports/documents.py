"""Outcomes and totals as documents: the members that reports and events as JSON share."""

from decimal import Decimal
from typing import Any

from attrs import fields, has

from remote_backend.models.changes import AttributeChange
from remote_backend.models.cost import Cost
from remote_backend.models.failure import Failure
from remote_backend.models.gates import GateResult
from remote_backend.models.outcome import Outcome
from remote_backend.models.policy import CheckReport
from remote_backend.models.selection import Selection
from remote_backend.models.values import Path, Value, ValueKind
from remote_backend.plans.results import is_destructive, replaced_count, result_name
from remote_backend.plans.totals import Totals
from remote_backend.plans.value_text import path_text, plain_json
from remote_backend.reports.comparison_documents import ComparisonDocuments

__all__ = (
    "cost_document",
    "gate_document",
    "members_of",
    "path_members",
    "selection_members",
    "totals_document",
    "value_members",
    "workspace_document",
)

# Marks are for the process that made them; generated configuration has files of its own.
_LEFT_OUT = ("before_marks", "generated_config")
# Only comparisons, full plans, and drift have these.
_OPTIONAL = ("base", "timestamp", "is_unrelated")


def workspace_document(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome of a workspace."""
    document: dict[str, Any] = {
        "name": outcome.workspace,
        **({"configuration": outcome.configuration} if outcome.configuration else {}),
        "remote_name": outcome.full_name,
        "result": result_name(outcome),
        "is_destructive": is_destructive(outcome),
        "failure": _failure(outcome.failure),
        "counts": _counts(outcome),
        "cost": cost_document(outcome.cost),
        "policies": list(map(members_of, outcome.policies)),
        "tasks": list(map(_task, outcome.tasks)),
        "run": _run(outcome),
        "times": members_of(outcome.durations),
        "log_is_complete": outcome.log_is_complete,
        "changes": None if outcome.changes is None else members_of(outcome.changes),
    }
    if outcome.ignored_drift:
        document["ignored_drift"] = outcome.ignored_drift
    if outcome.unseen_outputs:
        document["unseen_outputs"] = list(outcome.unseen_outputs)
    if (comparison := outcome.comparison) is not None:
        documents = ComparisonDocuments(members_of, _failure)
        document["changes"] = documents.changes(comparison)
        document["comparison"] = documents.comparison(comparison)
    return document


def totals_document(totals: Totals) -> dict[str, Any]:
    """Return the totals of a batch."""
    return {
        "workspaces": totals.workspaces,
        "failed": totals.failed,
        "canceled": totals.canceled,
        "running": totals.running,
        "changed": totals.changed,
        "destructive": totals.destructive,
        "unchanged": totals.unchanged,
        "add": totals.add,
        "change": totals.change,
        "destroy": totals.destroy,
        "replace": totals.replace,
        "import": totals.imported,
        "policies_failed": totals.policies_failed,
        "not_understood": totals.not_understood,
        "cost": cost_document(totals.cost),
    }


def gate_document(gate: GateResult) -> dict[str, Any]:
    """Return what came of a rule."""
    return {
        "rule": gate.rule.text,
        "failed": gate.failed,
        "count": gate.count,
        "workspaces": list(gate.workspaces),
        "cannot_tell": list(gate.cannot_tell),
    }


def cost_document(cost: Cost | None) -> dict[str, Any] | None:
    """Return costs; amounts are decimal text, because JSON readers round numbers."""
    if cost is None:
        return None
    return {
        "currency": cost.currency,
        "prior": _decimal(cost.prior),
        "proposed": _decimal(cost.proposed),
        "delta": _decimal(cost.delta),
    }


def members_of(value: Any) -> dict[str, Any]:
    """Return the attributes of a model; a `Value` becomes two members, as `value_members` says."""
    members: dict[str, Any] = {}
    for attribute in fields(type(value)):
        member = getattr(value, attribute.name)
        if attribute.name in _LEFT_OUT or (member is None and attribute.name in _OPTIONAL):
            continue
        if attribute.name == "configuration" and not member:
            continue
        if isinstance(member, Value):
            members.update(value_members(attribute.name, member))
        elif isinstance(value, AttributeChange) and attribute.name == "path":
            members.update(path_members(member))
        else:
            members[attribute.name] = _plain(member)
    return members


def selection_members(selection: Selection | None) -> dict[str, Any]:
    """Return what a change touches, without reasons; nothing where none has selected."""
    if selection is None:
        return {}
    return {
        "changed_since": selection.base,
        "not_touched": list(selection.not_touched),
        "deleted": list(selection.deleted),
    }


def path_members(path: Path) -> dict[str, Any]:
    """Return a path as Terraform writes it, and as its steps."""
    return {"path": path_text(path), "path_steps": list(path)}


def value_members(name: str, value: Value) -> dict[str, Any]:
    """Return a value as `NAME`, null unless it is known, and how much is known as `NAME_is`."""
    is_known = value.kind is ValueKind.VALUE
    return {
        name: plain_json(value) if is_known else None,
        f"{name}_is": value.kind.value,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        # Parts of a log end where the server's did, so a character can be cut in two.
        return value.decode("utf-8", "replace")
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Cost):
        return cost_document(value)
    return members_of(value) if has(type(value)) else value


def _failure(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {**members_of(failure), "kind": failure.kind.value}


def _counts(outcome: Outcome) -> dict[str, Any] | None:
    counts = outcome.counts
    if counts is None:
        return None
    return {
        "add": counts.add,
        "change": counts.change,
        "destroy": counts.destroy,
        "replace": replaced_count(outcome),
        "import": counts.imported,
    }


def _task(check: CheckReport) -> dict[str, Any]:
    return {
        "name": check.name,
        "level": check.level,
        "status": check.status,
        "text": check.text,
    }


def _run(outcome: Outcome) -> dict[str, Any] | None:
    if outcome.run_id is None:
        return None
    return {
        "id": outcome.run_id,
        "url": outcome.run_url,
        "status": outcome.status,
        "plan_id": outcome.plan_id,
    }


def _decimal(amount: Decimal) -> str:
    # Without an exponent.
    return f"{amount:f}"
