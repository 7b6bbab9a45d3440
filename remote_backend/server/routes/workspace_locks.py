"""Locks of workspaces."""

from aiohttp import web

from remote_backend.server.context import USER, read_request_document, workspace_of
from remote_backend.server.lists import respond_with_one
from remote_backend.server.workspace_facts import workspace_resources
from remote_backend.server.workspace_locking import force_unlock, lock, unlock

__all__ = ("routes",)

routes = web.RouteTableDef()

_ACTIONS = "/api/v2/workspaces/{workspace_id}/actions"


@routes.post(_ACTIONS + "/lock")
async def lock_workspace(request: web.Request) -> web.Response:
    """Lock a workspace for the user of the request."""
    user = request[USER]
    # Clients send a document, plain JSON, or nothing; only the reason matters.
    reason = (await read_request_document(request)).text("reason") or ""
    return await respond_with_one(
        request,
        lambda records: lock(records, workspace_of(records, request), user, reason),
        workspace_resources,
        writes=True,
    )


@routes.post(_ACTIONS + "/unlock")
async def unlock_workspace(request: web.Request) -> web.Response:
    """Take back the lock of the user of the request."""
    user = request[USER]
    return await respond_with_one(
        request,
        lambda records: unlock(records, workspace_of(records, request), user),
        workspace_resources,
        writes=True,
    )


@routes.post(_ACTIONS + "/force-unlock")
async def force_unlock_workspace(request: web.Request) -> web.Response:
    """Force a lock open, also when somebody else holds it."""
    return await respond_with_one(
        request,
        lambda records: force_unlock(records, workspace_of(records, request)),
        workspace_resources,
        writes=True,
    )
