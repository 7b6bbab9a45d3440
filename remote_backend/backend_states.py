"""The workspaces of one configuration and their states, as a program uses them."""

from collections.abc import Callable

from remote_backend.config.terraform_directory import selected_workspace
from remote_backend.connection import Connection
from remote_backend.errors import SelectionError
from remote_backend.models.state import StateOutput
from remote_backend.models.workspace import Workspace
from remote_backend.state.file import StateFile
from remote_backend.state.locks import LockOptions, break_lock
from remote_backend.state.storage import change_state, push_state, read_state
from remote_backend.state.versions import download_state
from remote_backend.workspaces import (
    DEFAULT,
    LocalWorkspace,
    find_workspace,
    list_workspaces,
)

__all__ = ("BackendStates",)


class BackendStates:
    """The remote workspaces of one configuration, and their states."""

    def __init__(self, connection: Connection, *, selected: str | None = None) -> None:
        self._connection = connection
        self._selected = selected

    def __repr__(self) -> str:
        connection = self._connection
        return f"<Backend {self.hostname}/{self.organization}: {connection.mapping}>"

    @property
    def connection(self) -> Connection:
        """The parts beneath, for what this class has no verb for; they may change in any version."""
        return self._connection

    @property
    def hostname(self) -> str:
        """The host of the server."""
        return self._connection.block.hostname

    @property
    def organization(self) -> str:
        """The organization that the workspaces belong to."""
        return self._connection.client.organization

    async def workspaces(self) -> tuple[LocalWorkspace, ...]:
        """Return all workspaces of the configuration, sorted by the names people use.

        ```python
        async with remote_backend.open_backend("networking") as backend:
            for workspace in await backend.workspaces():
                print(workspace.name, workspace.full_name, workspace.remote.terraform_version)
        ```
        """
        connection = self._connection
        return await connection.organization_check.run_alongside(
            lambda: list_workspaces(connection.client, connection.mapping)
        )

    async def workspace(self, name: str | None = None) -> LocalWorkspace:
        """Return the workspace of a name, or the selected one.

        Raises `SelectionError` when it does not exist.
        """
        connection = self._connection
        if name is None:
            name = self._selected_name()
        local_name = name
        return await connection.organization_check.run_alongside(
            lambda: find_workspace(connection.client, connection.mapping, local_name)
        )

    def _selected_name(self) -> str:
        connection = self._connection
        selected = self._selected
        if selected is None:
            selected = selected_workspace(connection.directory, connection.environ)
        return selected or DEFAULT

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
