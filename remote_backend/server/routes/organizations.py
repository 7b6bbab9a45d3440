"""Discovery, ping, the organization and its queue."""

from typing import Any

from aiohttp import web

from remote_backend.server.context import context_of, respond
from remote_backend.server.documents.documents import dump_document, dump_page
from remote_backend.server.documents.organizations import (
    discovery_document,
    dump_capacity,
    dump_entitlements,
    dump_organization,
)
from remote_backend.server.documents.runs import dump_run
from remote_backend.server.records import RunRecord
from remote_backend.server.run_lists import list_response

__all__ = ("routes",)

routes = web.RouteTableDef()


@routes.get("/.well-known/terraform.json")
async def discover(request: web.Request) -> web.Response:
    """Say where the API is."""
    return web.json_response(discovery_document())


@routes.get("/")
async def greet(request: web.Request) -> web.Response:
    """Answer the clients that ask the host itself whether it is there."""
    return web.Response(text="remote-backend\n")


@routes.get("/api/v2/ping")
@routes.get("/api/v2/")
async def ping(request: web.Request) -> web.Response:
    """Answer with headers alone; old clients ask the base for them."""
    return respond(status=204)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organizations#list-organizations
@routes.get("/api/v2/organizations")
async def list_organizations(request: web.Request) -> web.Response:
    """Return the organization of this server, when its name holds the searched text."""
    context = context_of(request)
    searched = request.query.get("q") or request.query.get("q[name]", "")
    names = [context.organization] if searched in context.organization else []

    def dump(name: str) -> dict[str, Any]:
        return dump_organization(name, context.created_at)

    return respond(dump_page(names, dump, request.query, request.path))


@routes.get("/api/v2/organizations/{organization}")
async def read_organization(request: web.Request) -> web.Response:
    """Return the organization."""
    context = context_of(request)
    return respond(
        dump_document(dump_organization(context.organization, context.created_at))
    )


@routes.get("/api/v2/organizations/{organization}/entitlement-set")
async def read_entitlements(request: web.Request) -> web.Response:
    """Return what the organization may use."""
    return respond(dump_document(dump_entitlements(context_of(request).organization)))


@routes.get("/api/v2/organizations/{organization}/capacity")
async def read_capacity(request: web.Request) -> web.Response:
    """Return how many runs wait and run."""
    context = context_of(request)
    pending, running = len(context.run_queue.waiting), context.run_queue.running
    capacity = dump_capacity(context.organization, pending=pending, running=running)
    return respond(dump_document(capacity))


@routes.get("/api/v2/organizations/{organization}/runs/queue")
async def list_queue(request: web.Request) -> web.Response:
    """Return the runs that wait, the next one first."""
    context = context_of(request)
    waiting = context.run_queue.waiting
    runs = await context.store.read(
        lambda records: [records.find(RunRecord, id) for id in waiting]
    )
    queue = [
        (position, run) for position, run in enumerate(runs, start=1) if run is not None
    ]

    def dump(queued: tuple[int, RunRecord]) -> dict[str, Any]:
        position, run = queued
        return dump_run(run, position=position)

    return respond(dump_page(queue, dump, request.query, request.path))


@routes.get("/api/v2/organizations/{organization}/runs")
async def list_runs(request: web.Request) -> web.Response:
    """Return the runs of all workspaces that a filter names, newest first."""
    runs = await context_of(request).store.read(lambda records: records.all(RunRecord))
    basic = request.query.get("search[basic]", "")
    matching = [run for run in runs if basic in f"{run.id} {run.message}"]
    return list_response(request, matching)
