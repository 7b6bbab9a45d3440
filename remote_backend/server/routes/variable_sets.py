"""Variable sets, and the workspaces and projects that they are attached to."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.server.applied_variables import sets_of_project, sets_of_workspace
from remote_backend.server.context import (
    organization_of,
    read_request_document,
    read_request_items,
    require_unused_name,
    stored_organization,
    workspace_of,
)
from remote_backend.server.documents.request_documents import RequestDocument
from remote_backend.server.documents.variable_sets import variable_set_from_request
from remote_backend.server.documents.variables import variable_from_request
from remote_backend.server.ids import make_id
from remote_backend.server.lists import (
    respond_with_list,
    respond_with_nothing,
    respond_with_one,
)
from remote_backend.server.organization_records import VariableSetRecord
from remote_backend.server.project_facts import project_named, require_projects
from remote_backend.server.query_parameters import accepts
from remote_backend.server.records import new_variable
from remote_backend.server.store import Records
from remote_backend.server.variable_set_facts import (
    SET_MEMBERS,
    variable_set_named,
    variable_set_resources,
)
from remote_backend.server.workspace_records import workspaces_of_ids

__all__ = ("routes",)

routes = web.RouteTableDef()

_COLLECTION = "/api/v2/organizations/{organization}/varsets"
_BY_ID = "/api/v2/varsets/{variable_set_id}"
_WORKSPACES = _BY_ID + "/relationships/workspaces"
_PROJECTS = _BY_ID + "/relationships/projects"


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/variable-sets#list-variable-sets
@routes.get(_COLLECTION)
@accepts("q", include=SET_MEMBERS)
async def list_variable_sets(request: web.Request) -> web.Response:
    """Return the variable sets of the organization, by name."""

    def find(records: Records) -> Sequence[VariableSetRecord]:
        return _listed(request, records.all(VariableSetRecord, organization_of(request).id))

    return await respond_with_list(request, find, variable_set_resources)


@routes.get("/api/v2/workspaces/{workspace_id}/varsets")
@accepts("q", include=SET_MEMBERS)
async def list_variable_sets_of_workspace(request: web.Request) -> web.Response:
    """Return the variable sets that apply to a workspace."""

    def find(records: Records) -> Sequence[VariableSetRecord]:
        sets = sets_of_workspace(records, workspace_of(records, request))
        return _listed(request, sets)

    return await respond_with_list(request, find, variable_set_resources)


@routes.get("/api/v2/projects/{project_id}/varsets")
@accepts("q", include=SET_MEMBERS)
async def list_variable_sets_of_project(request: web.Request) -> web.Response:
    """Return the variable sets that are attached to a project."""

    def find(records: Records) -> Sequence[VariableSetRecord]:
        project = project_named(records, request)
        return _listed(request, sets_of_project(records, project.id))

    return await respond_with_list(request, find, variable_set_resources)


@routes.post(_COLLECTION)
async def create_variable_set(request: web.Request) -> web.Response:
    """Make a variable set, with variables and attached where a client says so."""
    document = await read_request_document(request)

    def create(records: Records) -> VariableSetRecord:
        organization = stored_organization(records, request)
        empty = VariableSetRecord(id=make_id("varset"), organization_id=organization.id)
        new = variable_set_from_request(empty, document)
        require_unused_name(records, new)
        _require_linked(records, new)
        for item in document.related_lists.get("vars", ()):
            records.put(variable_from_request(new_variable(new.id, ""), item))
        return records.put(new)

    return await respond_with_one(
        request, create, variable_set_resources, writes=True, status=201
    )


@routes.get(_BY_ID)
@accepts(include=SET_MEMBERS)
async def read_variable_set(request: web.Request) -> web.Response:
    """Return a variable set."""
    return await respond_with_one(
        request,
        lambda records: variable_set_named(records, request),
        variable_set_resources,
    )


@routes.patch(_BY_ID)
async def update_variable_set(request: web.Request) -> web.Response:
    """Change a variable set; lists of workspaces and projects replace those of before."""
    document = await read_request_document(request)

    def update(records: Records) -> VariableSetRecord:
        before = variable_set_named(records, request)
        after = variable_set_from_request(before, document)
        if after.name != before.name:
            require_unused_name(records, after)
        _require_linked(records, after)
        return records.put(after)

    return await respond_with_one(request, update, variable_set_resources, writes=True)


@routes.delete(_BY_ID)
async def delete_variable_set(request: web.Request) -> web.Response:
    """Remove a variable set with its variables."""
    return await respond_with_nothing(
        request, lambda records: records.delete(variable_set_named(records, request).id)
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/variable-sets#apply-variable-set-to-workspaces
@routes.post(_WORKSPACES)
@routes.post(_PROJECTS)
async def attach(request: web.Request) -> web.Response:
    """Attach a variable set to workspaces or to projects."""
    items = await read_request_items(request)

    def change(records: Records) -> None:
        variable_set = variable_set_named(records, request)
        attached = variable_set.with_more(**_ids_of(request, items))
        _require_linked(records, attached)
        records.put(attached)

    return await respond_with_nothing(request, change)


@routes.delete(_WORKSPACES)
@routes.delete(_PROJECTS)
async def detach(request: web.Request) -> web.Response:
    """Detach a variable set from workspaces or from projects."""
    items = await read_request_items(request)

    def change(records: Records) -> None:
        variable_set = variable_set_named(records, request)
        for item in items:
            variable_set = variable_set.without(item.id)
        records.put(variable_set)

    return await respond_with_nothing(request, change)


def _ids_of(
    request: web.Request, items: Sequence[RequestDocument]
) -> dict[str, tuple[str, ...]]:
    is_workspaces = request.path.rstrip("/").endswith("/workspaces")
    name = "workspace_ids" if is_workspaces else "project_ids"
    return {name: tuple(item.id for item in items)}


def _listed(
    request: web.Request, sets: Sequence[VariableSetRecord]
) -> Sequence[VariableSetRecord]:
    text = request.query.get("q", "").lower()
    matching = [variable_set for variable_set in sets if text in variable_set.name.lower()]
    return sorted(matching, key=lambda variable_set: variable_set.name)


def _require_linked(records: Records, variable_set: VariableSetRecord) -> None:
    """Raise `NotFound` when a workspace or a project of a set does not exist."""
    owner, parent = variable_set.organization_id, variable_set.parent_project_id
    workspaces_of_ids(records, owner, variable_set.workspace_ids)
    project_ids = [*variable_set.project_ids, *([parent] if parent else [])]
    require_projects(records, owner, project_ids)
