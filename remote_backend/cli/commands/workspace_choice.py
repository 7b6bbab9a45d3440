"""Which workspace is selected after `init`, and the one that it makes."""

from collections.abc import Mapping
from pathlib import Path

from anyio import to_thread
from attrs import field, frozen

from remote_backend.cli.commands.workspace import planning_with
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.prompts import Prompts
from remote_backend.cli.output.screen import Screen
from remote_backend.config.terraform_directory import select_workspace, selected_workspace
from remote_backend.connection import Connection
from remote_backend.engine.program import released_terraform
from remote_backend.errors import SelectionError
from remote_backend.models.workspace import ByName
from remote_backend.workspaces import (
    DEFAULT,
    LocalWorkspace,
    create_workspace,
    find_workspace,
    list_workspaces,
    no_workspaces,
    selectable_name,
)

__all__ = ("WorkspaceChoice",)


@frozen
class WorkspaceChoice:
    """Selects a workspace that exists, as `terraform init` does."""

    connection: Connection
    directory: Path
    environ: Mapping[str, str] = field(repr=False)
    prompts: Prompts
    screen: Screen

    async def settle(self, migrated: str | None) -> None:
        """Select the workspace that states were moved to, the selected, the only or a chosen one.

        Raises `SelectionError` where TF_WORKSPACE names none, and where nobody can be asked.
        """
        mapping = self.connection.mapping
        if isinstance(mapping, ByName):
            await self._settle_single_workspace(mapping)
            return
        workspaces = await list_workspaces(self.connection.client, mapping)
        if migrated is not None:
            select_workspace(self.directory, self.environ, migrated)
            return
        current = selected_workspace(self.directory, self.environ) or DEFAULT
        if any(
            current in (workspace.name, workspace.remote.name) for workspace in workspaces
        ):
            return
        if not workspaces:
            problem = await no_workspaces(self.connection.client, mapping)
            self.screen.note(f"{message_of(problem)}.")
        elif self.environ.get("TF_WORKSPACE"):
            await find_workspace(self.connection.client, mapping, current)
        else:
            workspace = (
                workspaces[0]
                if len(workspaces) == 1
                else await self._chosen(workspaces, current)
            )
            select_workspace(
                self.directory, self.environ, selectable_name(mapping, workspace)
            )

    async def _settle_single_workspace(self, mapping: ByName) -> None:
        client = self.connection.client
        values = self.connection.block.values.workspaces or {}
        if not values.get("name"):
            # Only TF_WORKSPACE names it, for which Terraform makes no workspace either.
            await find_workspace(client, mapping, mapping.name)
        elif await client.find_workspace(mapping.name) is None:
            version = await to_thread.run_sync(released_terraform, self.environ)
            await create_workspace(client, mapping, DEFAULT, version)
            self.screen.note(f"Made the workspace {mapping.name}{planning_with(version)}.")
        if selected_workspace(self.directory, {**self.environ, "TF_WORKSPACE": ""}):
            select_workspace(self.directory, self.environ, DEFAULT)

    async def _chosen(
        self, workspaces: tuple[LocalWorkspace, ...], current: str
    ) -> LocalWorkspace:
        names = [workspace.name for workspace in workspaces]
        lines = "".join(f"\n  {number}. {name}" for number, name in enumerate(names, 1))
        missing = (
            "No workspace is selected"
            if current == DEFAULT
            else f"{current} does not exist"
        )
        answer = await self.prompts.ask(
            f"{missing}.{lines}\nNumber of the one to select",
            f"the backend is configured; set TF_WORKSPACE to one of {', '.join(names)}, or use "
            "`remote-backend workspace select NAME`",
        )
        if not answer.isdigit() or not 1 <= int(answer) <= len(names):
            raise SelectionError(
                f"{answer!r} is none of these numbers; nothing was selected"
            )
        return workspaces[int(answer) - 1]
