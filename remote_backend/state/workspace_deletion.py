"""Deleting a workspace, and with it its state, only when that loses nothing."""

from remote_backend.api.client import Client
from remote_backend.errors import Conflict, NotFound, SelectionError
from remote_backend.state.edits import addresses
from remote_backend.state.locks import LockOptions, locked
from remote_backend.state.storage import read_state
from remote_backend.workspaces import LocalWorkspace

__all__ = ("delete_named",)

_MOST_SHOWN = 10


async def delete_named(
    client: Client,
    named: LocalWorkspace,
    *,
    force: bool,
    options: LockOptions | None = None,
) -> int:
    """Delete a workspace; return how many resources were forgotten with it.

    Raises `SelectionError` when it still manages resources, unless forced.
    """
    workspace = named.remote
    async with locked(client, workspace, options or LockOptions(operation="delete")):
        state = await read_state(client, workspace)
        managed = [
            one.address
            for one in (addresses(state) if state else [])
            if one.address.mode != "data"
        ]
        if managed and not force:
            shown = "".join(f"\n  {address}" for address in managed[:_MOST_SHOWN])
            more = len(managed) - _MOST_SHOWN
            raise SelectionError(
                f"{named.name} still manages resources:{shown}"
                + (f"\n  and {more} more" if more > 0 else "")
                + "\nDestroy them first; -force deletes the workspace and forgets them"
            )
    try:
        await client.delete_workspace(workspace.id, safely=not force)
    except NotFound:
        # Older servers know the plain form alone; a workspace that is gone is as good.
        if not force and await client.find_workspace(workspace.name) is not None:
            await client.delete_workspace(workspace.id, safely=False)
    except Conflict as error:
        raise SelectionError(f"{named.name} cannot be deleted now: {error}") from None
    return len(managed)
