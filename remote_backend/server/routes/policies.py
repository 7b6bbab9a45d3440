"""What simulated policies and cost estimates say about a plan."""

from aiohttp import web

from remote_backend.server.context import conflict, context_of, not_found, respond
from remote_backend.server.documents.documents import dump_document
from remote_backend.server.documents.policies import (
    dump_cost_estimate,
    dump_policy_check,
    write_policy_output,
)
from remote_backend.server.dumping import each
from remote_backend.server.lists import respond_with_list, respond_with_one
from remote_backend.server.query_parameters import accepts
from remote_backend.server.records import RunRecord
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_MEMBERS = ("run", "run.workspace")


@routes.get("/api/v2/cost-estimates/{cost_estimate_id}")
async def read_cost_estimate(request: web.Request) -> web.Response:
    """Return a cost estimate."""
    id = request.match_info["cost_estimate_id"]
    run = await context_of(request).store.read(
        lambda records: _find_run(records, "ce-", id)
    )
    if run is None or run.cost is None:
        raise not_found(f"cost estimate {id}")
    return respond(dump_document(dump_cost_estimate(run, run.cost)))


@routes.get("/api/v2/runs/{run_id}/policy-checks")
@accepts(include=_MEMBERS)
async def list_policy_checks(request: web.Request) -> web.Response:
    """Return the policy check of a run, where there is one."""
    id = request.match_info["run_id"]

    def find(records: Records) -> list[RunRecord]:
        run = _find_run(records, "run-", id)
        if run is None:
            raise not_found(f"run {id}")
        return [run] if run.policies else []

    return await respond_with_list(request, find, each(dump_policy_check))


@routes.get("/api/v2/policy-checks/{policy_check_id}")
@accepts(include=_MEMBERS)
async def read_policy_check(request: web.Request) -> web.Response:
    """Return a policy check."""
    return await respond_with_one(
        request,
        lambda records: _run_with_policies(records, request),
        each(dump_policy_check),
    )


@routes.get("/api/v2/policy-checks/{policy_check_id}/output")
async def read_policy_output(request: web.Request) -> web.Response:
    """Return what a policy check wrote."""
    run = await context_of(request).store.read(
        lambda records: _run_with_policies(records, request)
    )
    return web.Response(body=write_policy_output(run.policies), content_type="text/plain")


@routes.post("/api/v2/policy-checks/{policy_check_id}/actions/override")
async def refuse_override(request: web.Request) -> web.Response:
    """Refuse: a run that only plans has nothing to go on with."""
    await context_of(request).store.read(
        lambda records: _run_with_policies(records, request)
    )
    raise conflict("this server only plans; its policy checks cannot be overridden")


def _run_with_policies(records: Records, request: web.Request) -> RunRecord:
    id = request.match_info["policy_check_id"]
    run = _find_run(records, "polchk-", id)
    if run is None or not run.policies:
        raise not_found(f"policy check {id}")
    return run


def _find_run(records: Records, prefix: str, id: str) -> RunRecord | None:
    return records.find(RunRecord, "run-" + id.removeprefix(prefix))
