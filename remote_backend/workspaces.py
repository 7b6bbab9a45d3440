"""The remote workspaces of a configuration, under their local names."""

import re
from collections.abc import Iterable, Sequence

from attrs import frozen

from remote_backend.api.client import Client
from remote_backend.api.error_texts import is_name_taken
from remote_backend.api.exactly_once import create_once
from remote_backend.errors import (
    ApiError,
    NoSuchWorkspace,
    NoWorkspaces,
    NoWorkspaceSelected,
    Rejected,
    RunRefused,
    SelectionError,
    TransportError,
    UnexpectedAnswer,
)
from remote_backend.formats.likeness import nearest_name
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
    "existing_names",
    "find_workspace",
    "full_name_of",
    "list_workspaces",
    "no_workspaces",
    "require_plannable",
    "selectable_name",
    "shown_names",
)

DEFAULT = "default"
_MOST_SHOWN = 20
_MOST_EXAMPLES = 3
# Terraform accepts the characters that need no escape in a URL.
_VALID = re.compile(r"[A-Za-z0-9\-_.~$&+=:@]+")


@frozen(repr=False)
class LocalWorkspace:
    """A remote workspace and its local name."""

    name: str
    """The name that people use: without the prefix."""

    remote: Workspace
    """The workspace as the server describes it."""

    configuration: str = ""
    """The directory of its configuration in a batch of several; else empty."""

    @property
    def full_name(self) -> str:
        """The name on the server."""
        return self.remote.name

    def __repr__(self) -> str:
        return f"<LocalWorkspace {self.name}: {self.full_name} ({self.remote.id})>"


async def list_workspaces(
    client: Client,
    mapping: WorkspaceMapping,
    *,
    tags: Sequence[tuple[str, str]] = (),
    project_id: str | None = None,
) -> tuple[LocalWorkspace, ...]:
    """Return the workspaces of a configuration, sorted by their local names.

    With `tags` and `project_id` the server returns those alone that have them.
    """
    if isinstance(mapping, ByName):
        if tags or project_id is not None:
            listed = await client.list_workspaces(mapping.name, tags, project_id)
            named = (each for each in listed if each.name == mapping.name)
            return tuple(LocalWorkspace(DEFAULT, workspace) for workspace in named)
        workspace = await client.find_workspace(mapping.name)
        return (LocalWorkspace(DEFAULT, workspace),) if workspace else ()
    if isinstance(mapping, ByTags):
        tagged = await client.list_workspaces("", (*mapping.tags, *tags), project_id)
        return _sorted(LocalWorkspace(workspace.name, workspace) for workspace in tagged)
    prefix = mapping.prefix
    # The server's search is fuzzy and may ignore case, so the prefix is compared here.
    candidates = await client.list_workspaces(prefix, tags, project_id)
    return _sorted(
        LocalWorkspace(workspace.name[len(prefix) :], workspace)
        for workspace in candidates
        if workspace.name.startswith(prefix) and workspace.name != prefix
    )


def _sorted(workspaces: Iterable[LocalWorkspace]) -> tuple[LocalWorkspace, ...]:
    return tuple(sorted(workspaces, key=lambda workspace: workspace.name))


async def find_workspace(
    client: Client, mapping: WorkspaceMapping, local_name: str
) -> LocalWorkspace:
    """Return the workspace of a local name.

    Raises `NoSuchWorkspace` when it does not exist, and `SelectionError` when the name is
    empty, could mean two workspaces, or means one without the tags of the configuration.
    """
    if not local_name.strip():
        # The prefix alone would be the name of another workspace (P85).
        raise SelectionError(
            f"{local_name!r} is not the name of a workspace; a name is needed"
        )
    if isinstance(mapping, ByName):
        return await _find_default(client, mapping, local_name)
    if isinstance(mapping, ByTags):
        return await _find_tagged(client, mapping, local_name)
    return await _find_prefixed(client, mapping, local_name)


async def _find_prefixed(
    client: Client, mapping: ByPrefix, local_name: str
) -> LocalWorkspace:
    if local_name == DEFAULT:
        raise await _unselected(client, mapping)
    local = await client.find_workspace(mapping.prefix + local_name)
    # Terraform takes a name that begins with the prefix for a remote one. Here the workspace
    # that exists decides.
    if not local_name.startswith(mapping.prefix) or local_name == mapping.prefix:
        return await _existing(
            client, mapping, local_name, local, mapping.prefix + local_name
        )
    remote = await client.find_workspace(local_name)
    if local is not None and remote is not None:
        raise SelectionError(
            f"{local_name} could mean two workspaces: {local.name} by its local name, and "
            f"{remote.name}; write {remote.name.removeprefix(mapping.prefix)} for {remote.name}, or "
            f"{local.name} for {local.name}"
        )
    if remote is not None:
        return LocalWorkspace(remote.name[len(mapping.prefix) :], remote)
    return await _existing(client, mapping, local_name, local, mapping.prefix + local_name)


async def _find_tagged(client: Client, mapping: ByTags, local_name: str) -> LocalWorkspace:
    tagged = await client.list_workspaces(local_name, tags=mapping.tags)
    for workspace in tagged:
        if workspace.name == local_name:
            return LocalWorkspace(local_name, workspace)
    if local_name == DEFAULT:
        raise await _unselected(client, mapping)
    if await client.find_workspace(local_name) is None:
        raise await _missing(client, mapping, local_name, local_name)
    # Terraform refuses it too, because the configuration does not include it (P88).
    raise SelectionError(
        f"workspace {local_name} does not have the tags of the configuration, {mapping}; add "
        "them on the server, or choose another workspace"
    )


async def create_workspace(
    client: Client,
    mapping: WorkspaceMapping,
    local_name: str,
    terraform_version: str | None = None,
) -> LocalWorkspace:
    """Create exactly one workspace with a local name.

    Without a version the server chooses the Terraform that plans there. Raises
    `SelectionError` for a name that cannot be used, and for one that is taken.
    """
    full_name = full_name_of(mapping, local_name)
    if await client.find_workspace(full_name) is not None:
        raise SelectionError(
            f"workspace {local_name} exists already ({full_name}); select it"
        )
    workspace = await _create(client, local_name, full_name, terraform_version)
    return LocalWorkspace(DEFAULT if isinstance(mapping, ByName) else local_name, workspace)


def full_name_of(mapping: WorkspaceMapping, local_name: str) -> str:
    """Return the remote name that a new workspace gets; raises `SelectionError`."""
    if isinstance(mapping, ByName):
        if local_name in (DEFAULT, mapping.name):
            return mapping.name
        raise SelectionError(
            f"the backend has the one workspace {mapping.name}, which is called {DEFAULT} here; "
            'for several, give the block prefix = "..." in place of name'
        )
    if not _VALID.fullmatch(local_name):
        raise SelectionError(
            f"{local_name!r} is not a valid name of a workspace; use letters, digits, - and _"
        )
    if isinstance(mapping, ByTags):
        raise SelectionError(
            "workspaces with tags can only be created on the server, which sets their tags"
        )
    if local_name == DEFAULT:
        raise SelectionError(
            f"a workspace of a backend with a prefix cannot have the name {DEFAULT}; choose another"
        )
    if local_name.startswith(mapping.prefix):
        raise SelectionError(
            f"{local_name} begins with the prefix {mapping.prefix}, and Terraform would read it as "
            f"{local_name}, not as {mapping.prefix}{local_name}; leave the prefix out"
        )
    return mapping.prefix + local_name


async def _create(
    client: Client, local_name: str, full_name: str, terraform_version: str | None
) -> Workspace:
    try:
        return await create_once(
            lambda: client.create_workspace(full_name, terraform_version),
            lambda: client.find_workspace(full_name),
        )
    except Rejected as error:
        # The search before found nothing, so the token cannot see the workspace (P94).
        if is_name_taken(error):
            raise SelectionError(
                f"workspace {local_name} exists ({full_name}), but the token may not see it"
            ) from None
        raise


def require_plannable(local_workspace: LocalWorkspace) -> None:
    """Raise `RunRefused` when no plan can run in a workspace on the server."""
    workspace = local_workspace.remote
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


async def _find_default(client: Client, mapping: ByName, local_name: str) -> LocalWorkspace:
    if local_name not in (DEFAULT, mapping.name):
        raise SelectionError(
            f"there is no workspace {local_name} here: the backend has the one workspace "
            f"{mapping.name}, which is called {DEFAULT}; unset TF_WORKSPACE or select {DEFAULT}"
        )
    workspace = await client.find_workspace(mapping.name)
    return await _existing(client, mapping, DEFAULT, workspace, mapping.name)


async def _existing(
    client: Client,
    mapping: WorkspaceMapping,
    local_name: str,
    workspace: Workspace | None,
    full_name: str,
) -> LocalWorkspace:
    if workspace is None:
        raise await _missing(client, mapping, local_name, full_name)
    return LocalWorkspace(local_name, workspace)


async def _missing(
    client: Client, mapping: WorkspaceMapping, local_name: str, full_name: str
) -> NoSuchWorkspace:
    if isinstance(mapping, ByName):
        return await no_workspaces(client, mapping)
    candidates = await _candidates(client, mapping, local_name)
    return NoSuchWorkspace(
        f"workspace {local_name} does not exist: organization {client.organization} has no "
        f"workspace {full_name}, or the token may not see it{candidates}"
    )


async def _unselected(client: Client, mapping: WorkspaceMapping) -> NoWorkspaceSelected:
    return NoWorkspaceSelected(
        "no workspace is selected, and there is no default among several workspaces"
        f"{await _candidates(client, mapping)}"
    )


async def _candidates(client: Client, mapping: WorkspaceMapping, typed: str = "") -> str:
    """Return the existing names, as the end of an error about a name (P87)."""
    try:
        names = [workspace.name for workspace in await list_workspaces(client, mapping)]
    except (ApiError, TransportError, UnexpectedAnswer):
        return ""
    return existing_names(names, typed)


def existing_names(names: Sequence[str], typed: str = "") -> str:
    """Return the end of an error about a typed name: the nearest name, if any, and all."""
    nearest = nearest_name(typed, names)
    if nearest is None:
        return f"; there are {shown_names(names)}"
    return f"; did you mean {nearest}? There are {shown_names(names)}"


def shown_names(names: Sequence[str]) -> str:
    """Return names for a message; after the first 20 they are only counted."""
    if not names:
        return "no workspaces"
    more = len(names) - _MOST_SHOWN
    names_text = ", ".join(names[:_MOST_SHOWN])
    return f"{names_text} and {more} more" if more > 0 else names_text


async def no_workspaces(client: Client, mapping: WorkspaceMapping) -> NoSuchWorkspace:
    """Return the error for a configuration without any workspace.

    All workspaces are listed for it, because others that are visible point to a typing error.
    """
    others = await _visible_names(client)
    organization = client.organization
    if isinstance(mapping, ByName):
        nearest = nearest_name(mapping.name, others)
        return NoSuchWorkspace(
            f"organization {organization} has no workspace {mapping.name}{_unless_hidden(others)}"
            + (f"; did you mean {nearest}?" if nearest is not None else ""),
            missing_name=mapping.name,
        )
    if isinstance(mapping, ByTags):
        return NoSuchWorkspace(
            f"organization {organization} has no workspace with the tags {mapping}"
            f"{_unless_hidden(others)}; add these tags on the server"
        )
    return NoWorkspaces(
        f"organization {organization} has no workspace whose name starts with {mapping.prefix}"
        f"{_unless_hidden(others)}; check the prefix"
    )


async def _visible_names(client: Client) -> list[str]:
    try:
        return [workspace.name for workspace in await client.list_workspaces()]
    except (ApiError, TransportError, UnexpectedAnswer):
        return []


def _unless_hidden(others: Sequence[str]) -> str:
    """Return why a workspace may be missing, with what the token does see."""
    if not others:
        return ", or the token may not see it: it sees no workspace there"
    noun = "other is" if len(others) == 1 else "others are"
    names = ", ".join(sorted(others)[:_MOST_EXAMPLES])
    return f", or the token may not see it ({len(others)} {noun} visible, such as {names})"


def selectable_name(mapping: WorkspaceMapping, workspace: LocalWorkspace) -> str:
    """Return the name to store for a selected workspace; it cannot mean another workspace."""
    if isinstance(mapping, ByName):
        # Terraform refuses to work with any other name (hashicorp/terraform#23110).
        return DEFAULT
    is_ambiguous = isinstance(mapping, ByPrefix) and workspace.name.startswith(
        mapping.prefix
    )
    return workspace.remote.name if is_ambiguous else workspace.name
