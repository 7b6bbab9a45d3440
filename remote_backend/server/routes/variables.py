"""Variables of workspaces and of variable sets."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.server.applied_variables import applied_variables
from remote_backend.server.context import (
    context_of,
    not_found,
    read_request_document,
    workspace_of,
)
from remote_backend.server.documents.request_documents import RequestDocument
from remote_backend.server.documents.variables import dump_variable, variable_from_request
from remote_backend.server.dumping import each
from remote_backend.server.lists import (
    respond_with_all,
    respond_with_list,
    respond_with_nothing,
    respond_with_one,
)
from remote_backend.server.query_parameters import accepts, bad_query
from remote_backend.server.records import VariableRecord, WorkspaceRecord, new_variable
from remote_backend.server.store import Records
from remote_backend.server.variable_keys import require_unused_key
from remote_backend.server.variable_set_facts import variable_set_named

__all__ = ("routes",)

routes = web.RouteTableDef()

_OF_WORKSPACE = "/api/v2/workspaces/{workspace_id}/vars"
_OF_SET = "/api/v2/varsets/{variable_set_id}/relationships/vars"
# Older paths that name no owner; terrasnek 0.1.14 uses them:
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/variables
_WITHOUT_OWNER = "/api/v2/vars"


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspace-variables#list-workspace-variables
@routes.get(_OF_WORKSPACE)
async def list_variables(request: web.Request) -> web.Response:
    """Return the variables of a workspace itself, sensitive ones without values."""
    return await respond_with_all(
        request,
        lambda records: records.all(VariableRecord, workspace_of(records, request).id),
        each(dump_variable),
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspace-variables#list-all-workspace-variables
@routes.get("/api/v2/workspaces/{workspace_id}/all-vars")
async def list_all_variables(request: web.Request) -> web.Response:
    """Return the variables that runs of a workspace get, also those of variable sets."""

    def find(records: Records) -> Sequence[VariableRecord]:
        return applied_variables(records, workspace_of(records, request)).effective()

    return await respond_with_all(request, find, each(dump_variable))


@routes.get(_OF_SET)
async def list_variables_of_set(request: web.Request) -> web.Response:
    """Return the variables of a variable set, page by page."""

    def find(records: Records) -> Sequence[VariableRecord]:
        return records.all(VariableRecord, variable_set_named(records, request).id)

    return await respond_with_list(request, find, each(dump_variable))


@routes.get(_WITHOUT_OWNER)
@accepts("filter[organization][name]", "filter[workspace][name]")
async def list_filtered_variables(request: web.Request) -> web.Response:
    """Return the variables of the workspace that both filters name."""
    organization_name = request.query.get("filter[organization][name]")
    name = request.query.get("filter[workspace][name]")
    if name is None or organization_name is None:
        raise bad_query("filters for organization and workspace are needed")
    organization = context_of(request).organizations.named(organization_name)

    def find(records: Records) -> Sequence[VariableRecord]:
        workspace = records.find_named(WorkspaceRecord, name, organization.id)
        if workspace is None:
            raise not_found(f"workspace {organization.name}/{name}")
        return records.all(VariableRecord, workspace.id)

    return await respond_with_all(request, find, each(dump_variable))


@routes.post(_OF_WORKSPACE)
@routes.post(_OF_SET)
@routes.post(_WITHOUT_OWNER)
async def create_variable(request: web.Request) -> web.Response:
    """Add a variable to a workspace or to a variable set."""
    document = await read_request_document(request)

    def create(records: Records) -> VariableRecord:
        owner_id = _owner_id(records, request, document)
        variable = variable_from_request(new_variable(owner_id, ""), document)
        require_unused_key(records, variable)
        return records.put(variable)

    return await respond_with_one(
        request, create, each(dump_variable), writes=True, status=201
    )


@routes.get(_OF_WORKSPACE + "/{variable_id}")
@routes.get(_OF_SET + "/{variable_id}")
async def read_variable(request: web.Request) -> web.Response:
    """Return one variable."""
    return await respond_with_one(
        request, lambda records: _find_variable(records, request), each(dump_variable)
    )


@routes.patch(_OF_WORKSPACE + "/{variable_id}")
@routes.patch(_OF_SET + "/{variable_id}")
@routes.patch(_WITHOUT_OWNER + "/{variable_id}")
async def update_variable(request: web.Request) -> web.Response:
    """Change a variable."""
    document = await read_request_document(request)

    def update(records: Records) -> VariableRecord:
        variable = variable_from_request(_find_variable(records, request), document)
        require_unused_key(records, variable)
        return records.put(variable)

    return await respond_with_one(request, update, each(dump_variable), writes=True)


@routes.delete(_OF_WORKSPACE + "/{variable_id}")
@routes.delete(_OF_SET + "/{variable_id}")
@routes.delete(_WITHOUT_OWNER + "/{variable_id}")
async def delete_variable(request: web.Request) -> web.Response:
    """Remove a variable."""
    return await respond_with_nothing(
        request, lambda records: records.delete(_find_variable(records, request).id)
    )


def _owner_id(records: Records, request: web.Request, document: RequestDocument) -> str:
    """Return the id of the workspace or variable set that a path, or else a document, names."""
    if "variable_set_id" in request.match_info:
        return variable_set_named(records, request).id
    if "workspace_id" in request.match_info:
        return workspace_of(records, request).id
    id = document.related_ids.get("workspace", "")
    if records.find(WorkspaceRecord, id) is None:
        raise not_found(f"workspace {id}")
    return id


def _find_variable(records: Records, request: web.Request) -> VariableRecord:
    id = request.match_info["variable_id"]
    variable = records.find(VariableRecord, id)
    is_named = {"workspace_id", "variable_set_id"} & set(request.match_info)
    if variable is None or (
        is_named and variable.owner_id != _owner_id(records, request, RequestDocument())
    ):
        raise not_found(f"variable {id}")
    return variable
