"""Variables of workspaces."""

from aiohttp import web

from remote_backend.server.context import (
    context_of,
    not_found,
    read_request_document,
    respond,
    workspace_of,
)
from remote_backend.server.documents.request_documents import rejected
from remote_backend.server.documents.variables import dump_variable, variable_from_request
from remote_backend.server.lists import each, respond_with_all, respond_with_one
from remote_backend.server.records import VariableRecord, new_variable
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_OF_WORKSPACE = "/api/v2/workspaces/{workspace_id}"
_BY_ID = _OF_WORKSPACE + "/vars/{variable_id}"


@routes.get(_OF_WORKSPACE + "/vars")
@routes.get(_OF_WORKSPACE + "/all-vars")
async def list_variables(request: web.Request) -> web.Response:
    """Return the variables of a workspace, sensitive ones without values."""
    return await respond_with_all(
        request,
        lambda records: records.all(VariableRecord, workspace_of(records, request).id),
        each(dump_variable),
    )


@routes.post(_OF_WORKSPACE + "/vars")
async def create_variable(request: web.Request) -> web.Response:
    """Add a variable to a workspace."""
    document = await read_request_document(request)

    def create(records: Records) -> VariableRecord:
        workspace = workspace_of(records, request)
        variable = variable_from_request(new_variable(workspace.id, ""), document)
        _require_unused_key(records, variable)
        return records.put(variable)

    return await respond_with_one(
        request, create, each(dump_variable), writes=True, status=201
    )


@routes.get(_BY_ID)
async def read_variable(request: web.Request) -> web.Response:
    """Return one variable."""
    return await respond_with_one(
        request, lambda records: _find_variable(records, request), each(dump_variable)
    )


@routes.patch(_BY_ID)
async def update_variable(request: web.Request) -> web.Response:
    """Change a variable."""
    document = await read_request_document(request)

    def update(records: Records) -> VariableRecord:
        variable = variable_from_request(_find_variable(records, request), document)
        _require_unused_key(records, variable)
        return records.put(variable)

    return await respond_with_one(request, update, each(dump_variable), writes=True)


@routes.delete(_BY_ID)
async def delete_variable(request: web.Request) -> web.Response:
    """Remove a variable."""
    await context_of(request).store.write(
        lambda records: records.delete(_find_variable(records, request).id)
    )
    return respond(status=204)


def _find_variable(records: Records, request: web.Request) -> VariableRecord:
    workspace = workspace_of(records, request)
    id = request.match_info["variable_id"]
    variable = records.find(VariableRecord, id)
    if variable is None or variable.owner_id != workspace.id:
        raise not_found(f"variable {id}")
    return variable


def _require_unused_key(records: Records, variable: VariableRecord) -> None:
    for other in records.all(VariableRecord, variable.owner_id):
        same_name = (other.key, other.category) == (variable.key, variable.category)
        if same_name and other.id != variable.id:
            raise rejected(f"variable {variable.key} is there already")
