"""Runs and plans as a server describes them."""

from typing import Any

from remote_backend.api.messages import Response
from tests.support.fakes import answer

__all__ = ("RUN_STATUSES", "plan_answer", "run_answer", "run_resource")

RUN_STATUSES = """
pending fetching fetching_completed pre_plan_running pre_plan_completed
pre_plan_awaiting_decision queuing plan_queued planning planned tf_policy_checked
tf_policy_override post_plan_running post_plan_completed post_plan_awaiting_decision
cost_estimating cost_estimated policy_checking policy_checked policy_override
policy_soft_failed planned_and_finished planned_and_saved errored canceled force_canceled
discarded confirmed pre_apply_running pre_apply_completed pre_apply_awaiting_decision
queuing_apply apply_queued applying post_apply_running post_apply_completed applied
assessing assessed
""".split()
"""Every run status of the API."""


def run_answer(status: str = "pending", status_code: int = 200, **more: Any) -> Response:
    """Return a run as a server describes it."""
    return answer(status_code, {"data": run_resource(status, **more)})


def run_resource(status: str = "pending", id: str = "run-1", **more: Any) -> dict[str, Any]:
    """Return the resource of a run."""
    return {
        "id": id,
        "type": "runs",
        "attributes": {"status": status, **more},
        "relationships": {
            "workspace": {"data": {"id": "ws-1", "type": "workspaces"}},
            "configuration-version": {
                "data": {"id": "cv-1", "type": "configuration-versions"}
            },
            "plan": {"data": {"id": "plan-1", "type": "plans"}},
        },
    }


def plan_answer(status: str = "finished") -> Response:
    """Return a plan as a server describes it."""
    attributes = {"status": status, "resource-additions": 1, "log-read-url": None}
    return answer(
        200, {"data": {"id": "plan-1", "type": "plans", "attributes": attributes}}
    )
