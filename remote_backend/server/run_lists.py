"""Runs and plans as several routes return them: lists of runs, and a plan with its log."""

from functools import partial
from typing import Any

from aiohttp import web

from remote_backend.server.context import context_of, respond, signed_address
from remote_backend.server.documents.documents import dump_page
from remote_backend.server.documents.runs import dump_plan, dump_run, run_operation
from remote_backend.server.ids import now_text
from remote_backend.server.records import RunRecord

__all__ = ("includes_plan", "list_response", "plan_resource")

# Plan-only runs are hidden by default, as on HCP Terraform:
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#list-runs-in-a-workspace
_DEFAULT_OPERATIONS = "plan_and_apply,save_plan,refresh_only,destroy"


def list_response(request: web.Request, runs: list[RunRecord]) -> web.Response:
    """Return the requested page of the runs that pass its filter, newest first."""
    operations = _operations(request)
    visible_until = _visible_until(request)
    listed = [
        run
        for run in reversed(runs)
        if run_operation(run) in operations and run.created_at <= visible_until
    ]
    include = partial(plan_resource, request) if includes_plan(request) else None
    return respond(
        dump_page(listed, dump_run, request.query, request.path, include=include)
    )


def includes_plan(request: web.Request) -> bool:
    """Say whether a request wants the plans of runs in the same document."""
    return "plan" in request.query.get("include", "").split(",")


def plan_resource(request: web.Request, run: RunRecord) -> dict[str, Any]:
    """Return the plan of a run with the address of its log."""
    # Clients replace the whole query of this address, so the signature is in its path.
    return dump_plan(run, signed_address(request, "log", run.id))


def _operations(request: web.Request) -> set[str]:
    text = request.query.get("filter[operation]", _DEFAULT_OPERATIONS)
    return {operation.strip() for operation in text.split(",")}


def _visible_until(request: web.Request) -> str:
    """Return the time of the newest run in lists; a fault rule can make lists lag."""
    lag = context_of(request).faults.settings.list_lag_seconds
    return now_text(seconds_ago=lag)
