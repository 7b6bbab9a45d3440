"""Projects as resources, with the number of their workspaces."""

from collections import Counter
from collections.abc import Collection, Sequence

from aiohttp import web

from remote_backend.server.context import context_of, not_found
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.projects import dump_project
from remote_backend.server.records import ProjectRecord, WorkspaceRecord
from remote_backend.server.store import Records

__all__ = ("project_named", "project_resources", "require_projects")


def project_resources(
    records: Records, request: web.Request, projects: Sequence[ProjectRecord]
) -> list[Resource]:
    """Return projects as resources."""
    organization = context_of(request).organization
    counts = Counter(
        workspace.project_id for workspace in records.all(WorkspaceRecord) if projects
    )
    return [dump_project(project, organization, counts[project.id]) for project in projects]


def project_named(records: Records, request: web.Request) -> ProjectRecord:
    """Return the project that a path names; raises `NotFound`."""
    id = request.match_info["project_id"]
    return require_projects(records, [id])[id]


def require_projects(records: Records, ids: Collection[str]) -> dict[str, ProjectRecord]:
    """Return the projects of ids; raises `NotFound` when one of them is missing."""
    projects = records.find_many(ProjectRecord, ids)
    for id in ids:
        if id not in projects:
            raise not_found(f"project {id}")
    return projects
