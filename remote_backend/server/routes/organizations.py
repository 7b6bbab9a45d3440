"""Discovery, ping, organizations, their entitlements and their capacity."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from aiohttp import web

from remote_backend.server.agent_pool_facts import require_pool
from remote_backend.server.context import (
    conflict,
    context_of,
    organization_of,
    read_request_document,
    respond,
    stored_organization,
)
from remote_backend.server.documents.documents import dump_document
from remote_backend.server.documents.organizations import (
    discovery_document,
    dump_capacity,
    dump_entitlements,
    dump_organization,
    email_of,
    organization_from_request,
)
from remote_backend.server.documents.request_documents import rejected
from remote_backend.server.dumping import each
from remote_backend.server.lists import respond_with_list, respond_with_one
from remote_backend.server.organization_records import (
    OrganizationRecord,
    new_default_project,
    new_organization,
)
from remote_backend.server.query_parameters import accepts
from remote_backend.server.records import RunRecord, WorkspaceRecord
from remote_backend.server.retention import OwnedFiles, owned_files, remove_files
from remote_backend.server.store import Records

__all__ = ("routes",)

Value = TypeVar("Value")

routes = web.RouteTableDef()

_COLLECTION = "/api/v2/organizations"
_BY_NAME = "/api/v2/organizations/{organization}"
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
@routes.get(_COLLECTION)
@accepts("q", "q[email]", "q[name]", include=_MEMBERS)
async def list_organizations(request: web.Request) -> web.Response:
    """Return the organizations in which all searched texts are, by name."""
    listed = [
        organization
        for organization in context_of(request).organizations.all()
        if _matches(organization, request.query)
    ]
    listed.sort(key=lambda organization: organization.name)
    return await respond_with_list(request, lambda records: listed, _DUMP)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organizations#create-an-organization
@routes.post(_COLLECTION)
async def create_organization(request: web.Request) -> web.Response:
    """Make an organization with its default project."""
    document = await read_request_document(request)
    new = organization_from_request(new_organization(""), document)

    def create(records: Records) -> OrganizationRecord:
        _require_unused_name(records, new.name)
        require_pool(records, new.id, new.default_agent_pool_id)
        records.put(new_default_project(new))
        return records.put(new)

    created = await _change(request, create)
    return respond(dump_document(dump_organization(created)), 201)


@routes.get(_BY_NAME)
@accepts(include=_MEMBERS)
async def read_organization(request: web.Request) -> web.Response:
    """Return an organization."""
    organization = organization_of(request)
    return await respond_with_one(request, lambda records: organization, _DUMP)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organizations#update-an-organization
@routes.patch(_BY_NAME)
async def update_organization(request: web.Request) -> web.Response:
    """Change settings of an organization."""
    document = await read_request_document(request)

    def update(records: Records) -> OrganizationRecord:
        before = stored_organization(records, request)
        after = organization_from_request(before, document)
        if after.name != before.name:
            _require_unused_name(records, after.name)
        if after.default_agent_pool_id != before.default_agent_pool_id:
            require_pool(records, after.id, after.default_agent_pool_id)
        return records.put(after)

    updated = await _change(request, update)
    return respond(dump_document(dump_organization(updated)))


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organizations#delete-an-organization
@routes.delete(_BY_NAME)
async def delete_organization(request: web.Request) -> web.Response:
    """Remove an organization with all that belongs to it."""
    context = context_of(request)

    def delete(records: Records) -> OwnedFiles:
        organization = stored_organization(records, request)
        if organization.is_home:
            raise conflict(
                f"{organization.name} is the organization of the settings of this server"
            )
        workspaces = records.all(WorkspaceRecord, organization.id)
        owned = owned_files(records, [workspace.id for workspace in workspaces])
        records.delete(organization.id)
        return owned

    owned = await _change(request, delete)
    for run_id in owned.runs:
        context.run_queue.cancel(run_id)
    await remove_files(context.files, owned)
    return respond(status=204)


@routes.get(_BY_NAME + "/entitlement-set")
async def read_entitlements(request: web.Request) -> web.Response:
    """Return what an organization may use."""
    return respond(dump_document(dump_entitlements(organization_of(request))))


@routes.get(_BY_NAME + "/capacity")
async def read_capacity(request: web.Request) -> web.Response:
    """Return how many runs of an organization wait and run."""
    context, organization = context_of(request), organization_of(request)
    unfinished, waiting = context.run_queue.unfinished, set(context.run_queue.waiting)

    def count(records: Records) -> tuple[int, int]:
        runs = records.find_many(RunRecord, unfinished).values()
        ids = {run.id for run in runs if run.organization_id == organization.id}
        return len(ids & waiting), len(ids - waiting)

    pending, running = await context.store.read(count)
    capacity = dump_capacity(organization.name, pending=pending, running=running)
    return respond(dump_document(capacity))


async def _change(request: web.Request, work: Callable[[Records], Value]) -> Value:
    context = context_of(request)
    return await context.organizations.change(context.store, work)


def _matches(organization: OrganizationRecord, query: Mapping[str, str]) -> bool:
    name, email = organization.name, email_of(organization)
    searched = {"q": f"{name}\n{email}", "q[name]": name, "q[email]": email}
    return all(query.get(key, "") in text for key, text in searched.items())


def _require_unused_name(records: Records, name: str) -> None:
    if records.find_named(OrganizationRecord, name) is not None:
        raise rejected("Name has already been taken")


_DUMP = each(dump_organization)
