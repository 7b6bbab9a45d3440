"""Which remote workspaces there are, under the names that people use."""

from attrs import frozen

from remote_backend.client import Client
from remote_backend.errors import RunRefused, SelectionError
from remote_backend.models.workspace import NameMode, PrefixMode, Workspace

__all__ = (
    "DEFAULT",
    "Named",
    "find_named",
    "list_named",
    "require_plannable",
)

DEFAULT = "default"


@frozen
class Named:
    """A remote workspace and the name that people use for it."""

    short: str
    remote: Workspace


async def list_named(client: Client, mode: NameMode | PrefixMode) -> tuple[Named, ...]:
    """Return all workspaces of a configuration, sorted by the names people use."""
    if isinstance(mode, NameMode):
        workspace = await client.find_workspace(mode.name)
        return (Named(DEFAULT, workspace),) if workspace else ()
    prefix = mode.prefix
    # The server's search is fuzzy and may ignore case: what belongs to us is decided here.
    listed = await client.list_workspaces(prefix)
    named = (
        Named(workspace.name[len(prefix) :], workspace)
        for workspace in listed
        if workspace.name.startswith(prefix) and workspace.name != prefix
    )
    return tuple(sorted(named, key=lambda item: item.short))


async def find_named(client: Client, mode: NameMode | PrefixMode, short: str) -> Named:
    """Return the workspace that a person means by a name.

    Raises `SelectionError` when it does not exist, or when the name could mean two.
    """
    if isinstance(mode, NameMode):
        return await _find_default(client, mode, short)
    if short == DEFAULT:
        raise SelectionError(
            "no workspace is selected, and the backend has a prefix, so there is no default; "
            "set TF_WORKSPACE=NAME, or use `terraform workspace select NAME`, or plan all"
        )
    found = await client.find_workspace(mode.prefix + short)
    # Terraform takes a name that begins with the prefix for a full one; what exists decides.
    if not short.startswith(mode.prefix) or short == mode.prefix:
        return _existing(short, found, mode.prefix + short, client.organization)
    full = await client.find_workspace(short)
    if found is not None and full is not None:
        raise SelectionError(
            f"{short} could mean two workspaces, {found.name} and {full.name}; "
            "choose one of them with -select"
        )
    if full is not None:
        return Named(full.name[len(mode.prefix) :], full)
    return _existing(short, found, mode.prefix + short, client.organization)


def require_plannable(named: Named) -> None:
    """Raise `RunRefused` when no plan can run in a workspace on the server."""
    workspace = named.remote
    if workspace.permissions.can_queue_run is False:
        raise RunRefused(
            f"the token may not queue runs in {workspace.name}; "
            "ask for the permission to queue plans, or use another token"
        )
    if not workspace.runs_remotely:
        raise RunRefused(
            f"{workspace.name} is set to run plans locally (execution mode local), so the "
            "server will not plan it; set its execution mode to remote or agent"
        )


async def _find_default(client: Client, mode: NameMode, short: str) -> Named:
    if short != DEFAULT:
        raise SelectionError(
            f"there is no workspace {short} here: the backend has the one workspace "
            f"{mode.name}, which is called {DEFAULT}; unset TF_WORKSPACE or select {DEFAULT}"
        )
    workspace = await client.find_workspace(mode.name)
    return _existing(DEFAULT, workspace, mode.name, client.organization)


def _existing(
    short: str, workspace: Workspace | None, full_name: str, organization: str
) -> Named:
    if workspace is None:
        raise SelectionError(
            f"workspace {short} does not exist: organization {organization} has no workspace "
            f"{full_name}, or the token may not see it"
        )
    return Named(short, workspace)
