"""Configuration versions, runs and plans, as a server answers and receives them."""

from typing import Any

from attrs import evolve

from remote_backend.formats.hcl import IDENTIFIER
from remote_backend.planning.batch_id import batch_id_in
from remote_backend.server.documents.documents import resource_of, to_many, to_one
from remote_backend.server.documents.request_documents import RequestDocument, invalid
from remote_backend.server.documents.run_events import event_ids
from remote_backend.server.ids import text_after
from remote_backend.server.records import ConfigurationVersionRecord, RunRecord

__all__ = (
    "configuration_from_request",
    "run_from_request",
    "dump_configuration",
    "dump_plan",
    "dump_run",
    "run_operation",
    "run_source",
)

# A cancellation here ends the run at once and never has to be forced. The service sets a time
# in the future all the same: TestRunsForceCancel of go-tfe 1.109.0 reads it right after.
_SECONDS_TO_FORCE = 10.0
_STOPPABLE = frozenset({"pending", "plan_queued", "planning"})


def dump_configuration(
    configuration: ConfigurationVersionRecord, upload_url: str | None = None
) -> dict[str, Any]:
    """Return a configuration version as a resource; only the response to its creation has the address."""
    attributes: dict[str, Any] = {
        "status": configuration.status,
        "source": "tfe-api",
        "speculative": configuration.speculative,
        "provisional": configuration.provisional,
        "auto-queue-runs": configuration.auto_queue_runs,
        "error": configuration.error,
        "error-message": configuration.error_message,
        "status-timestamps": {f"{k}-at": v for k, v in configuration.times.items()},
    }
    if upload_url is not None:
        attributes["upload-url"] = upload_url
    return resource_of(
        "configuration-versions",
        configuration.id,
        attributes,
        relationships={"ingress-attributes": to_one("ingress-attributes", None)},
        links={"self": f"/api/v2/configuration-versions/{configuration.id}"},
    )


def configuration_from_request(
    configuration: ConfigurationVersionRecord, document: RequestDocument
) -> ConfigurationVersionRecord:
    """Return a configuration version as a client requested it."""
    return evolve(
        configuration,
        speculative=document.flag("speculative", False),
        auto_queue_runs=document.flag("auto-queue-runs", True),
        provisional=document.flag("provisional", False),
    )


def dump_run(run: RunRecord, *, position: int = 0) -> dict[str, Any]:
    """Return a run as a resource."""
    stoppable = run.status in _STOPPABLE
    canceled_at = run.times.get("canceled")
    return resource_of(
        "runs",
        run.id,
        {
            "status": run.status,
            "message": run.message,
            "source": run_source(run),
            "trigger-reason": "manual",
            "created-at": run.created_at,
            "canceled-at": canceled_at,
            "force-cancel-available-at": canceled_at
            and text_after(canceled_at, _SECONDS_TO_FORCE),
            "has-changes": run.has_changes,
            "is-destroy": run.is_destroy,
            "refresh": run.refresh,
            "refresh-only": run.refresh_only,
            "plan-only": True,
            "save-plan": run.save_plan,
            "auto-apply": run.auto_apply,
            "allow-empty-apply": run.allow_empty_apply,
            "allow-config-generation": run.allow_config_generation,
            "debugging-mode": False,
            "target-addrs": list(run.target_addrs) or None,
            "replace-addrs": list(run.replace_addrs) or None,
            "terraform-version": run.terraform_version,
            "variables": [{"key": key, "value": value} for key, value in run.variables]
            or None,
            "position-in-queue": position,
            "status-timestamps": {
                f"{status.replace('_', '-')}-at": time for status, time in run.times.items()
            },
            "actions": {
                "is-cancelable": stoppable,
                "is-confirmable": False,
                "is-discardable": run.status == "pending",
                "is-force-cancelable": False,
            },
            "permissions": {
                "can-apply": False,
                "can-cancel": True,
                "can-comment": True,
                "can-discard": True,
                "can-force-execute": False,
                "can-force-cancel": True,
                "can-override-policy-check": False,
            },
        },
        relationships={
            "workspace": to_one("workspaces", run.workspace_id),
            "configuration-version": to_one(
                "configuration-versions", run.configuration_version_id
            ),
            # https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#sample-response
            "input-state-version": to_one("state-versions", run.input_state_version_id),
            "plan": to_one("plans", run.plan_id),
            "apply": to_one("applies", run.apply_id),
            "cost-estimate": to_one(
                "cost-estimates", run.cost_estimate_id if run.cost else None
            ),
            "policy-checks": to_many(
                "policy-checks", [run.policy_check_id] if run.policies else []
            ),
            "task-stages": to_many("task-stages"),
            "run-events": to_many("run-events", event_ids(run)),
            "comments": {"links": {"related": f"/api/v2/runs/{run.id}/comments"}},
            "created-by": to_one("users", run.created_by),
        },
        links={"self": f"/api/v2/runs/{run.id}"},
    )


def run_from_request(run: RunRecord, document: RequestDocument) -> RunRecord:
    """Return a run as a client requested it; raises `Rejected` for nonsense."""
    variables = document.pairs("variables")
    if not all(IDENTIFIER.fullmatch(name) for name, _ in variables):
        raise invalid("variables", "named like Terraform variables")
    is_destroy = document.flag("is-destroy", False)
    refresh_only = document.flag("refresh-only", False)
    if is_destroy and refresh_only:
        raise invalid("refresh-only", "absent in a run that destroys")
    message = document.text("message") or "Queued manually via the API"
    return evolve(
        run,
        message=message,
        batch_id=batch_id_in(message),
        is_destroy=is_destroy,
        refresh=document.flag("refresh", True),
        refresh_only=refresh_only,
        auto_apply=document.flag("auto-apply", run.auto_apply),
        allow_empty_apply=document.flag("allow-empty-apply", False),
        save_plan=document.flag("save-plan", False),
        allow_config_generation=document.flag("allow-config-generation", False),
        target_addrs=document.texts("target-addrs"),
        replace_addrs=document.texts("replace-addrs"),
        variables=variables,
    )


def run_operation(run: RunRecord) -> str:
    """Return the word by which lists of runs are filtered."""
    if run.refresh_only:
        return "refresh_only"
    return "plan_only"


def run_source(run: RunRecord) -> str:
    """Return where a run comes from: a request, or the upload of a configuration."""
    # Runs from before uploads had users have none.
    is_from_upload = run.is_from_upload or not run.created_by
    return "tfe-configuration-version" if is_from_upload else "tfe-api"


def dump_plan(run: RunRecord, log_read_url: str) -> dict[str, Any]:
    """Return the plan of a run as a resource."""
    counts = run.counts
    path = f"/api/v2/plans/{run.plan_id}"
    return resource_of(
        "plans",
        run.plan_id,
        {
            "status": run.plan_status,
            "has-changes": run.has_changes,
            "resource-additions": counts.add if counts else None,
            "resource-changes": counts.change if counts else None,
            "resource-destructions": counts.destroy if counts else None,
            "resource-imports": counts.imported if counts else None,
            "generated-configuration": False,
            "structured-run-output-enabled": False,
            "execution-details": {"mode": "remote"},
            "log-read-url": log_read_url,
            "status-timestamps": {f"{k}-at": v for k, v in run.plan_times.items()},
            "actions": {"is-exportable": False},
            "permissions": {"can-export": False},
        },
        relationships={"state-versions": to_many("state-versions")},
        links={"self": path, "json-output": f"{path}/json-output"},
    )
