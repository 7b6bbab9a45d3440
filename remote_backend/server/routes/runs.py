"""Runs, their plans and their logs."""

from collections.abc import Mapping

from aiohttp import web
from anyio import to_thread

from remote_backend.errors import Rejected
from remote_backend.server.context import (
    USER,
    ServerContext,
    conflict,
    context_of,
    not_found,
    read_request_document,
    respond,
    signed_address,
    workspace_of,
)
from remote_backend.server.documents.documents import (
    RequestDocument,
    dump_document,
    dump_page,
)
from remote_backend.server.documents.plans import redact_plan
from remote_backend.server.documents.runs import dump_run, run_from_request
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.records import RunRecord, WorkspaceRecord
from remote_backend.server.routes.configurations import configuration_of
from remote_backend.server.run_lists import includes_plan, list_response, plan_resource
from remote_backend.server.store import Records

__all__ = ("read_json_plan", "read_log", "routes")

routes = web.RouteTableDef()


@routes.post("/api/v2/runs")
async def create_run(request: web.Request) -> web.Response:
    """Queue a plan-only run."""
    context = context_of(request)
    document = await read_request_document(request)
    user = request[USER]
    run = await context.store.write(
        lambda records: records.put(_new_run(records, document, user.id))
    )
    context.run_queue.enqueue(run.id)
    return respond(dump_document(dump_run(run)), 201)


@routes.get("/api/v2/runs/{run_id}")
async def read_run(request: web.Request) -> web.Response:
    """Return a run, with its plan when that is asked for."""
    context = context_of(request)
    run = await _find_run(request, context)
    included = [plan_resource(request, run)] if includes_plan(request) else []
    position = 0
    if run.id in context.run_queue.waiting:
        position = context.run_queue.waiting.index(run.id) + 1
    return respond(dump_document(dump_run(run, position=position), included))


@routes.get("/api/v2/workspaces/{workspace_id}/runs")
async def list_runs(request: web.Request) -> web.Response:
    """Return the runs of a workspace that a filter names, newest first."""

    def find(records: Records) -> list[RunRecord]:
        return records.all(RunRecord, workspace_of(records, request).id)

    return list_response(request, await context_of(request).store.read(find))


@routes.get("/api/v2/runs/{run_id}/run-events")
@routes.get("/api/v2/runs/{run_id}/task-stages")
async def list_nothing(request: web.Request) -> web.Response:
    """Return an empty list: there are no events and no run tasks here."""
    await _find_run(request, context_of(request))
    nothing: list[RunRecord] = []
    return respond(dump_page(nothing, dump_run, request.query, request.path))


@routes.post("/api/v2/runs/{run_id}/actions/cancel")
@routes.post("/api/v2/runs/{run_id}/actions/force-cancel")
async def cancel_run(request: web.Request) -> web.Response:
    """Stop a run that waits or is being planned."""
    context = context_of(request)
    run = await _find_run(request, context)
    if not context.run_queue.cancel(run.id):
        raise conflict(f"the run is {run.status} and cannot be canceled")
    return respond(status=202)


@routes.post("/api/v2/runs/{run_id}/actions/discard")
async def discard_run(request: web.Request) -> web.Response:
    """Drop a run that waits."""
    context = context_of(request)
    run = await _find_run(request, context)
    if run.id not in context.run_queue.waiting or not context.run_queue.cancel(run.id):
        raise conflict(f"the run is {run.status} and cannot be discarded")
    return respond(status=202)


@routes.post("/api/v2/runs/{run_id}/actions/apply")
@routes.post("/api/v2/runs/{run_id}/actions/force-execute")
async def refuse_action(request: web.Request) -> web.Response:
    """Refuse to apply anything."""
    await _find_run(request, context_of(request))
    raise conflict("this server only plans; its runs cannot be applied")


@routes.get("/api/v2/plans/{plan_id}")
@routes.get("/api/v2/runs/{run_id}/plan")
async def read_plan(request: web.Request) -> web.Response:
    """Return a plan."""
    context = context_of(request)
    run = await _find_run(request, context)
    return respond(dump_document(plan_resource(request, run)))


@routes.get("/api/v2/plans/{plan_id}/json-output")
@routes.get("/api/v2/runs/{run_id}/plan/json-output")
async def redirect_to_json_plan(request: web.Request) -> web.Response:
    """Send to the plan as JSON, or say that there is none yet."""
    context = context_of(request)
    run = await _find_run(request, context)
    if run.plan_status != "finished" or not context.files.json_plan_path(run.id).exists():
        return respond(status=204)
    address = signed_address(request, "json-plan", run.id)
    return web.Response(status=307, headers={"Location": address})


@routes.get("/api/v2/plans/{plan_id}/json-output-redacted")
@routes.get("/api/v2/runs/{run_id}/plan/json-output-redacted")
async def read_redacted_plan(request: web.Request) -> web.Response:
    """Return the plan as JSON without its sensitive values, or say that there is none yet."""
    context = context_of(request)
    run = await _find_run(request, context)
    path = context.files.json_plan_path(run.id)
    if run.plan_status != "finished" or not path.exists():
        return respond(status=204)
    body = await to_thread.run_sync(lambda: redact_plan(path.read_bytes()))
    return web.Response(body=body, content_type="application/json")


async def read_log(request: web.Request, id: str) -> web.Response:
    """Return a part of a log; empty when there is nothing at an offset (yet)."""
    offset = _number(request.query, "offset") or 0
    limit = _number(request.query, "limit") or None
    files = context_of(request).files
    data = b""
    # Most who ask have all that there is, which needs no thread to be seen.
    if files.log_size(id) > offset:
        data = await to_thread.run_sync(
            lambda: files.read_log(id, offset=offset, limit=limit)
        )
    return web.Response(body=data, content_type="text/plain", charset="utf-8")


async def read_json_plan(request: web.Request, id: str) -> web.StreamResponse:
    """Return a plan as JSON."""
    path = context_of(request).files.json_plan_path(id)
    if not path.exists():
        raise not_found("the plan")
    return web.FileResponse(path, headers={"Content-Type": "application/json"})


def _new_run(records: Records, document: RequestDocument, user_id: str) -> RunRecord:
    workspace_id = document.related_ids.get("workspace", "")
    workspace = records.find(WorkspaceRecord, workspace_id)
    if workspace is None:
        raise not_found(f"workspace {workspace_id}")
    if workspace.execution_mode == "local":
        raise _rejected(f"{workspace.name} runs plans locally (execution mode local)")
    configuration_id = document.related_ids.get("configuration-version")
    if configuration_id is None:
        raise _rejected("a run needs a configuration version")
    configuration = configuration_of(records, configuration_id)
    if configuration.status != "uploaded":
        raise _rejected(
            f"configuration version {configuration.id} is {configuration.status}"
        )
    if not document.flag("plan-only", configuration.speculative):
        raise _rejected("this server only plans: ask for a run that is plan-only")
    run = RunRecord(
        id=make_id("run"),
        workspace_id=workspace.id,
        configuration_version_id=configuration.id,
        created_at=now_text(),
        created_by=user_id,
    )
    return run_from_request(run, document)


def _rejected(problem: str) -> Rejected:
    return Rejected(422, "", "", (problem,))


async def _find_run(request: web.Request, context: ServerContext) -> RunRecord:
    plan_id = request.match_info.get("plan_id", "")
    id = request.match_info.get("run_id") or "run-" + plan_id.removeprefix("plan-")
    run = await context.store.read(lambda records: records.find(RunRecord, id))
    if run is None:
        raise not_found(f"{'plan' if plan_id else 'run'} {plan_id or id}")
    return run


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else None
