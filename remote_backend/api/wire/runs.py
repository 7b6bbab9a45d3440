"""Runs and their plans on the wire."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from attrs import evolve

from remote_backend.api.messages import Request, Response, path_part
from remote_backend.api.wire.document import (
    Document,
    Page,
    address_of,
    attribute_of,
    body_of,
    load_page,
    load_resource,
    optional_request,
    parse_document,
)
from remote_backend.errors import UnexpectedAnswer
from remote_backend.models.plan import Plan
from remote_backend.models.run import Run, RunRequest
from remote_backend.models.run_phases import StatusTimes

__all__ = (
    "load_plan",
    "load_run",
    "load_run_with_plan",
    "load_runs",
    "load_runs_with_plans",
    "request_to_cancel_run",
    "request_to_discard_run",
    "request_to_list_batch_runs",
    "request_to_list_runs",
    "request_to_queue_run",
    "request_to_read_json_plan",
    "request_to_read_log",
    "request_to_read_plan",
    "request_to_read_run",
)

_LARGEST_PLAN_BYTES = 1 << 30
# Lists hide plan-only runs unless a filter names them. `save_plan` is left out: OTF returns an
# empty page for each filter that names it (seen in November 2026), and this client creates no
# such runs.
_ALL_OPERATIONS = "plan_only,plan_and_apply,refresh_only,destroy,empty_apply"


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#create-a-run
def request_to_queue_run(request: RunRequest) -> Request:
    """Create a plan-only run."""
    options = request.options
    attributes: dict[str, Any] = {"plan-only": True, "is-destroy": options.destroy}
    if options.message:
        attributes["message"] = options.message
    if not options.refresh:
        attributes["refresh"] = False
    if options.refresh_only:
        attributes["refresh-only"] = True
    if options.targets:
        attributes["target-addrs"] = list(options.targets)
    if options.replace:
        attributes["replace-addrs"] = list(options.replace)
    if options.generate_config:
        attributes["allow-config-generation"] = True
    if options.terraform_version is not None:
        attributes["terraform-version"] = options.terraform_version
    if options.variables:
        attributes["variables"] = [
            {"key": key, "value": value} for key, value in options.variables
        ]
    relationships = {
        "workspace": ("workspaces", request.workspace_id),
        "configuration-version": (
            "configuration-versions",
            request.configuration_version_id,
        ),
    }
    body = body_of("runs", attributes, relationships)
    return Request(method="POST", target="runs", body=body, repeatable=False, priority=0)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#get-run-details
def request_to_read_run(run_id: str) -> Request:
    """Read a run and its plan in one response."""
    return Request(method="GET", target=f"runs/{run_id}", query=(("include", "plan"),))


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#list-runs-in-a-workspace
def request_to_list_runs(workspace_id: str, *, filtered: bool = True) -> Request:
    """List the newest runs of a workspace; with the filter, plan-only runs are among them."""
    query: tuple[tuple[str, str], ...] = (("page[size]", "20"),)
    if filtered:
        query = (("filter[operation]", _ALL_OPERATIONS), *query)
    target = f"workspaces/{workspace_id}/runs"
    return Request(method="GET", target=target, query=query, is_run_list=True)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#list-runs-in-an-organization
def request_to_list_batch_runs(organization: str, token: str, *, page: int) -> Request:
    """List a page of the runs whose messages hold a text, with their plans."""
    query = (
        ("filter[operation]", _ALL_OPERATIONS),
        ("include", "plan"),
        ("page[number]", str(page)),
        ("page[size]", "100"),
        ("search[basic]", token),
    )
    target = f"organizations/{path_part(organization)}/runs"
    return Request(method="GET", target=target, query=query, is_run_list=True)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#cancel-a-run
def request_to_cancel_run(run_id: str, comment: str) -> Request:
    """Cancel a run."""
    return _action(run_id, "cancel", comment)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#discard-a-run
def request_to_discard_run(run_id: str, comment: str) -> Request:
    """Discard a run that waits."""
    return _action(run_id, "discard", comment)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/plans#show-a-plan
def request_to_read_plan(plan_id: str) -> Request:
    """Read a plan."""
    return Request(method="GET", target=f"plans/{plan_id}")


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/plans#retrieve-the-json-execution-plan
def request_to_read_json_plan(plan_id: str, *, redacted: bool) -> Request:
    """Read a plan as JSON; the form that is not redacted needs more rights."""
    kind = "json-output-redacted" if redacted else "json-output"
    request = optional_request(f"plans/{plan_id}/{kind}")
    return evolve(request, max_bytes=_LARGEST_PLAN_BYTES)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/plans#show-a-plan
def request_to_read_log(plan: Plan, *, offset: int, limit: int) -> Request:
    """Read a part of a plan's log; offsets count framing bytes too."""
    if plan.log_read_url is None:
        raise ValueError(f"{plan.id} has no log yet")
    query = (("limit", str(limit)), ("offset", str(offset)))
    return Request(method="GET", target=plan.log_read_url, query=query)


def load_run(response: Response) -> Run:
    """Load a run."""
    return _run(parse_document(response).resource)


def load_run_with_plan(response: Response) -> tuple[Run, Plan | None]:
    """Load a run and its plan, or None if the plan is not included."""
    document = parse_document(response)
    return _with_plan(document, document.resource)


def load_runs(response: Response) -> Page[Run]:
    """Load a page of runs, newest first."""
    document = parse_document(response)
    return load_page(document, (_run(item) for item in document.resources))


def load_runs_with_plans(response: Response) -> Page[tuple[Run, Plan | None]]:
    """Load a page of runs, each with its plan if that is included.

    Items that cannot be read are left out: the list holds runs of many people.
    """
    document = parse_document(response)
    return load_page(document, _readable_runs(document))


def load_plan(response: Response) -> Plan:
    """Load a plan."""
    return _plan(parse_document(response).resource)


def _readable_runs(document: Document) -> Iterator[tuple[Run, Plan | None]]:
    for resource in document.readable_resources:
        with suppress(UnexpectedAnswer):
            yield _with_plan(document, resource)


def _with_plan(document: Document, resource: Mapping[str, Any]) -> tuple[Run, Plan | None]:
    included = document.linked(resource, "plan")
    run = _run(resource)
    try:
        return run, _plan(included) if included else None
    except UnexpectedAnswer:
        # An unreadable plan must not hide its run; the plan can be read alone.
        return run, None


def _run(resource: Mapping[str, Any]) -> Run:
    times = attribute_of(resource, "status_timestamps")
    return load_resource(
        resource,
        Run,
        settings=_settings(resource),
        status_times=StatusTimes(times) if isinstance(times, dict) else None,
        planned_between=_planned_between(resource),
    )


def _planned_between(resource: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return when the plan of a run began and ended, once both are known."""
    times = attribute_of(resource, "status_timestamps")
    if not isinstance(times, dict):
        return None
    ends = ("planned-at", "planned-and-finished-at")
    start = times.get("planning-at")
    end = next((times[name] for name in ends if name in times), None)
    return (start, end) if isinstance(start, str) and isinstance(end, str) else None


def _settings(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of `RunSettings`; a value of a wrong type counts as absent."""
    return {
        "plan_only": _flag(resource, "plan_only"),
        "destroy": _flag(resource, "is_destroy"),
        "refresh": _flag(resource, "refresh"),
        "refresh_only": _flag(resource, "refresh_only"),
        "targets": _texts(attribute_of(resource, "target_addrs")),
        "replace": _texts(attribute_of(resource, "replace_addrs")),
        "generate_config": _flag(resource, "allow_config_generation"),
        "terraform_version": _text(attribute_of(resource, "terraform_version")),
        "variable_names": _names(attribute_of(resource, "variables")),
    }


def _flag(resource: Mapping[str, Any], name: str) -> bool | None:
    value = attribute_of(resource, name)
    return value if isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def _names(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return _texts([item.get("key") for item in value])
    return None


def _plan(resource: Any) -> Plan:
    return load_resource(
        resource,
        Plan,
        log_read_url=address_of(attribute_of(resource, "log_read_url")),
        was_started=_was_started(attribute_of(resource, "status_timestamps")),
    )


def _was_started(times: Any) -> bool | None:
    if not isinstance(times, dict) or not times:
        return None
    return bool(times.get("started-at") or times.get("started_at"))


def _action(run_id: str, action: str, comment: str) -> Request:
    return Request(
        method="POST",
        target=f"runs/{run_id}/actions/{action}",
        body=json.dumps({"comment": comment}).encode(),
        # A repeated action gets a 409 and does nothing. Runs that nobody needs any more should
        # not wait behind requests of other runs.
        priority=-1,
    )
