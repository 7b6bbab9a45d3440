"""Runs and plans as several routes return them: lists of runs, and a plan with its log."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

from aiohttp import web

from remote_backend.server.agent_pool_facts import workspaces_by_pool
from remote_backend.server.context import (
    context_of,
    not_found,
    organization_of,
    signed_address,
)
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.runs import (
    dump_plan,
    dump_run,
    run_operation,
    run_source,
)
from remote_backend.server.ids import now_text
from remote_backend.server.organization_records import AgentPoolRecord
from remote_backend.server.query_parameters import bad_query, filter_values
from remote_backend.server.records import RunRecord, UserRecord, WorkspaceRecord
from remote_backend.server.store import Records

__all__ = (
    "ORGANIZATION_RUN_PARAMETERS",
    "RUN_MEMBERS",
    "RUN_PARAMETERS",
    "listed_runs",
    "plan_resource",
    "run_of",
    "run_resources",
)

# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#list-runs-in-a-workspace
RUN_PARAMETERS = (
    "filter[agent_pool_names]",
    "filter[operation]",
    "filter[source]",
    "filter[status]",
    "filter[status_group]",
    "filter[timeframe]",
    "search[basic]",
    "search[commit]",
    "search[user]",
)
ORGANIZATION_RUN_PARAMETERS = (*RUN_PARAMETERS, "filter[workspace_names]")
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#available-related-resources
RUN_MEMBERS = (
    "apply",
    "configuration_version",
    "configuration_version.ingress_attributes",
    "cost_estimate",
    "created_by",
    "plan",
    "policy_checks",
    "run_events",
    "task_stages",
    "tf_policy_evaluations",
    "workspace",
)
# Plan-only runs are hidden by default, as on HCP Terraform:
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#list-runs-in-a-workspace
_DEFAULT_OPERATIONS = frozenset({"plan_and_apply", "save_plan", "refresh_only", "destroy"})

Condition = Callable[[RunRecord], bool]


def listed_runs(
    records: Records, request: web.Request, runs: Sequence[RunRecord]
) -> list[RunRecord]:
    """Return the runs that pass the filters and searches of a request, newest first."""
    conditions = _conditions(records, request)
    return [
        run for run in reversed(runs) if all(condition(run) for condition in conditions)
    ]


def run_of(records: Records, id: str) -> RunRecord:
    """Return a run; raises `NotFound`."""
    run = records.find(RunRecord, id)
    if run is None:
        raise not_found(f"run {id}")
    return run


def run_resources(
    records: Records, request: web.Request, runs: Sequence[RunRecord]
) -> list[Resource]:
    """Return runs as resources, with their places in the queue."""
    positions = {id: n for n, id in enumerate(context_of(request).run_queue.waiting, 1)}
    return [dump_run(run, position=positions.get(run.id, 0)) for run in runs]


def plan_resource(request: web.Request, run: RunRecord) -> Resource:
    """Return the plan of a run with the address of its log."""
    # Clients replace the whole query of this address, so the signature is in its path.
    return dump_plan(run, signed_address(request, "log", run.id))


def _conditions(records: Records, request: web.Request) -> list[Condition]:
    query = request.query
    operations = filter_values(query, "filter[operation]") or _DEFAULT_OPERATIONS
    visible_until = _visible_until(request)
    conditions: list[Condition] = [
        lambda run: run_operation(run) in operations,
        lambda run: run.created_at <= visible_until,
    ]
    if statuses := filter_values(query, "filter[status]"):
        conditions.append(lambda run: run.status in statuses)
    if sources := filter_values(query, "filter[source]"):
        conditions.append(lambda run: run_source(run) in sources)
    if text := query.get("search[basic]"):
        conditions.append(lambda run: text in run.id or text in run.message)
    if groups := filter_values(query, "filter[status_group]"):
        conditions.append(_in_status_groups(groups))
    if timeframe := query.get("filter[timeframe]"):
        conditions.append(_in_timeframe(timeframe))
    if user := query.get("search[user]"):
        conditions.append(_by_user(records, user))
    if names := filter_values(query, "filter[workspace_names]"):
        conditions.append(_in_workspaces(records, request, names))
    if names := filter_values(query, "filter[agent_pool_names]"):
        conditions.append(_in_agent_pools(records, request, names))
    if query.get("search[commit]"):
        # No run here comes from a repository.
        conditions.append(lambda run: False)
    return conditions


def _in_status_groups(groups: Collection[str]) -> Condition:
    tests: dict[str, Condition] = {
        "non_final": lambda run: not run.is_over,
        "final": lambda run: run.is_over,
        "discardable": lambda run: run.status == "pending",
    }
    if unknown := set(groups) - set(tests):
        raise bad_query(f"filter[status_group]={min(unknown)} is not a group of statuses")
    return lambda run: any(tests[group](run) for group in groups)


def _in_timeframe(timeframe: str) -> Condition:
    if timeframe == "year":
        since = (datetime.now(UTC) - timedelta(days=365)).isoformat()
        return lambda run: run.created_at >= since
    if len(timeframe) != 4 or not timeframe.isdecimal():
        raise bad_query("filter[timeframe] must be year or a number of four digits")
    return lambda run: run.created_at.startswith(timeframe)


def _by_user(records: Records, text: str) -> Condition:
    ids = {user.id for user in records.all(UserRecord) if text in user.shown_name}
    return lambda run: run.created_by in ids


def _in_workspaces(
    records: Records, request: web.Request, names: Collection[str]
) -> Condition:
    ids = {
        workspace.id
        for workspace in records.all(WorkspaceRecord, organization_of(request).id)
        if workspace.name in names
    }
    return lambda run: run.workspace_id in ids


def _in_agent_pools(
    records: Records, request: web.Request, names: Collection[str]
) -> Condition:
    """Return whether a run is of a workspace that uses one of some pools now."""
    organization = organization_of(request)
    workspace_ids = workspaces_by_pool(records, organization)
    ids = {
        id
        for pool in records.all(AgentPoolRecord, organization.id)
        if pool.name in names
        for id in workspace_ids.get(pool.id, ())
    }
    return lambda run: run.workspace_id in ids


def _visible_until(request: web.Request) -> str:
    """Return the time of the newest run in lists; a fault rule can make lists lag."""
    lag = context_of(request).faults.settings.list_lag_seconds
    return now_text(seconds_ago=lag)
