"""Plans and outcomes for tests of reports."""

import json
from typing import Any

from remote_backend.models.changes import PlannedChanges
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.plans.log_facts import LogFacts
from remote_backend.reports.summary import Report, make_report


def change(address: str, *actions: str, **more: Any) -> dict[str, Any]:
    """Return a resource change as Terraform writes it; `change` takes members of the inner one."""
    inner = {
        "actions": list(actions),
        "before": None,
        "after": None,
        **more.pop("change", {}),
    }
    return {"address": address, "type": address.split(".")[-2], "change": inner, **more}


def plan(*changes: dict[str, Any], **more: Any) -> PlannedChanges:
    """Return the changes of a plan."""
    document = {"format_version": "1.2", "resource_changes": list(changes), **more}
    found = parse_json_plan(json.dumps(document).encode())
    assert found is not None
    return found


def update(address: str, before: str, after: str) -> dict[str, Any]:
    """Return a change of one attribute."""
    return change(
        address, "update", change={"before": {"cidr": before}, "after": {"cidr": after}}
    )


def failed_with(title: str, kind: FailureKind = FailureKind.TERRAFORM) -> Failure:
    """Return a failure that has nothing but a title."""
    return Failure(kind=kind, title=title)


def failure_in_log(log: bytes) -> Failure | None:
    """Return why there is no plan, from a whole log with its frame."""
    facts = LogFacts()
    facts.feed(log.strip(b"\x02\x03"))
    return facts.failure


def outcome(name: str, changes: PlannedChanges | None = None, **more: Any) -> Outcome:
    """Return the outcome of a workspace `net-NAME`; `reason` is the title of a failure."""
    result = more.pop("result", Result.CHANGES if changes else Result.NO_CHANGES)
    reason = more.pop("reason", None)
    if reason is not None:
        is_canceled = result is Result.CANCELED
        kind = FailureKind.CANCELED if is_canceled else FailureKind.TERRAFORM
        more["failure"] = failed_with(reason, kind)
    if result is Result.CHANGES:
        more.setdefault("counts", changes.counts if changes is not None else Counts(1))
    return Outcome(
        workspace=name,
        full_name=f"net-{name}",
        result=result,
        changes=changes,
        seconds=1.5,
        run_id=f"run-{name}",
        run_url=f"https://tfe.test/app/acme/net-{name}/runs/run-{name}",
        times=(("pending", 0.1), ("planning", 0.5)),
        **more,
    )


def report(*outcomes: Outcome, **more: Any) -> Report:
    """Return a report of outcomes."""
    return make_report(
        outcomes,
        batch_id="batch-1",
        hostname="tfe.test",
        organization="acme",
        started_at="2026-01-01T00:00:00+00:00",
        **more,
    )
