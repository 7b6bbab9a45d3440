"""The workspaces that may read the state of another one; kept, and not enforced here."""

from collections.abc import Callable, Sequence

from aiohttp import web
from attrs import evolve

from remote_backend.server.context import (
    read_request_document,
    read_request_items,
    workspace_of,
)
from remote_backend.server.lists import respond_with_list, respond_with_nothing
from remote_backend.server.records import WorkspaceRecord
from remote_backend.server.store import Records
from remote_backend.server.workspace_facts import workspace_resources
from remote_backend.server.workspace_records import workspaces_of_ids

__all__ = ("routes",)

routes = web.RouteTableDef()

_CONSUMERS = "/api/v2/workspaces/{workspace_id}/relationships/remote-state-consumers"

Ids = tuple[str, ...]


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#get-remote-state-consumers
@routes.get(_CONSUMERS)
async def list_consumers(request: web.Request) -> web.Response:
    """Return the workspaces that may read the state of a workspace."""

    def find(records: Records) -> Sequence[WorkspaceRecord]:
        ids = workspace_of(records, request).remote_state_consumer_ids
        return list(records.find_many(WorkspaceRecord, ids).values())

    return await respond_with_list(request, find, workspace_resources)


@routes.post(_CONSUMERS)
async def add_consumers(request: web.Request) -> web.Response:
    """Add workspaces that may read the state."""
    ids = tuple(item.id for item in await read_request_items(request))
    return await _change(request, ids, lambda before: (*before, *ids))


@routes.patch(_CONSUMERS)
async def replace_consumers(request: web.Request) -> web.Response:
    """Let these workspaces read the state, and no others."""
    ids = tuple(item.id for item in (await read_request_document(request)).items)
    return await _change(request, ids, lambda before: ids)


@routes.delete(_CONSUMERS)
async def remove_consumers(request: web.Request) -> web.Response:
    """Remove workspaces that may read the state."""
    ids = {item.id for item in await read_request_items(request)}
    return await _change(
        request, (), lambda before: tuple(id for id in before if id not in ids)
    )


async def _change(
    request: web.Request, required_ids: Ids, change: Callable[[Ids], Ids]
) -> web.Response:
    def store(records: Records) -> None:
        workspace = workspace_of(records, request)
        workspaces_of_ids(records, workspace.organization_id, required_ids)
        ids = tuple(dict.fromkeys(change(workspace.remote_state_consumer_ids)))
        records.put(evolve(workspace, remote_state_consumer_ids=ids))

    return await respond_with_nothing(request, store)
