"""Delete a workspace and its state, but only when nothing is lost with them."""

from remote_backend.api.client import Client
from remote_backend.errors import (
    Conflict,
    NotFound,
    SelectionError,
    WorkspaceManagesResources,
)
from remote_backend.state.edits import addresses
from remote_backend.state.locks import LockOptions, locked
from remote_backend.state.storage import read_state
from remote_backend.workspaces import LocalWorkspace

__all__ = ("delete_named",)

_MOST_SHOWN = 10


async def delete_named(
    client: Client,
    workspace: LocalWorkspace,
    *,
    force: bool,
    options: LockOptions | None = None,
) -> int:
    """Delete a workspace; return the number of resources that its state managed.

    Raises `SelectionError` when it still manages resources, unless forced.
    """
    remote = workspace.remote
    async with locked(client, remote, options or LockOptions(operation="delete")):
        state = await read_state(client, remote)
        managed = [
            instance.address
            for instance in (addresses(state) if state else [])
            if instance.address.mode != "data"
        ]
        if managed and not force:
            addresses_text = "".join(f"\n  {address}" for address in managed[:_MOST_SHOWN])
            more = len(managed) - _MOST_SHOWN
            raise WorkspaceManagesResources(
                f"{workspace.name} still manages resources:{addresses_text}"
                + (f"\n  and {more} more" if more > 0 else "")
                + "\nDestroy them first",
                advice="force=True deletes the workspace and forgets them",
            )
    try:
        await client.delete_workspace(remote.id, safely=not force)
    except NotFound:
        # Older servers have only the plain form. A workspace that is gone needs neither.
        if not force and await client.find_workspace(remote.name) is not None:
            await client.delete_workspace(remote.id, safely=False)
    except Conflict as error:
        raise SelectionError(f"{workspace.name} cannot be deleted now: {error}") from None
    return len(managed)
