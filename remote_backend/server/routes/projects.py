"""Projects, and the workspaces in them."""

from collections.abc import Sequence

from aiohttp import web
from attrs import evolve

from remote_backend.server.agent_pool_facts import forget_in_agent_pools, require_pool
from remote_backend.server.applied_variables import forget_in_variable_sets
from remote_backend.server.context import (
    conflict,
    context_of,
    organization_of,
    read_request_document,
    read_request_items,
    require_unused_name,
    stored_organization,
)
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.projects import project_from_request
from remote_backend.server.documents.tags import dump_effective_bindings
from remote_backend.server.dumping import as_they_are
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.lists import (
    respond_with_all,
    respond_with_list,
    respond_with_nothing,
    respond_with_one,
)
from remote_backend.server.organization_records import ProjectRecord
from remote_backend.server.project_facts import project_named, project_resources
from remote_backend.server.query_parameters import accepts, filter_values, tag_filters
from remote_backend.server.records import WorkspaceRecord
from remote_backend.server.store import Records
from remote_backend.server.tag_bindings import add_bindings_of, list_bindings_of
from remote_backend.server.workspace_records import workspaces_of_ids

__all__ = ("routes",)

routes = web.RouteTableDef()

_COLLECTION = "/api/v2/organizations/{organization}/projects"
_BY_ID = "/api/v2/projects/{project_id}"
_MEMBERS = ("effective_tag_bindings", "organization", "tag_bindings")


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/projects#list-projects
@routes.get(_COLLECTION)
@accepts(
    "filter[names]",
    "filter[tagged][n][key]",
    "filter[tagged][n][value]",
    "q",
    include=_MEMBERS,
    sort=("name",),
)
async def list_projects(request: web.Request) -> web.Response:
    """Return the projects that pass filters and the search, by name."""
    organization = organization_of(request)
    # The documentation of the filter: it does not mind capital letters.
    names = filter_values(request.query, "filter[names]")
    folded = {name.casefold() for name in names} if names is not None else None
    text = request.query.get("q", "").lower()
    filters = tag_filters(request.query)

    def is_listed(project: ProjectRecord) -> bool:
        bindings = project.tag_bindings
        return (
            (folded is None or project.name.casefold() in folded)
            and text in project.name.lower()
            and all(
                key in bindings and value in (None, bindings[key]) for key, value in filters
            )
        )

    def find(records: Records) -> Sequence[ProjectRecord]:
        return sorted(
            filter(is_listed, records.all(ProjectRecord, organization.id)),
            key=lambda project: project.name,
            reverse=request.query.get("sort") == "-name",
        )

    return await respond_with_list(request, find, project_resources)


@routes.post(_COLLECTION)
async def create_project(request: web.Request) -> web.Response:
    """Make a project."""
    document = await read_request_document(request)

    def create(records: Records) -> ProjectRecord:
        organization = stored_organization(records, request)
        new = ProjectRecord(
            id=make_id("prj"),
            name="",
            created_at=now_text(),
            organization_id=organization.id,
        )
        project = project_from_request(new, document)
        require_unused_name(records, project)
        _require_default_pool(records, project)
        return records.put(project)

    return await respond_with_one(
        request, create, project_resources, writes=True, status=201
    )


@routes.get(_BY_ID)
@accepts(include=_MEMBERS)
async def read_project(request: web.Request) -> web.Response:
    """Return a project."""
    return await respond_with_one(
        request, lambda records: project_named(records, request), project_resources
    )


@routes.patch(_BY_ID)
async def update_project(request: web.Request) -> web.Response:
    """Change a project."""
    document = await read_request_document(request)

    def update(records: Records) -> ProjectRecord:
        before = project_named(records, request)
        after = project_from_request(before, document)
        if after.name != before.name:
            require_unused_name(records, after)
        if after.default_agent_pool_id != before.default_agent_pool_id:
            _require_default_pool(records, after)
        return records.put(after)

    return await respond_with_one(request, update, project_resources, writes=True)


@routes.delete(_BY_ID)
async def delete_project(request: web.Request) -> web.Response:
    """Remove a project that has no workspaces."""

    def delete(records: Records) -> None:
        project = project_named(records, request)
        organization = context_of(request).organizations.of_id(project.organization_id)
        if project.id == organization.default_project_id:
            raise conflict("the default project cannot be deleted")
        for workspace in records.all(WorkspaceRecord, organization.id):
            if workspace.project_id == project.id:
                raise conflict(f"{project.name} cannot be deleted, it has workspaces")
        forget_in_variable_sets(records, project.id)
        forget_in_agent_pools(records, project.organization_id, project.id)
        records.delete(project.id)

    return await respond_with_nothing(request, delete)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/projects#move-workspaces-into-a-project
@routes.post(_BY_ID + "/relationships/workspaces")
async def move_workspaces(request: web.Request) -> web.Response:
    """Move workspaces into a project, all of them or none."""
    ids = [document.id for document in await read_request_items(request)]

    def move(records: Records) -> None:
        project = project_named(records, request)
        for workspace in workspaces_of_ids(records, project.organization_id, ids):
            records.put(evolve(workspace, project_id=project.id, updated_at=now_text()))

    return await respond_with_nothing(request, move)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/projects#list-project-tag-bindings
@routes.get(_BY_ID + "/tag-bindings")
async def list_bindings(request: web.Request) -> web.Response:
    """Return the tag bindings of a project."""
    return await list_bindings_of(request, lambda records: project_named(records, request))


@routes.patch(_BY_ID + "/tag-bindings")
async def add_bindings(request: web.Request) -> web.Response:
    """Add tag bindings to a project, or change the values of those that it has."""
    return await add_bindings_of(request, lambda records: project_named(records, request))


@routes.get(_BY_ID + "/effective-tag-bindings")
async def list_effective_bindings(request: web.Request) -> web.Response:
    """Return the tag bindings of a project as its workspaces inherit them."""

    def find(records: Records) -> list[Resource]:
        project = project_named(records, request)
        return dump_effective_bindings(project.id, project.tag_bindings)

    return await respond_with_all(request, find, as_they_are)


def _require_default_pool(records: Records, project: ProjectRecord) -> None:
    require_pool(
        records, project.organization_id, project.default_agent_pool_id, project.id
    )
