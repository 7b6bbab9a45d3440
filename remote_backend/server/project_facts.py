"""Projects as resources, with the number of their workspaces."""

from collections import Counter
from collections.abc import Sequence

from aiohttp import web

from remote_backend.server.context import context_of
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.projects import dump_project
from remote_backend.server.records import ProjectRecord, WorkspaceRecord
from remote_backend.server.store import Records

__all__ = ("project_resources",)


def project_resources(
    records: Records, request: web.Request, projects: Sequence[ProjectRecord]
) -> list[Resource]:
    """Return projects as resources."""
    organization = context_of(request).organization
    counts = Counter(
        workspace.project_id for workspace in records.all(WorkspaceRecord) if projects
    )
    return [dump_project(project, organization, counts[project.id]) for project in projects]
