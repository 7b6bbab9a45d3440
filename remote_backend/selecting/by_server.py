"""Selecting workspaces by what the server knows: tags, project, version and mode."""

from collections.abc import Iterable, Sequence

from remote_backend.api.client import Client
from remote_backend.errors import ApiError, NotFound, SelectionError
from remote_backend.formats.likeness import nearest_name
from remote_backend.models.workspace import WorkspaceMapping
from remote_backend.models.workspace_filters import Condition, conditions_of, tags_of
from remote_backend.workspaces import LocalWorkspace, list_workspaces

__all__ = ("list_selected", "require_conditions")


async def list_selected(
    client: Client,
    mapping: WorkspaceMapping,
    *,
    tags: Sequence[str] = (),
    project: str | None = None,
) -> tuple[LocalWorkspace, ...]:
    """Return the workspaces of a configuration that have all tags and belong to a project.

    Raises `SelectionError` when there are none, and for a project that does not exist.
    """
    project_id = await _project_id(client, project) if project is not None else None
    workspaces = await list_workspaces(
        client, mapping, tags=tags_of(tags), project_id=project_id
    )
    # A server that ignores the filter would return all workspaces; most say their project.
    inside = tuple(
        workspace
        for workspace in workspaces
        if project_id is None or workspace.remote.project_id in (None, project_id)
    )
    if not inside:
        raise _none_left(mapping, tags, project)
    return inside


def require_conditions(
    workspaces: Iterable[LocalWorkspace], where: Sequence[str]
) -> tuple[LocalWorkspace, ...]:
    """Return the workspaces that meet conditions such as `version=1.9.*`.

    Of conditions with the same key one must hold, of different keys each. Raises
    `SelectionError` for a condition that no workspace meets: it is a mistake that would go
    unnoticed.
    """
    candidates = tuple(workspaces)
    conditions = conditions_of(where)
    for condition in conditions:
        if not any(condition.holds(each.remote) for each in candidates):
            raise SelectionError(
                f"where={condition} matches no workspace", parameters=("where",)
            )
    return tuple(each for each in candidates if _meets(each, conditions))


def _meets(workspace: LocalWorkspace, conditions: Sequence[Condition]) -> bool:
    keys = {condition.key for condition in conditions}
    held = {each.key for each in conditions if each.holds(workspace.remote)}
    return keys == held


async def _project_id(client: Client, name: str) -> str:
    try:
        ids = await client.find_project_ids(name)
    except NotFound:
        raise SelectionError(
            f"project={name}: the server has no projects, or the token may not see them",
            parameters=("project",),
        ) from None
    folded = {known.casefold(): id for known, id in ids.items()}
    if name not in ids and name.casefold() not in folded:
        raise SelectionError(
            f"project={name}: organization {client.organization} has no such project, or the token "
            f"may not see it{await _nearest(client, name)}",
            parameters=("project",),
        )
    return ids.get(name) or folded[name.casefold()]


async def _nearest(client: Client, name: str) -> str:
    try:
        known = await client.find_project_ids("")
    except ApiError:
        return ""
    nearest = nearest_name(name, list(known))
    return f"; did you mean {nearest}?" if nearest is not None else ""


def _none_left(
    mapping: WorkspaceMapping, tags: Sequence[str], project: str | None
) -> SelectionError:
    parts = [f"select_tags={tag}" for tag in tags]
    parts += [f"project={project}"] if project is not None else []
    return SelectionError(
        f"no workspace of {mapping} has {' and '.join(parts)}",
        parameters=("select_tags", "project"),
    )
