"""The workspaces of one configuration, as a program uses them."""

from remote_backend.config.terraform_directory import selected_workspace
from remote_backend.connection import Connection
from remote_backend.models.planned_place import PlannedPlace
from remote_backend.workspaces import (
    DEFAULT,
    LocalWorkspace,
    find_workspace,
    list_workspaces,
)

__all__ = ("BackendWorkspaces",)


class BackendWorkspaces:
    """The remote workspaces of one configuration."""

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

    @property
    def place(self) -> PlannedPlace:
        """Where the workspaces are, in words for people and programs."""
        return PlannedPlace(
            hostname=self.hostname,
            organization=self.organization,
            mapping=str(self._connection.mapping),
        )

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
