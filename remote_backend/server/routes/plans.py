"""Plans with their logs and JSON, and applies, which never happen."""

from aiohttp import web
from anyio import to_thread

from remote_backend.server.context import context_of, not_found, respond, signed_address
from remote_backend.server.documents.applies import dump_apply
from remote_backend.server.documents.documents import dump_document
from remote_backend.server.documents.plans import redact_plan
from remote_backend.server.query_parameters import parse_offset
from remote_backend.server.records import RunRecord
from remote_backend.server.run_lists import plan_resource

__all__ = ("read_json_plan", "read_log", "routes")

routes = web.RouteTableDef()


@routes.get("/api/v2/plans/{plan_id}")
@routes.get("/api/v2/runs/{run_id}/plan")
async def read_plan(request: web.Request) -> web.Response:
    """Return a plan."""
    return respond(dump_document(plan_resource(request, await _find_run(request))))


@routes.get("/api/v2/applies/{apply_id}")
@routes.get("/api/v2/runs/{run_id}/apply")
async def read_apply(request: web.Request) -> web.Response:
    """Return the apply of a run, which is unreachable."""
    return respond(dump_document(dump_apply(await _find_run(request))))


@routes.get("/api/v2/plans/{plan_id}/json-output")
@routes.get("/api/v2/runs/{run_id}/plan/json-output")
async def redirect_to_json_plan(request: web.Request) -> web.Response:
    """Send to the plan as JSON, or say that there is none yet."""
    run = await _find_run(request)
    path = context_of(request).files.json_plan_path(run.id)
    if run.plan_status != "finished" or not path.exists():
        return respond(status=204)
    address = signed_address(request, "json-plan", run.id)
    return web.Response(status=307, headers={"Location": address})


@routes.get("/api/v2/plans/{plan_id}/json-output-redacted")
@routes.get("/api/v2/runs/{run_id}/plan/json-output-redacted")
async def read_redacted_plan(request: web.Request) -> web.Response:
    """Return the plan as JSON without its sensitive values, or say that there is none yet."""
    run = await _find_run(request)
    path = context_of(request).files.json_plan_path(run.id)
    if run.plan_status != "finished" or not path.exists():
        return respond(status=204)
    body = await to_thread.run_sync(lambda: redact_plan(path.read_bytes()))
    return web.Response(body=body, content_type="application/json")


@routes.get("/api/v2/plans/{plan_id}/json-schema")
@routes.get("/api/v2/runs/{run_id}/plan/json-schema")
async def refuse_json_schema(request: web.Request) -> web.Response:
    """Say that there are no schemas of providers: plans here are kept without them."""
    await _find_run(request)
    return respond(status=204)


async def read_log(request: web.Request, id: str) -> web.Response:
    """Return a part of a log; empty when there is nothing at an offset (yet)."""
    offset = parse_offset(request.query.get("offset", ""), "offset")
    limit = parse_offset(request.query.get("limit", ""), "limit") or None
    files = context_of(request).files
    data = b""
    size = files.log_size(id)
    if size is None:
        await _require_run(request, id)
    # Most polls find nothing new; answer them without a thread.
    elif size > offset:
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


async def _require_run(request: web.Request, id: str) -> None:
    """Raise `NotFound` after a run was deleted, with which its addresses end."""
    run = await context_of(request).store.read(lambda records: records.find(RunRecord, id))
    if run is None:
        raise not_found("the log")


async def _find_run(request: web.Request) -> RunRecord:
    """Return the run that a path names by its own id, or by that of its plan or apply."""
    path = request.match_info
    name, id = next((name, path[name]) for name in path if name.endswith("_id"))
    run_id = f"run-{id.partition('-')[2]}"
    run = await context_of(request).store.read(
        lambda records: records.find(RunRecord, run_id)
    )
    if run is None:
        raise not_found(f"{name.removesuffix('_id')} {id}")
    return run
