"""Discovery, ping, the organization, its entitlements and its capacity."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.server.context import context_of, respond
from remote_backend.server.documents.documents import Resource, dump_document
from remote_backend.server.documents.organizations import (
    discovery_document,
    dump_capacity,
    dump_entitlements,
    dump_organization,
)
from remote_backend.server.lists import respond_with_list, respond_with_one
from remote_backend.server.query_parameters import accepts
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organizations#available-related-resources
_MEMBERS = ("default_project", "entitlement_set", "subscription")


@routes.get("/.well-known/terraform.json")
async def discover(request: web.Request) -> web.Response:
    """Say where the API is."""
    return web.json_response(discovery_document())


@routes.get("/api/v2/ping")
@routes.get("/api/v2/")
async def ping(request: web.Request) -> web.Response:
    """Answer with headers alone; old clients ask the base for them."""
    return respond(status=204)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/ip-ranges
@routes.get("/api/meta/ip-ranges")
async def read_ip_ranges(request: web.Request) -> web.Response:
    """Return no addresses: the server sends nothing by itself."""
    return web.json_response(dict.fromkeys(("api", "notifications", "sentinel", "vcs"), ()))


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organizations#list-organizations
@routes.get("/api/v2/organizations")
@accepts("q", "q[email]", "q[name]", include=_MEMBERS)
async def list_organizations(request: web.Request) -> web.Response:
    """Return the organization of this server, when all searched texts are in it."""
    name = context_of(request).organization
    email = f"{name}@localhost"
    searched = {"q": f"{name}\n{email}", "q[name]": name, "q[email]": email}
    matches = all(request.query.get(key, "") in text for key, text in searched.items())
    return await respond_with_list(
        request, lambda records: [name] if matches else [], _organization_resources
    )


@routes.get("/api/v2/organizations/{organization}")
@accepts(include=_MEMBERS)
async def read_organization(request: web.Request) -> web.Response:
    """Return the organization."""
    name = context_of(request).organization
    return await respond_with_one(request, lambda records: name, _organization_resources)


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


def _organization_resources(
    records: Records, request: web.Request, names: Sequence[str]
) -> list[Resource]:
    created_at = context_of(request).created_at
    return [dump_organization(name, created_at) for name in names]
