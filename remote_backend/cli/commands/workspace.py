"""The commands `workspace list`, `show`, `new`, `select` and `delete`."""

from pathlib import Path
from typing import Any

import click
from anyio import to_thread

from remote_backend.backend import Backend
from remote_backend.cli.commands.state_options import (
    lock_flags,
    lock_options,
    read_state_file,
    run_with_backend,
)
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.screen import echo
from remote_backend.cli.terraform_flags import TerraformGroup, flag, value
from remote_backend.config.environment import process_environ
from remote_backend.config.terraform_directory import select_workspace, selected_workspace
from remote_backend.engine.program import released_terraform
from remote_backend.errors import NoSuchWorkspace, SelectionError
from remote_backend.formats.ansi import one_line
from remote_backend.models.workspace import ByName, ByPrefix, WorkspaceMapping
from remote_backend.state.state_locations import RemoteLocation
from remote_backend.state.workspace_deletion import delete_named
from remote_backend.workspaces import (
    DEFAULT,
    LocalWorkspace,
    create_workspace,
    find_workspace,
    full_name_of,
    no_workspaces,
    selectable_name,
)

__all__ = ("planning_with", "workspace")


@click.group(
    "workspace", cls=TerraformGroup, short_help="List, make, select, delete workspaces."
)
def workspace() -> None:
    """List, make, select and delete the workspaces of the configuration."""


@workspace.command("list", short_help="List the workspaces.")
@click.pass_context
def _list_workspaces(context: click.Context) -> int:
    """List the workspaces by the names people use; a star marks the selected one."""
    directory = Path(context.obj)

    async def work(backend: Backend) -> int:
        current = _current(directory)
        workspaces = await backend.workspaces()
        for named in workspaces:
            mark = "*" if current in (named.name, named.remote.name) else " "
            echo(f"{mark} {one_line(named.name)}")
        if not workspaces:
            connection = backend.connection
            problem = await no_workspaces(connection.client, connection.mapping)
            echo(f"{message_of(problem)}.", err=True)
        if chosen := process_environ().get("TF_WORKSPACE"):
            echo(f"\nTF_WORKSPACE selects {chosen} for now.", err=True)
        return 0

    return run_with_backend(directory, work)


@workspace.command("show", short_help="Show the selected workspace.")
@click.pass_context
def _show_workspace(context: click.Context) -> int:
    """Show the name of the selected workspace, without asking the server."""
    echo(_current(Path(context.obj)))
    return 0


@workspace.command("new", short_help="Make a workspace and select it.")
@value("state", "Put the state of a file into it.", metavar="FILE")
@lock_flags
@click.argument("name")
@click.pass_context
def _new_workspace(context: click.Context, /, name: str, **flags: Any) -> int:
    """Make a workspace of the configuration and select it."""
    directory = Path(context.obj)
    other = process_environ().get("TF_WORKSPACE")
    if other and other != name:
        raise SelectionError(
            f"TF_WORKSPACE selects {other}, so {name} would not be selected; unset it first"
        )
    state = None
    if flags["state"] is not None:
        path = directory / flags["state"]
        state = read_state_file(path, str(path))

    async def work(backend: Backend) -> int:
        connection = backend.connection
        if isinstance(connection.mapping, ByName):
            # The explanation is that of any name here.
            full_name_of(connection.mapping, name if name != DEFAULT else "new")
        version = await to_thread.run_sync(released_terraform, process_environ())
        made = await create_workspace(connection.client, connection.mapping, name, version)
        if state is not None:
            lock = lock_options(flags, "new")
            place = RemoteLocation(
                connection.client, connection.mapping, name, lock, made.remote
            )
            await place.write(state, None)
        _remember(directory, connection.mapping, made)
        echo(f"Made and selected {made.name} ({made.remote.name}){planning_with(version)}.")
        return 0

    return run_with_backend(directory, work, locks=True)


@workspace.command("select", short_help="Select a workspace.")
@flag("or-create", "Make it when it does not exist.")
@click.argument("name")
@click.pass_context
def _select_workspace(context: click.Context, name: str, or_create: bool) -> int:
    """Select the workspace for the commands that follow, ours and Terraform's."""
    directory = Path(context.obj)
    if other := process_environ().get("TF_WORKSPACE"):
        raise SelectionError(
            f"TF_WORKSPACE selects {other}, whatever is selected here; unset it first"
        )

    async def work(backend: Backend) -> int:
        connection = backend.connection
        made = ""
        try:
            named = await find_workspace(connection.client, connection.mapping, name)
        except NoSuchWorkspace as error:
            if not or_create:
                raise NoSuchWorkspace(
                    f"{error}{_how_to_make(connection.mapping)}"
                ) from error
            version = await to_thread.run_sync(released_terraform, process_environ())
            named = await create_workspace(
                connection.client, connection.mapping, name, version
            )
            made = f", which was made{planning_with(version)}"
        _remember(directory, connection.mapping, named)
        echo(f"Selected {named.name} ({named.remote.name}){made}.")
        return 0

    return run_with_backend(directory, work)


@workspace.command("delete", short_help="Delete a workspace.")
@flag("force", "Also one that still manages resources, which are then forgotten.")
@lock_flags
@click.argument("name")
@click.pass_context
def _delete_workspace(context: click.Context, /, name: str, **flags: Any) -> int:
    """Delete a workspace on the server, with its runs and states."""
    directory = Path(context.obj)

    async def work(backend: Backend) -> int:
        connection = backend.connection
        if isinstance(connection.mapping, ByName):
            raise SelectionError(
                f"the one workspace of the backend, {connection.mapping.name}, is not deleted by a "
                "name; delete it on the server"
            )
        named = await find_workspace(connection.client, connection.mapping, name)
        if _current(directory) in (named.name, named.remote.name):
            raise SelectionError(f"{named.name} is selected; select another one first")
        lock = lock_options(flags, "delete")
        forgotten = await delete_named(
            connection.client, named, force=flags["force"], options=lock
        )
        echo(f"Deleted {named.name} ({named.remote.name}).")
        if forgotten:
            echo(f"Warning: {forgotten} resources that it managed live on.", err=True)
        return 0

    return run_with_backend(directory, work, locks=True)


def planning_with(version: str | None) -> str:
    """Return what to say about the version of a workspace that was made."""
    if version is None:
        return "; the server chooses the version that plans there"
    return f"; it plans with Terraform {version}, as is installed here"


def _how_to_make(mode: WorkspaceMapping) -> str:
    return "; -or-create makes it" if isinstance(mode, ByPrefix) else ""


def _remember(directory: Path, mode: WorkspaceMapping, named: LocalWorkspace) -> None:
    select_workspace(directory, process_environ(), selectable_name(mode, named))


def _current(directory: Path) -> str:
    return selected_workspace(directory, process_environ()) or DEFAULT
