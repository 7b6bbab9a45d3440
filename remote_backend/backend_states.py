"""The states of the workspaces of one configuration, as a program uses them."""

from collections.abc import Callable, Sequence

import anyio

from remote_backend.backend_workspaces import BackendWorkspaces
from remote_backend.errors import RemoteBackendError, SelectionError, StateError
from remote_backend.models.state import StateOutput
from remote_backend.models.workspace import Workspace
from remote_backend.planning.selection import select_names
from remote_backend.state.file import StateFile
from remote_backend.state.locks import LockOptions, break_lock
from remote_backend.state.storage import change_state, push_state, read_state
from remote_backend.state.versions import download_state

__all__ = ("BackendStates",)

_STATES_AT_ONCE = 20


class BackendStates(BackendWorkspaces):
    """The states of the remote workspaces of one configuration."""

    async def state(self, workspace: str | None = None) -> StateFile | None:
        """Return the state of a workspace, or of the selected one; None where there is none."""
        selected = await self.workspace(workspace)
        return await self._state_of(selected.remote)

    async def state_data(self, workspace: str | None = None) -> bytes:
        """Return the bytes of a state as they are stored, whatever they say; empty without one."""
        selected = await self.workspace(workspace)
        return await download_state(self._connection.client, selected.remote)

    async def _state_of(self, remote: Workspace) -> StateFile | None:
        return await read_state(self._connection.client, remote)

    async def outputs(self, workspace: str | None = None) -> dict[str, StateOutput]:
        """Return the outputs of a workspace, or of the selected one, sensitive ones too.

        A name that the configuration does not have is used as a full name in the organization.
        """
        try:
            state = await self.state(workspace)
        except SelectionError:
            if not workspace:
                raise
            remote = await self._connection.client.find_workspace(workspace)
            if remote is None:
                raise
            state = await self._state_of(remote)
        return state.outputs() if state is not None else {}

    async def change_state(
        self,
        change: Callable[[StateFile | None], StateFile | None],
        workspace: str | None = None,
        *,
        lock: LockOptions | None = None,
    ) -> StateFile | None:
        """Change the state of a workspace under its lock; return what was stored, or None.

        `change` gets the state and returns the new one, or None to leave it. Raises
        `StateLocked`, `StateConflict`, and `StateUnconfirmed` with the bytes.

        ```python
        async with remote_backend.open_backend("networking") as backend:
            lock = remote_backend.LockOptions(timeout_seconds=60.0)
            await backend.change_state(lambda state: None, "eu-1", lock=lock)
        ```
        """
        selected = await self.workspace(workspace)
        return await change_state(self._connection.client, selected.remote, change, lock)

    async def push_state(
        self,
        state: StateFile,
        workspace: str | None = None,
        *,
        force: bool = False,
        lock: LockOptions | None = None,
    ) -> bool:
        """Store a state as it is; return whether anything was stored.

        Raises `StateConflict` when a newer one, or one of another lineage, is there, unless
        forced; then the serial becomes higher than that one's.
        """
        selected = await self.workspace(workspace)
        return await push_state(
            self._connection.client, selected.remote, state, force=force, options=lock
        )

    async def force_unlock(self, workspace: str | None = None) -> None:
        """Force the lock of a workspace open, also when somebody else holds it.

        Raises `StateError` when it is not locked.
        """
        selected = await self.workspace(workspace)
        await break_lock(self._connection.client, selected.remote)

    async def states_of_all(
        self, *, select: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> dict[str, StateFile | StateError | None]:
        """Return the states of all workspaces by local name, or errors of unreadable ones."""
        existing = {workspace.name: workspace for workspace in await self.workspaces()}
        names = select_names(existing, select=select, exclude=exclude)
        states: dict[str, StateFile | StateError | None] = {}
        gate = anyio.CapacityLimiter(_STATES_AT_ONCE)

        async def read(name: str) -> None:
            async with gate:
                try:
                    states[name] = await self._state_of(existing[name].remote)
                except RemoteBackendError as error:
                    states[name] = (
                        error if isinstance(error, StateError) else StateError(str(error))
                    )

        async with anyio.create_task_group() as group:
            for name in names:
                group.start_soon(read, name)
        return {name: states[name] for name in names}

    async def outputs_of_all(
        self, *, select: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> dict[str, dict[str, StateOutput] | StateError]:
        """Return the outputs of all workspaces by local name, or errors of unreadable ones."""
        states = await self.states_of_all(select=select, exclude=exclude)
        return {
            name: state
            if isinstance(state, StateError)
            else state.outputs()
            if state
            else {}
            for name, state in states.items()
        }
