"""Workspaces."""

from collections.abc import Callable, Sequence

from aiohttp import web
from attrs import evolve

from remote_backend.server.agent_pool_facts import (
    forget_in_agent_pools,
    require_pool_of_workspace,
)
from remote_backend.server.applied_variables import forget_in_variable_sets
from remote_backend.server.context import (
    conflict,
    context_of,
    organization_of,
    read_request_document,
    require_unused_name,
    respond,
    stored_organization,
    workspace_of,
)
from remote_backend.server.documents.request_documents import RequestDocument
from remote_backend.server.documents.state import manages_resources
from remote_backend.server.documents.tags import effective_bindings, parse_tags
from remote_backend.server.documents.workspaces import workspace_from_request
from remote_backend.server.ids import now_text
from remote_backend.server.lists import respond_with_list, respond_with_one
from remote_backend.server.organization_records import ProjectRecord
from remote_backend.server.project_facts import require_projects
from remote_backend.server.query_parameters import accepts, filter_values, tag_filters
from remote_backend.server.records import WorkspaceRecord, new_workspace
from remote_backend.server.retention import OwnedFiles, owned_files, remove_files
from remote_backend.server.run_trigger_facts import forget_source
from remote_backend.server.store import Records
from remote_backend.server.workspace_facts import WORKSPACE_MEMBERS, workspace_resources
from remote_backend.server.workspace_records import known_tags, newest_state

__all__ = ("routes",)

routes = web.RouteTableDef()

_COLLECTION = "/api/v2/organizations/{organization}/workspaces"
_BY_NAME = _COLLECTION + "/{workspace_name}"
_BY_ID = "/api/v2/workspaces/{workspace_id}"

Condition = Callable[[WorkspaceRecord], bool]


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#list-workspaces
@routes.get(_COLLECTION)
@accepts(
    "filter[current-run][status]",
    "filter[project][id]",
    "filter[tagged][n][key]",
    "filter[tagged][n][value]",
    "search[exclude-tags]",
    "search[name]",
    "search[tags]",
    "search[wildcard-name]",
    include=WORKSPACE_MEMBERS,
    sort=("name", "current-run.created-at", "latest-change-at"),
)
async def list_workspaces(request: web.Request) -> web.Response:
    """Return the workspaces that pass filters and searches, by name unless sorted."""
    organization = organization_of(request)

    def find(records: Records) -> Sequence[WorkspaceRecord]:
        conditions = _conditions(records, request)
        return _sorted(
            request.query.get("sort", ""),
            [
                workspace
                for workspace in records.all(WorkspaceRecord, organization.id)
                if all(condition(workspace) for condition in conditions)
            ],
        )

    return await respond_with_list(request, find, workspace_resources)


@routes.post(_COLLECTION)
async def create_workspace(request: web.Request) -> web.Response:
    """Make a workspace."""
    document = await read_request_document(request)

    def create(records: Records) -> WorkspaceRecord:
        new = new_workspace("", stored_organization(records, request))
        workspace = workspace_from_request(new, document)
        require_unused_name(records, workspace)
        _require_owners(records, workspace)
        return records.put(_with_tags(records, workspace, document))

    return await respond_with_one(
        request, create, workspace_resources, writes=True, status=201
    )


@routes.get(_BY_NAME)
@routes.get(_BY_ID)
@accepts(include=WORKSPACE_MEMBERS)
async def read_workspace(request: web.Request) -> web.Response:
    """Return a workspace."""
    return await respond_with_one(
        request, lambda records: workspace_of(records, request), workspace_resources
    )


@routes.patch(_BY_NAME)
@routes.patch(_BY_ID)
async def update_workspace(request: web.Request) -> web.Response:
    """Change settings of a workspace."""
    document = await read_request_document(request)

    def update(records: Records) -> WorkspaceRecord:
        before = workspace_of(records, request)
        after = evolve(workspace_from_request(before, document), updated_at=now_text())
        if after.name != before.name:
            require_unused_name(records, after)
        if (after.project_id, after.agent_pool_id) != (
            before.project_id,
            before.agent_pool_id,
        ):
            _require_owners(records, after)
        return records.put(_with_tags(records, after, document))

    return await respond_with_one(request, update, workspace_resources, writes=True)


@routes.delete(_BY_NAME)
@routes.delete(_BY_ID)
async def delete_workspace(request: web.Request) -> web.Response:
    """Remove a workspace with its runs and states."""
    await _delete(request, safely=False)
    return respond(status=204)


@routes.post(_BY_NAME + "/actions/safe-delete")
@routes.post(_BY_ID + "/actions/safe-delete")
async def delete_workspace_safely(request: web.Request) -> web.Response:
    """Remove a workspace unless it is locked or manages resources."""
    await _delete(request, safely=True)
    return respond(status=204)


def _conditions(records: Records, request: web.Request) -> list[Condition]:
    query = request.query
    conditions: list[Condition] = []
    if text := query.get("search[name]", "").lower():
        conditions.append(lambda workspace: text in workspace.name.lower())
    if pattern := query.get("search[wildcard-name]"):
        conditions.append(lambda workspace: _matches(workspace.name.lower(), pattern))
    if project_id := query.get("filter[project][id]"):
        conditions.append(lambda workspace: workspace.project_id == project_id)
    conditions += _tag_conditions(records, request)
    if query.get("filter[current-run][status]"):
        # Only runs that can be applied become current, and there are none here.
        conditions.append(lambda workspace: False)
    return conditions


def _matches(name: str, pattern: str) -> bool:
    """Say whether a name matches a pattern that may have a star at its start and its end."""
    text = pattern.strip("*").lower()
    if pattern.startswith("*"):
        return text in name if pattern.endswith("*") else name.endswith(text)
    return name.startswith(text) if pattern.endswith("*") else name == text


def _tag_conditions(records: Records, request: web.Request) -> list[Condition]:
    """Return the conditions about tags, of which those with values count by their keys too.

    Terraform 1.11 searches for the keys of `tags = { team = "web" }` besides its filters.
    """
    query = request.query
    names = filter_values(query, "search[tags]") or frozenset()
    excluded = filter_values(query, "search[exclude-tags]") or frozenset()
    filters = tag_filters(query)
    if not (names or excluded or filters):
        return []
    owned = records.all(ProjectRecord, organization_of(request).id)
    projects = {project.id: project for project in owned}

    def is_tagged(workspace: WorkspaceRecord) -> bool:
        tags = {
            **dict.fromkeys(workspace.tag_names, ""),
            **effective_bindings(workspace, projects.get(workspace.project_id)),
        }
        return (
            names <= set(tags)
            and not excluded & set(tags)
            and all(key in tags and value in (None, tags[key]) for key, value in filters)
        )

    return [is_tagged]


def _sorted(order: str, workspaces: list[WorkspaceRecord]) -> list[WorkspaceRecord]:
    workspaces.sort(key=lambda workspace: workspace.name)
    name = order.removeprefix("-")
    if name == "latest-change-at":
        workspaces.sort(key=lambda workspace: workspace.updated_at or workspace.created_at)
    if order.startswith("-") and name != "current-run.created-at":
        workspaces.reverse()
    return workspaces


def _with_tags(
    records: Records, workspace: WorkspaceRecord, document: RequestDocument
) -> WorkspaceRecord:
    """Return a workspace with the tags that a document links to it."""
    tags = document.related_lists.get("tags")
    if tags is None:
        return workspace
    known = known_tags(records, workspace.organization_id)
    return evolve(workspace, tag_names=parse_tags(tags, known))


async def _delete(request: web.Request, *, safely: bool) -> None:
    context = context_of(request)

    def delete(records: Records) -> OwnedFiles:
        workspace = workspace_of(records, request)
        if safely and workspace.locked_by is not None:
            raise conflict(f"{workspace.name} is locked")
        state = newest_state(records, workspace.id)
        if (
            safely
            and state is not None
            and manages_resources(context.files.state_path(state.id).read_bytes())
        ):
            raise conflict(f"{workspace.name} still manages resources")
        owned = owned_files(records, [workspace.id])
        forget_in_variable_sets(records, workspace.id)
        forget_in_agent_pools(records, workspace.organization_id, workspace.id)
        forget_source(records, workspace.id)
        records.delete(workspace.id)
        return owned

    owned = await context.store.write(delete)
    for run_id in owned.runs:
        context.run_queue.cancel(run_id)
    await remove_files(context.files, owned)


def _require_owners(records: Records, workspace: WorkspaceRecord) -> None:
    """Raise `ApiError` for a project or an agent pool that a workspace cannot have."""
    require_projects(records, workspace.organization_id, [workspace.project_id])
    require_pool_of_workspace(records, workspace)
