"""Discovery, ping, the organization and its queue."""

from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web

from remote_backend.server.context import answer, context_of, signed_address
from remote_backend.server.documents.documents import dump_document, dump_page
from remote_backend.server.documents.organizations import (
    discovery_document,
    dump_capacity,
    dump_entitlements,
    dump_organization,
)
from remote_backend.server.documents.runs import dump_plan, dump_run, run_operation
from remote_backend.server.ids import now_text
from remote_backend.server.records import RunRecord

__all__ = ("plan_of", "routes", "runs_answer", "wanted_operations")

routes = web.RouteTableDef()


@routes.get("/.well-known/terraform.json")
async def discover(request: web.Request) -> web.Response:
    """Say where the API is."""
    return web.json_response(discovery_document("/api/v2/"))


@routes.get("/")
async def greet(request: web.Request) -> web.Response:
    """Answer the clients that ask the host itself whether it is there."""
    return web.Response(text="remote-backend\n")


@routes.get("/api/v2/ping")
@routes.get("/api/v2/")
async def ping(request: web.Request) -> web.Response:
    """Answer with headers alone; old clients ask the base for them."""
    return answer(status=204)


@routes.get("/api/v2/organizations/{organization}")
async def read_organization(request: web.Request) -> web.Response:
    """Return the organization."""
    serving = context_of(request)
    return answer(
        dump_document(dump_organization(serving.organization, serving.created_at))
    )


@routes.get("/api/v2/organizations/{organization}/entitlement-set")
async def read_entitlements(request: web.Request) -> web.Response:
    """Return what the organization may use."""
    return answer(dump_document(dump_entitlements(context_of(request).organization)))


@routes.get("/api/v2/organizations/{organization}/capacity")
async def read_capacity(request: web.Request) -> web.Response:
    """Return how many runs wait and run."""
    serving = context_of(request)
    pending, running = len(serving.run_queue.waiting), serving.run_queue.running
    capacity = dump_capacity(serving.organization, pending=pending, running=running)
    return answer(dump_document(capacity))


@routes.get("/api/v2/organizations/{organization}/runs/queue")
async def list_queue(request: web.Request) -> web.Response:
    """Return the runs that wait, the next one first."""
    serving = context_of(request)
    waiting = serving.run_queue.waiting
    found = await serving.store.read(
        lambda records: [records.find(RunRecord, id) for id in waiting]
    )
    queue = [(place, run) for place, run in enumerate(found, start=1) if run is not None]

    def dump(waits: tuple[int, RunRecord]) -> dict[str, Any]:
        place, run = waits
        return dump_run(run, position=place)

    return answer(dump_page(queue, dump, request.query, request.path))


@routes.get("/api/v2/organizations/{organization}/runs")
async def list_runs(request: web.Request) -> web.Response:
    """Return the runs of all workspaces that a filter names, newest first."""
    runs = await context_of(request).store.read(lambda records: records.all(RunRecord))
    basic = request.query.get("search[basic]", "")
    return runs_answer(request, [run for run in runs if basic in f"{run.id} {run.message}"])


def runs_answer(request: web.Request, runs: list[RunRecord]) -> web.Response:
    """Return the page of runs that a query asks for, newest first, with what it includes."""
    wanted = wanted_operations(request)
    newest = _visible_until(request)
    listed = [
        run
        for run in reversed(runs)
        if run_operation(run) in wanted and run.created_at <= newest
    ]
    include: Callable[[RunRecord], dict[str, Any]] | None = None
    if "plan" in request.query.get("include", "").split(","):
        include = partial(plan_of, request)
    return answer(dump_page(listed, dump_run, request.query, request.path, include=include))


def plan_of(request: web.Request, run: RunRecord) -> dict[str, Any]:
    """Return the plan of a run with the address of its log."""
    # Clients replace the whole query of this address, so nothing of ours may be there.
    return dump_plan(run, signed_address(request, "log", run.id))


def _visible_until(request: web.Request) -> str:
    """Return the time until which runs are in lists, which may lag on purpose."""
    lag = context_of(request).faults.settings.list_lag_seconds
    return now_text(seconds_ago=lag)


def wanted_operations(request: web.Request) -> set[str]:
    """Return the operations that a list of runs shows; plan-only ones are hidden by default."""
    text = request.query.get(
        "filter[operation]", "plan_and_apply,save_plan,refresh_only,destroy"
    )
    return {word.strip() for word in text.split(",")}
