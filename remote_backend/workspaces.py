"""Which remote workspaces there are, under the names that people use."""

import re
from collections.abc import Sequence

from attrs import frozen

from remote_backend.api.client import Client
from remote_backend.api.exactly_once import create_once
from remote_backend.errors import (
    ApiError,
    NoSuchWorkspace,
    Rejected,
    RunRefused,
    SelectionError,
    TransportError,
    UnexpectedAnswer,
)
from remote_backend.models.workspace import (
    ByName,
    ByPrefix,
    ByTags,
    Workspace,
    WorkspaceMapping,
)

__all__ = (
    "DEFAULT",
    "LocalWorkspace",
    "create_workspace",
    "find_workspace",
    "full_name_of",
    "list_workspaces",
    "nothing_there",
    "require_plannable",
    "selectable_name",
    "shown_names",
)

DEFAULT = "default"
_MOST_SHOWN = 20
# What Terraform accepts: names that stand in an address as they are.
_VALID = re.compile(r"[A-Za-z0-9\-_.~$&+=:@]+")


@frozen
class LocalWorkspace:
    """A remote workspace and the name that people use for it."""

    name: str
    remote: Workspace


async def list_workspaces(
    client: Client, mode: WorkspaceMapping
) -> tuple[LocalWorkspace, ...]:
    """Return all workspaces of a configuration, sorted by the names people use."""
    if isinstance(mode, ByName):
        workspace = await client.find_workspace(mode.name)
        return (LocalWorkspace(DEFAULT, workspace),) if workspace else ()
    if isinstance(mode, ByTags):
        tagged = await client.list_workspaces(tags=mode.tags)
        return tuple(sorted((LocalWorkspace(one.name, one) for one in tagged), key=_short))
    prefix = mode.prefix
    # The server's search is fuzzy and may ignore case: what belongs to us is decided here.
    listed = await client.list_workspaces(prefix)
    named = (
        LocalWorkspace(workspace.name[len(prefix) :], workspace)
        for workspace in listed
        if workspace.name.startswith(prefix) and workspace.name != prefix
    )
    return tuple(sorted(named, key=_short))


async def find_workspace(
    client: Client, mode: WorkspaceMapping, short: str
) -> LocalWorkspace:
    """Return the workspace that a person means by a name.

    Raises `NoSuchWorkspace` when it does not exist, and `SelectionError` when the name is
    empty, could mean two workspaces, or means one without the tags of the configuration.
    """
    if not short.strip():
        # A prefix and nothing more is the name of another workspace (P85).
        raise SelectionError(f"{short!r} is not the name of a workspace; give one")
    if isinstance(mode, ByName):
        return await _find_default(client, mode, short)
    if isinstance(mode, ByTags):
        return await _find_tagged(client, mode, short)
    return await _find_prefixed(client, mode, short)


async def _find_prefixed(client: Client, mode: ByPrefix, short: str) -> LocalWorkspace:
    if short == DEFAULT:
        raise await _unselected(client, mode)
    found = await client.find_workspace(mode.prefix + short)
    # Terraform takes a name that begins with the prefix for a full one; what exists decides.
    if not short.startswith(mode.prefix) or short == mode.prefix:
        return await _existing(client, mode, short, found, mode.prefix + short)
    full = await client.find_workspace(short)
    if found is not None and full is not None:
        raise SelectionError(
            f"{short} could mean two workspaces: {found.name} by its short name, and "
            f"{full.name}; write {full.name.removeprefix(mode.prefix)} for {full.name}, or "
            f"{found.name} for {found.name}"
        )
    if full is not None:
        return LocalWorkspace(full.name[len(mode.prefix) :], full)
    return await _existing(client, mode, short, found, mode.prefix + short)


async def _find_tagged(client: Client, mode: ByTags, short: str) -> LocalWorkspace:
    tagged = await client.list_workspaces(short, tags=mode.tags)
    for workspace in tagged:
        if workspace.name == short:
            return LocalWorkspace(short, workspace)
    if short == DEFAULT:
        raise await _unselected(client, mode)
    if await client.find_workspace(short) is None:
        raise await _missing(client, mode, short, short)
    # Terraform refuses it too: the configuration does not mean it (P88).
    raise SelectionError(
        f"workspace {short} does not have the tags of the configuration, {_tags_of(mode)}; add "
        "them on the server, or choose another workspace"
    )


async def create_workspace(
    client: Client, mode: WorkspaceMapping, short: str, terraform_version: str | None = None
) -> LocalWorkspace:
    """Make a workspace under the name that people use, exactly one.

    Without a version the server chooses the one that plans there. Raises `SelectionError` for a name that cannot be used, and for one that is taken.
    """
    full = full_name_of(mode, short)
    if await client.find_workspace(full) is not None:
        raise SelectionError(f"workspace {short} exists already ({full}); select it")
    made = await _create(client, short, full, terraform_version)
    return LocalWorkspace(DEFAULT if isinstance(mode, ByName) else short, made)


def full_name_of(mode: WorkspaceMapping, short: str) -> str:
    """Return the remote name that a new workspace gets; raises `SelectionError`."""
    if isinstance(mode, ByName):
        if short in (DEFAULT, mode.name):
            return mode.name
        raise SelectionError(
            f"the backend has the one workspace {mode.name}, which is called {DEFAULT} here; "
            'for several, give the block prefix = "..." in place of name'
        )
    if not _VALID.fullmatch(short):
        raise SelectionError(
            f"{short!r} is not a name for a workspace; letters, digits, - and _ make one"
        )
    if isinstance(mode, ByTags):
        raise SelectionError(
            "workspaces with tags are made on the server, where they get their tags too"
        )
    if short == DEFAULT:
        raise SelectionError(
            f"{DEFAULT} is not a name for a workspace of a backend with a prefix; choose another"
        )
    if short.startswith(mode.prefix):
        raise SelectionError(
            f"{short} begins with the prefix {mode.prefix}, and Terraform would take it for "
            f"{short} itself and not for {mode.prefix}{short}; leave the prefix out"
        )
    return mode.prefix + short


async def _create(
    client: Client, short: str, full: str, terraform_version: str | None
) -> Workspace:
    try:
        return await create_once(
            lambda: client.create_workspace(full, terraform_version),
            lambda: client.find_workspace(full),
        )
    except Rejected as error:
        # It was looked for before, so the token cannot see what takes the name (P94).
        if any("taken" in problem.lower() for problem in error.problems):
            raise SelectionError(
                f"workspace {short} exists ({full}), but the token may not see it"
            ) from None
        raise


def _short(named: LocalWorkspace) -> str:
    return named.name


def require_plannable(named: LocalWorkspace) -> None:
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


async def _find_default(client: Client, mode: ByName, short: str) -> LocalWorkspace:
    if short not in (DEFAULT, mode.name):
        raise SelectionError(
            f"there is no workspace {short} here: the backend has the one workspace "
            f"{mode.name}, which is called {DEFAULT}; unset TF_WORKSPACE or select {DEFAULT}"
        )
    workspace = await client.find_workspace(mode.name)
    return await _existing(client, mode, DEFAULT, workspace, mode.name)


async def _existing(
    client: Client,
    mode: WorkspaceMapping,
    short: str,
    workspace: Workspace | None,
    full_name: str,
) -> LocalWorkspace:
    if workspace is None:
        raise await _missing(client, mode, short, full_name)
    return LocalWorkspace(short, workspace)


async def _missing(
    client: Client, mode: WorkspaceMapping, short: str, full_name: str
) -> NoSuchWorkspace:
    if isinstance(mode, ByName):
        return NoSuchWorkspace(nothing_there(mode, client.organization))
    return NoSuchWorkspace(
        f"workspace {short} does not exist: organization {client.organization} has no "
        f"workspace {full_name}, or the token may not see it{await _candidates(client, mode)}"
    )


async def _unselected(client: Client, mode: WorkspaceMapping) -> SelectionError:
    return SelectionError(
        "no workspace is selected, and there is no default among several workspaces; set "
        "TF_WORKSPACE=NAME, or use `remote-backend workspace select NAME`, or plan all"
        f"{await _candidates(client, mode)}"
    )


async def _candidates(client: Client, mode: WorkspaceMapping) -> str:
    """Return what to add to an error about a name: which names there are (P87)."""
    try:
        names = [named.name for named in await list_workspaces(client, mode)]
    except (ApiError, TransportError, UnexpectedAnswer):
        return ""
    return f"; there are {shown_names(names)}"


def shown_names(names: Sequence[str]) -> str:
    """Return names for a message, of which many are cut short."""
    if not names:
        return "no workspaces"
    more = len(names) - _MOST_SHOWN
    shown = ", ".join(names[:_MOST_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def nothing_there(mode: WorkspaceMapping, organization: str) -> str:
    """Return what to say, and to do, where a configuration has no workspace at all."""
    seen = ", or the token may not see it"
    if isinstance(mode, ByName):
        return (
            f"organization {organization} has no workspace {mode.name}{seen}; `remote-backend "
            f"workspace new {mode.name}` makes it"
        )
    if isinstance(mode, ByTags):
        return (
            f"organization {organization} has no workspace with the tags {_tags_of(mode)}{seen}; "
            "workspaces get their tags on the server"
        )
    return (
        f"organization {organization} has no workspace whose name starts with {mode.prefix}"
        f"{seen}; check the prefix, or make one with `remote-backend workspace new NAME`"
    )


def selectable_name(mode: WorkspaceMapping, named: LocalWorkspace) -> str:
    """Return the name to remember for a selected workspace, which can mean only this one."""
    if isinstance(mode, ByName):
        # Terraform refuses to work with any other name (hashicorp/terraform#23110).
        return DEFAULT
    is_doubtful = isinstance(mode, ByPrefix) and named.name.startswith(mode.prefix)
    return named.remote.name if is_doubtful else named.name


def _tags_of(mode: ByTags) -> str:
    return ", ".join(f"{key}={value}" if value else key for key, value in mode.tags)
