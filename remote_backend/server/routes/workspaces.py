"""Workspaces, their locks and their variables."""

from collections.abc import Callable
from typing import Any

from aiohttp import web
from attrs import evolve

from remote_backend.errors import Rejected
from remote_backend.server.context import (
    USER,
    conflict,
    context_of,
    not_found,
    read_request_document,
    respond,
    workspace_of,
)
from remote_backend.server.documents.documents import dump_document, dump_page
from remote_backend.server.documents.state import manages_resources
from remote_backend.server.documents.workspaces import (
    dump_variable,
    dump_workspace,
    variable_from_request,
    workspace_from_request,
)
from remote_backend.server.ids import now_text
from remote_backend.server.records import (
    RunRecord,
    StateVersionRecord,
    UserRecord,
    VariableRecord,
    WorkspaceRecord,
    new_variable,
    new_workspace,
)
from remote_backend.server.run_queue import newest_state
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_COLLECTION = "/api/v2/organizations/{organization}/workspaces"
_BY_NAME = _COLLECTION + "/{workspace_name}"
_BY_ID = "/api/v2/workspaces/{workspace_id}"


@routes.get(_COLLECTION)
async def list_workspaces(request: web.Request) -> web.Response:
    """Return the workspaces whose names hold a text and that have all tags, by name."""
    context = context_of(request)
    search = request.query.get("search[name]", "").lower()
    tags = {tag for tag in request.query.get("search[tags]", "").split(",") if tag}

    def find(records: Records) -> list[WorkspaceRecord]:
        return [
            workspace
            for workspace in records.all(WorkspaceRecord)
            if search in workspace.name.lower() and tags <= set(workspace.tag_names)
        ]

    workspaces = sorted(
        await context.store.read(find), key=lambda workspace: workspace.name
    )
    if request.query.get("sort") == "-name":
        workspaces.reverse()

    def dump(workspace: WorkspaceRecord) -> dict[str, Any]:
        return dump_workspace(workspace, context.organization)

    return respond(dump_page(workspaces, dump, request.query, request.path))


@routes.post(_COLLECTION)
async def create_workspace(request: web.Request) -> web.Response:
    """Make a workspace."""
    context = context_of(request)
    document = await read_request_document(request)
    workspace = workspace_from_request(new_workspace(""), document)

    def create(records: Records) -> WorkspaceRecord:
        _require_unused_name(records, workspace.name)
        return records.put(workspace)

    created = await context.store.write(create)
    return respond(dump_document(dump_workspace(created, context.organization)), 201)


@routes.get(_BY_NAME)
@routes.get(_BY_ID)
async def read_workspace(request: web.Request) -> web.Response:
    """Return a workspace."""
    return await _respond_with_workspace(
        request, lambda records: workspace_of(records, request)
    )


@routes.patch(_BY_NAME)
@routes.patch(_BY_ID)
async def update_workspace(request: web.Request) -> web.Response:
    """Change settings of a workspace."""
    document = await read_request_document(request)

    def update(records: Records) -> WorkspaceRecord:
        before = workspace_of(records, request)
        after = evolve(workspace_from_request(before, document), updated_at=now_text())
        if after.name != before.name:
            _require_unused_name(records, after.name)
        return records.put(after)

    return await _respond_with_workspace(request, update, writes=True)


@routes.delete(_BY_NAME)
@routes.delete(_BY_ID)
async def delete_workspace(request: web.Request) -> web.Response:
    """Remove a workspace with its runs and states."""
    await _delete(request, safely=False)
    return respond(status=204)


@routes.post(_BY_NAME + "/actions/safe-delete")
@routes.post(_BY_ID + "/actions/safe-delete")
async def delete_workspace_safely(request: web.Request) -> web.Response:
    """Remove a workspace unless it is locked or manages resources."""
    await _delete(request, safely=True)
    return respond(status=204)


@routes.post(_BY_ID + "/actions/lock")
async def lock_workspace(request: web.Request) -> web.Response:
    """Lock a workspace for the user who asks."""
    user = request[USER]
    # Clients send a document, plain JSON, or nothing; only the reason matters.
    reason = (await read_request_document(request)).text("reason") or ""

    def lock(records: Records) -> WorkspaceRecord:
        workspace = workspace_of(records, request)
        if workspace.locked_by is not None:
            raise conflict(f"{workspace.name} is already locked")
        return records.put(evolve(workspace, locked_by=user.id, locked_reason=reason))

    return await _respond_with_workspace(request, lock, writes=True)


@routes.post(_BY_ID + "/actions/unlock")
async def unlock_workspace(request: web.Request) -> web.Response:
    """Take back the lock of the user who asks."""
    user = request[USER]

    def unlock(records: Records) -> WorkspaceRecord:
        workspace = workspace_of(records, request)
        if workspace.locked_by is None:
            raise conflict(f"{workspace.name} is not locked")
        if workspace.locked_by != user.id:
            holder = records.find(UserRecord, workspace.locked_by)
            name = holder.name if holder else workspace.locked_by
            raise conflict(f"{workspace.name} is locked by User {name}")
        newest = records.newest(StateVersionRecord, workspace.id)
        if newest is not None and newest.status == "pending":
            # Not 409, which clients read as "not locked" before they see the reason.
            raise Rejected(422, "", "", ("the latest state version is still pending",))
        return records.put(evolve(workspace, locked_by=None, locked_reason=""))

    return await _respond_with_workspace(request, unlock, writes=True)


@routes.post(_BY_ID + "/actions/force-unlock")
async def force_unlock_workspace(request: web.Request) -> web.Response:
    """Force a lock open, also when somebody else holds it."""

    def unlock(records: Records) -> WorkspaceRecord:
        workspace = workspace_of(records, request)
        if workspace.locked_by is None:
            raise conflict(f"{workspace.name} is not locked")
        return records.put(evolve(workspace, locked_by=None, locked_reason=""))

    return await _respond_with_workspace(request, unlock, writes=True)


@routes.get(_BY_ID + "/vars")
@routes.get(_BY_ID + "/all-vars")
async def list_variables(request: web.Request) -> web.Response:
    """Return the variables of a workspace, sensitive ones without values."""

    def find(records: Records) -> list[VariableRecord]:
        return records.all(VariableRecord, workspace_of(records, request).id)

    variables = await context_of(request).store.read(find)
    return respond(dump_document([dump_variable(variable) for variable in variables]))


@routes.post(_BY_ID + "/vars")
async def create_variable(request: web.Request) -> web.Response:
    """Add a variable to a workspace."""
    document = await read_request_document(request)

    def create(records: Records) -> VariableRecord:
        workspace = workspace_of(records, request)
        variable = variable_from_request(new_variable(workspace, ""), document)
        for other in records.all(VariableRecord, workspace.id):
            if (other.key, other.category) == (variable.key, variable.category):
                raise Rejected(422, "", "", (f"variable {variable.key} is there already",))
        return records.put(variable)

    created = await context_of(request).store.write(create)
    return respond(dump_document(dump_variable(created)), 201)


@routes.get(_BY_ID + "/vars/{variable_id}")
async def read_variable(request: web.Request) -> web.Response:
    """Return one variable."""
    variable = await context_of(request).store.read(
        lambda records: _find_variable(records, request)
    )
    return respond(dump_document(dump_variable(variable)))


@routes.patch(_BY_ID + "/vars/{variable_id}")
async def update_variable(request: web.Request) -> web.Response:
    """Change a variable."""
    document = await read_request_document(request)
    changed = await context_of(request).store.write(
        lambda records: records.put(
            variable_from_request(_find_variable(records, request), document)
        )
    )
    return respond(dump_document(dump_variable(changed)))


@routes.delete(_BY_ID + "/vars/{variable_id}")
async def delete_variable(request: web.Request) -> web.Response:
    """Remove a variable."""
    await context_of(request).store.write(
        lambda records: records.delete(_find_variable(records, request).id)
    )
    return respond(status=204)


async def _respond_with_workspace(
    request: web.Request,
    find: Callable[[Records], WorkspaceRecord],
    *,
    writes: bool = False,
) -> web.Response:
    context = context_of(request)

    def describe(records: Records) -> bytes:
        workspace = find(records)
        state = newest_state(records, workspace.id)
        return dump_document(
            dump_workspace(
                workspace,
                context.organization,
                newest_run=records.newest(RunRecord, workspace.id),
                state_version_id=state.id if state else None,
            )
        )

    transaction = context.store.write if writes else context.store.read
    return respond(await transaction(describe))


async def _delete(request: web.Request, *, safely: bool) -> None:
    context = context_of(request)

    def delete(records: Records) -> list[RunRecord]:
        workspace = workspace_of(records, request)
        if safely and workspace.locked_by is not None:
            raise conflict(f"{workspace.name} is locked")
        state = newest_state(records, workspace.id)
        if (
            safely
            and state is not None
            and manages_resources(context.files.state_path(state.id).read_bytes())
        ):
            raise conflict(f"{workspace.name} still manages resources")
        runs = records.all(RunRecord, workspace.id)
        records.delete(workspace.id)
        return runs

    for run in await context.store.write(delete):
        context.run_queue.cancel(run.id)


def _find_variable(records: Records, request: web.Request) -> VariableRecord:
    workspace = workspace_of(records, request)
    id = request.match_info["variable_id"]
    variable = records.find(VariableRecord, id)
    if variable is None or variable.workspace_id != workspace.id:
        raise not_found(f"variable {id}")
    return variable


def _require_unused_name(records: Records, name: str) -> None:
    if records.find_named(WorkspaceRecord, name) is not None:
        raise Rejected(422, "", "", ("Name has already been taken",))
