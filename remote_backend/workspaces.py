"""Which remote workspaces there are, under the names that people use."""

import re

from attrs import frozen

from remote_backend.client import Client
from remote_backend.errors import Rejected, RunRefused, SelectionError
from remote_backend.exactly_once import create_once
from remote_backend.models.workspace import Mode, NameMode, TagsMode, Workspace

__all__ = (
    "DEFAULT",
    "Named",
    "create_named",
    "find_named",
    "full_name_of",
    "list_named",
    "require_plannable",
)

DEFAULT = "default"
# What Terraform accepts: names that stand in an address as they are.
_VALID = re.compile(r"[A-Za-z0-9\-_.~$&+=:@]+")


@frozen
class Named:
    """A remote workspace and the name that people use for it."""

    short: str
    remote: Workspace


async def list_named(client: Client, mode: Mode) -> tuple[Named, ...]:
    """Return all workspaces of a configuration, sorted by the names people use."""
    if isinstance(mode, NameMode):
        workspace = await client.find_workspace(mode.name)
        return (Named(DEFAULT, workspace),) if workspace else ()
    if isinstance(mode, TagsMode):
        tagged = await client.list_workspaces(tags=mode.tags)
        return tuple(sorted((Named(one.name, one) for one in tagged), key=_short))
    prefix = mode.prefix
    # The server's search is fuzzy and may ignore case: what belongs to us is decided here.
    listed = await client.list_workspaces(prefix)
    named = (
        Named(workspace.name[len(prefix) :], workspace)
        for workspace in listed
        if workspace.name.startswith(prefix) and workspace.name != prefix
    )
    return tuple(sorted(named, key=_short))


async def find_named(client: Client, mode: Mode, short: str) -> Named:
    """Return the workspace that a person means by a name.

    Raises `SelectionError` when it does not exist, or when the name could mean two.
    """
    if isinstance(mode, NameMode):
        return await _find_default(client, mode, short)
    if isinstance(mode, TagsMode):
        return _existing(
            short, await client.find_workspace(short), short, client.organization
        )
    if short == DEFAULT:
        raise SelectionError(
            "no workspace is selected, and the backend has a prefix, so there is no default; "
            "set TF_WORKSPACE=NAME, or use `remote-backend workspace select NAME`, or plan all"
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


async def create_named(client: Client, mode: Mode, short: str) -> Named:
    """Make a workspace under the name that people use, exactly one.

    Raises `SelectionError` for a name that cannot be used, and for one that is taken.
    """
    full = full_name_of(mode, short)
    if await client.find_workspace(full) is not None:
        raise SelectionError(f"workspace {short} exists already ({full}); select it")
    return Named(short, await _create(client, short, full))


def full_name_of(mode: Mode, short: str) -> str:
    """Return the remote name that a new workspace gets; raises `SelectionError`."""
    if isinstance(mode, NameMode):
        if short in (DEFAULT, mode.name):
            return mode.name
        raise SelectionError(
            f"the backend has the one workspace {mode.name}, which is called {DEFAULT} here; "
            'for several, give the block prefix = "..." in place of name'
        )
    if not _VALID.fullmatch(short):
        raise SelectionError(
            f"{short!r} is no name for a workspace; letters, digits, - and _ make one"
        )
    if isinstance(mode, TagsMode):
        raise SelectionError(
            "workspaces with tags are made on the server, where they get their tags too"
        )
    if short == DEFAULT:
        raise SelectionError(
            f"{DEFAULT} is no name for a workspace of a backend with a prefix; choose another"
        )
    if short.startswith(mode.prefix):
        raise SelectionError(
            f"{short} begins with the prefix {mode.prefix}, and Terraform would take it for "
            f"{short} itself and not for {mode.prefix}{short}; leave the prefix out"
        )
    return mode.prefix + short


async def _create(client: Client, short: str, full: str) -> Workspace:
    try:
        return await create_once(
            lambda: client.create_workspace(full), lambda: client.find_workspace(full)
        )
    except Rejected as error:
        # It was looked for before, so the token cannot see what takes the name (P94).
        if any("taken" in problem.lower() for problem in error.problems):
            raise SelectionError(
                f"workspace {short} exists ({full}), but the token may not see it"
            ) from None
        raise


def _short(named: Named) -> str:
    return named.short


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
    if short not in (DEFAULT, mode.name):
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
