"""Projects as resources, with the number of their workspaces."""

from collections import Counter
from collections.abc import Collection, Sequence

from aiohttp import web

from remote_backend.server.context import context_of, not_found
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.projects import dump_project
from remote_backend.server.organization_records import ProjectRecord
from remote_backend.server.records import WorkspaceRecord
from remote_backend.server.store import Records

__all__ = ("project_named", "project_resources", "require_projects")


def project_resources(
    records: Records, request: web.Request, projects: Sequence[ProjectRecord]
) -> list[Resource]:
    """Return projects as resources."""
    organizations = context_of(request).organizations
    counts = Counter(
        workspace.project_id
        for id in {project.organization_id for project in projects}
        for workspace in records.all(WorkspaceRecord, id)
    )
    return [
        dump_project(
            project, organizations.of_id(project.organization_id), counts[project.id]
        )
        for project in projects
    ]


def project_named(records: Records, request: web.Request) -> ProjectRecord:
    """Return the project that a path names; raises `NotFound`."""
    id = request.match_info["project_id"]
    project = records.find(ProjectRecord, id)
    if project is None:
        raise not_found(f"project {id}")
    return project


def require_projects(
    records: Records, organization_id: str, ids: Collection[str]
) -> dict[str, ProjectRecord]:
    """Return projects of an organization; raises `NotFound` when one of them is missing."""
    projects = records.find_many(ProjectRecord, ids)
    for id in ids:
        if id not in projects or projects[id].organization_id != organization_id:
            raise not_found(f"project {id}")
    return projects
