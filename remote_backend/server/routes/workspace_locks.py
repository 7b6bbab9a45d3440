"""Locks of workspaces."""

from aiohttp import web
from attrs import evolve

from remote_backend.server.context import (
    USER,
    conflict,
    read_request_document,
    workspace_of,
)
from remote_backend.server.documents.request_documents import rejected
from remote_backend.server.lists import respond_with_one
from remote_backend.server.records import StateVersionRecord, UserRecord, WorkspaceRecord
from remote_backend.server.store import Records
from remote_backend.server.workspace_facts import workspace_resources

__all__ = ("routes",)

routes = web.RouteTableDef()

_ACTIONS = "/api/v2/workspaces/{workspace_id}/actions"


@routes.post(_ACTIONS + "/lock")
async def lock_workspace(request: web.Request) -> web.Response:
    """Lock a workspace for the user of the request."""
    user = request[USER]
    # Clients send a document, plain JSON, or nothing; only the reason matters.
    reason = (await read_request_document(request)).text("reason") or ""

    def lock(records: Records) -> WorkspaceRecord:
        workspace = workspace_of(records, request)
        if workspace.locked_by is not None:
            raise conflict(f"{workspace.name} is already locked")
        return records.put(evolve(workspace, locked_by=user.id, locked_reason=reason))

    return await respond_with_one(request, lock, workspace_resources, writes=True)


@routes.post(_ACTIONS + "/unlock")
async def unlock_workspace(request: web.Request) -> web.Response:
    """Take back the lock of the user of the request."""
    user = request[USER]

    def unlock(records: Records) -> WorkspaceRecord:
        workspace = _locked_workspace(records, request)
        if workspace.locked_by != user.id:
            holder = records.find(UserRecord, workspace.locked_by or "")
            name = holder.shown_name if holder else workspace.locked_by
            raise conflict(f"{workspace.name} is locked by User {name}")
        newest = records.newest(StateVersionRecord, workspace.id)
        if newest is not None and newest.status == "pending":
            # Not 409, which clients read as "not locked" before they see the reason.
            raise rejected("the latest state version is still pending")
        return records.put(evolve(workspace, locked_by=None, locked_reason=""))

    return await respond_with_one(request, unlock, workspace_resources, writes=True)


@routes.post(_ACTIONS + "/force-unlock")
async def force_unlock_workspace(request: web.Request) -> web.Response:
    """Force a lock open, also when somebody else holds it."""

    def unlock(records: Records) -> WorkspaceRecord:
        workspace = _locked_workspace(records, request)
        return records.put(evolve(workspace, locked_by=None, locked_reason=""))

    return await respond_with_one(request, unlock, workspace_resources, writes=True)


def _locked_workspace(records: Records, request: web.Request) -> WorkspaceRecord:
    workspace = workspace_of(records, request)
    if workspace.locked_by is None:
        raise conflict(f"{workspace.name} is not locked")
    return workspace
