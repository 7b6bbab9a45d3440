"""What simulated policies and cost estimates say about a plan."""

from aiohttp import web

from remote_backend.server.context import conflict, context_of, not_found, respond
from remote_backend.server.documents.documents import dump_document, dump_page
from remote_backend.server.documents.policies import (
    dump_cost_estimate,
    dump_policy_check,
    write_policy_output,
)
from remote_backend.server.records import RunRecord

__all__ = ("routes",)

routes = web.RouteTableDef()


@routes.get("/api/v2/cost-estimates/{cost_estimate_id}")
async def read_cost_estimate(request: web.Request) -> web.Response:
    """Return a cost estimate."""
    id = request.match_info["cost_estimate_id"]
    run = await _find_run(request, "ce-", id)
    if run is None or run.cost is None:
        raise not_found(f"cost estimate {id}")
    return respond(dump_document(dump_cost_estimate(run, run.cost)))


@routes.get("/api/v2/runs/{run_id}/policy-checks")
async def list_policy_checks(request: web.Request) -> web.Response:
    """Return the policy check of a run, where there is one."""
    id = request.match_info["run_id"]
    run = await _find_run(request, "run-", id)
    if run is None:
        raise not_found(f"run {id}")
    checked_runs = [run] if run.policies else []
    return respond(dump_page(checked_runs, dump_policy_check, request.query, request.path))


@routes.get("/api/v2/policy-checks/{policy_check_id}")
async def read_policy_check(request: web.Request) -> web.Response:
    """Return a policy check."""
    return respond(dump_document(dump_policy_check(await _run_with_policies(request))))


@routes.get("/api/v2/policy-checks/{policy_check_id}/output")
async def read_policy_output(request: web.Request) -> web.Response:
    """Return what a policy check wrote."""
    run = await _run_with_policies(request)
    return web.Response(body=write_policy_output(run.policies), content_type="text/plain")


@routes.post("/api/v2/policy-checks/{policy_check_id}/actions/override")
async def refuse_override(request: web.Request) -> web.Response:
    """Refuse: a run that only plans has nothing to go on with."""
    await _run_with_policies(request)
    raise conflict("this server only plans; its policy checks cannot be overridden")


async def _run_with_policies(request: web.Request) -> RunRecord:
    id = request.match_info["policy_check_id"]
    run = await _find_run(request, "polchk-", id)
    if run is None or not run.policies:
        raise not_found(f"policy check {id}")
    return run


async def _find_run(request: web.Request, prefix: str, id: str) -> RunRecord | None:
    run_id = "run-" + id.removeprefix(prefix)
    return await context_of(request).store.read(
        lambda records: records.find(RunRecord, run_id)
    )
