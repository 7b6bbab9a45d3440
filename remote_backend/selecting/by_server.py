"""Selecting workspaces by what the server knows: tags, project, version, mode, and modules."""

from collections.abc import Iterable, Sequence

from remote_backend.api.client import Client
from remote_backend.errors import ApiError, NotFound, SelectionError
from remote_backend.formats.likeness import nearest_name
from remote_backend.models.workspace import WorkspaceMapping
from remote_backend.models.workspace_filters import Condition, conditions_of, tags_of
from remote_backend.workspaces import LocalWorkspace, list_workspaces, shown_names

__all__ = ("list_selected", "select_where")


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


async def select_where(
    client: Client, workspaces: Iterable[LocalWorkspace], where: Sequence[str]
) -> tuple[LocalWorkspace, ...]:
    """Return the workspaces that meet conditions such as `version=1.9.*` or `module=vpc`.

    Of conditions with the same key one must hold, of different keys each. Raises
    `SelectionError` for a condition that no workspace meets: it is a mistake that would go
    unnoticed.
    """
    candidates = tuple(workspaces)
    names_by_key: dict[str, set[str]] = {}
    for condition in conditions_of(where):
        if condition.is_about_components:
            users = await _users(client, condition)
            names = {each.name for each in candidates if each.full_name in users}
            _report_others(
                client, condition, users - {each.full_name for each in candidates}
            )
        else:
            names = {each.name for each in candidates if condition.holds(each.remote)}
        if not names:
            raise SelectionError(
                f"where={condition} matches no workspace", parameters=("where",)
            )
        names_by_key.setdefault(condition.key, set()).update(names)
    return tuple(
        each
        for each in candidates
        if all(each.name in names for names in names_by_key.values())
    )


def _report_others(client: Client, condition: Condition, others: set[str]) -> None:
    """Warn of workspaces that a change of the module would reach, and this batch does not."""
    if others:
        noun = "workspace uses" if len(others) == 1 else "workspaces use"
        client.notices.warn(
            f"{len(others)} more {noun} {condition}, and cannot be planned from here: "
            f"{shown_names(sorted(others))}"
        )


async def _users(client: Client, condition: Condition) -> set[str]:
    """Return the full names of all workspaces that use a module or a provider.

    Name and source are compared, because people know a module by either. The server filters by
    the one that is meant, unless it is a pattern.
    """
    text = condition.pattern
    field = "source" if "/" in text else "name"
    try:
        used = await client.list_components(
            f"{condition.key}s", "" if any(c in text for c in "*?[") else field, text
        )
    except NotFound:
        raise SelectionError(
            f"where={condition} needs Explorer, which the server does not have, or which the token "
            "may not read: it is for owners, teams that read all workspaces or projects, and tokens "
            "of the organization",
            parameters=("where",),
        ) from None
    return {
        name
        for each in used
        if condition.matches(each.name) or condition.matches(each.source)
        for name in each.workspaces
    }


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
