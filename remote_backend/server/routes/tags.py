"""Tags of workspaces, by name, and tag bindings, which have values."""

from collections.abc import Callable

from aiohttp import web
from attrs import evolve, frozen

from remote_backend.server.context import (
    context_of,
    not_found,
    organization_of,
    read_request_items,
    workspace_of,
)
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.tags import (
    dump_effective_bindings,
    dump_tag,
    parse_tags,
    tag_id,
)
from remote_backend.server.dumping import as_they_are, each
from remote_backend.server.lists import (
    respond_with_all,
    respond_with_list,
    respond_with_nothing,
)
from remote_backend.server.query_parameters import accepts
from remote_backend.server.records import WorkspaceRecord
from remote_backend.server.store import Records
from remote_backend.server.tag_bindings import add_bindings_of, list_bindings_of
from remote_backend.server.workspace_records import (
    known_tags,
    project_of,
    workspaces_of_ids,
)

__all__ = ("routes",)

routes = web.RouteTableDef()

_TAGS = "/api/v2/workspaces/{workspace_id}/relationships/tags"
_BINDINGS = "/api/v2/workspaces/{workspace_id}/tag-bindings"
_OF_ORGANIZATION = "/api/v2/organizations/{organization}/tags"


@frozen
class _Tag:
    """A tag of an organization."""

    name: str
    organization_id: str
    workspaces: int
    """How many have it."""


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#get-tags
@routes.get(_TAGS)
@accepts("name", "q")
async def list_tags(request: web.Request) -> web.Response:
    """Return the tags of a workspace."""

    def find(records: Records) -> list[_Tag]:
        workspace = workspace_of(records, request)
        counts = known_tags(records, workspace.organization_id)
        tags = [
            _Tag(name, workspace.organization_id, counts[name])
            for name in workspace.tag_names
        ]
        return _matching(request, tags)

    return await respond_with_list(request, find, each(_dump_tag(request)))


@routes.post(_TAGS)
async def add_tags(request: web.Request) -> web.Response:
    """Add tags to a workspace; names that are new make new tags."""
    documents = await read_request_items(request)

    def add(records: Records) -> None:
        workspace = workspace_of(records, request)
        tags = parse_tags(documents, known_tags(records, workspace.organization_id))
        names = tuple(dict.fromkeys((*workspace.tag_names, *tags)))
        records.put(evolve(workspace, tag_names=names))

    return await respond_with_nothing(request, add)


@routes.delete(_TAGS)
async def remove_tags(request: web.Request) -> web.Response:
    """Remove tags from a workspace; those that it does not have do not matter."""
    documents = await read_request_items(request)
    ids = {document.id for document in documents}
    names = {document.text("name") for document in documents}

    def remove(records: Records) -> None:
        workspace = workspace_of(records, request)
        kept = tuple(
            name
            for name in workspace.tag_names
            if name not in names and tag_id(name) not in ids
        )
        records.put(evolve(workspace, tag_names=kept))

    return await respond_with_nothing(request, remove)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organization-tags#list-tags
@routes.get(_OF_ORGANIZATION)
@accepts("filter[exclude][taggable][id]", "q")
async def list_organization_tags(request: web.Request) -> web.Response:
    """Return all tags by name, without those of a workspace that is excluded."""
    organization = organization_of(request)

    def find(records: Records) -> list[_Tag]:
        excluded = records.find(
            WorkspaceRecord, request.query.get("filter[exclude][taggable][id]", "")
        )
        hidden = excluded.tag_names if excluded else ()
        tags = sorted(known_tags(records, organization.id).items())
        return _matching(
            request,
            [_Tag(name, organization.id, n) for name, n in tags if name not in hidden],
        )

    return await respond_with_list(request, find, each(_dump_tag(request)))


@routes.delete(_OF_ORGANIZATION)
async def delete_tags(request: web.Request) -> web.Response:
    """Remove tags from all workspaces of an organization."""
    organization = organization_of(request)
    ids = {document.id for document in await read_request_items(request)}

    def delete(records: Records) -> None:
        for workspace in records.all(WorkspaceRecord, organization.id):
            kept = tuple(name for name in workspace.tag_names if tag_id(name) not in ids)
            if kept != workspace.tag_names:
                records.put(evolve(workspace, tag_names=kept))

    return await respond_with_nothing(request, delete)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/organization-tags#add-workspaces-to-a-tag
@routes.post("/api/v2/tags/{tag_id}/relationships/workspaces")
async def add_workspaces(request: web.Request) -> web.Response:
    """Add a tag to workspaces."""
    id = request.match_info["tag_id"]
    ids = [document.id for document in await read_request_items(request)]

    def add(records: Records) -> None:
        first = records.find(WorkspaceRecord, ids[0])
        organization_id = first.organization_id if first else ""
        known = known_tags(records, organization_id)
        names = [name for name in known if tag_id(name) == id]
        if not names:
            raise not_found(f"tag {id}")
        for workspace in workspaces_of_ids(records, organization_id, ids):
            tags = tuple(dict.fromkeys((*workspace.tag_names, *names)))
            records.put(evolve(workspace, tag_names=tags))

    return await respond_with_nothing(request, add)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#list-workspace-tag-bindings
@routes.get(_BINDINGS)
async def list_bindings(request: web.Request) -> web.Response:
    """Return the tag bindings of a workspace itself."""
    return await list_bindings_of(request, lambda records: workspace_of(records, request))


@routes.patch(_BINDINGS)
async def add_bindings(request: web.Request) -> web.Response:
    """Add tag bindings to a workspace, or change the values of those that it has."""
    return await add_bindings_of(request, lambda records: workspace_of(records, request))


@routes.get("/api/v2/workspaces/{workspace_id}/effective-tag-bindings")
async def list_effective_bindings(request: web.Request) -> web.Response:
    """Return the tag bindings of a workspace and those that it inherits."""

    def find(records: Records) -> list[Resource]:
        workspace = workspace_of(records, request)
        project = project_of(records, workspace)
        return dump_effective_bindings(workspace.id, workspace.tag_bindings, project)

    return await respond_with_all(request, find, as_they_are)


def _matching(request: web.Request, tags: list[_Tag]) -> list[_Tag]:
    # go-tfe 1.109.0 writes `name` for the tags of a workspace.
    text = request.query.get("q") or request.query.get("name", "")
    return [tag for tag in tags if text in tag.name]


def _dump_tag(request: web.Request) -> Callable[[_Tag], Resource]:
    organizations = context_of(request).organizations
    return lambda tag: dump_tag(
        tag.name, organizations.of_id(tag.organization_id).name, tag.workspaces
    )
