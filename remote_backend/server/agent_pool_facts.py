"""Agent pools as resources, and who may use them."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.server.context import context_of, not_found
from remote_backend.server.documents.agent_pools import dump_agent_pool
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.request_documents import rejected
from remote_backend.server.documents.workspaces import execution_mode_of
from remote_backend.server.organization_records import (
    AgentPoolRecord,
    OrganizationRecord,
    ProjectRecord,
)
from remote_backend.server.records import WorkspaceRecord
from remote_backend.server.store import Records

__all__ = (
    "agent_pool_resources",
    "forget_in_agent_pools",
    "require_pool",
    "require_pool_of_workspace",
    "workspaces_by_pool",
)


def agent_pool_resources(
    records: Records, request: web.Request, pools: Sequence[AgentPoolRecord]
) -> list[Resource]:
    """Return agent pools of one organization as resources."""
    if not pools:
        return []
    organization = context_of(request).organizations.of_id(pools[0].organization_id)
    users = workspaces_by_pool(records, organization)
    return [
        dump_agent_pool(pool, organization.name, users.get(pool.id, ())) for pool in pools
    ]


def workspaces_by_pool(
    records: Records, organization: OrganizationRecord
) -> dict[str, list[str]]:
    """Return the ids of the workspaces that use each agent pool, also by inheriting it."""
    owned = records.all(ProjectRecord, organization.id)
    projects = {project.id: project for project in owned}
    users: dict[str, list[str]] = {}
    for workspace in records.all(WorkspaceRecord, organization.id):
        project = projects.get(workspace.project_id)
        pool_id = execution_mode_of(workspace, project, organization).agent_pool_id
        if pool_id is not None:
            users.setdefault(pool_id, []).append(workspace.id)
    return users


def require_pool(
    records: Records, organization_id: str, pool_id: str | None, project_id: str = ""
) -> None:
    """Raise `ApiError` for a default pool that is not there, or not open to what has it."""
    pool = _pool_of_organization(records, organization_id, pool_id) if pool_id else None
    if pool is not None and not pool.is_open_to("", project_id):
        raise rejected(f"agent pool {pool.name} is not open to all of its workspaces")


def require_pool_of_workspace(records: Records, workspace: WorkspaceRecord) -> None:
    """Raise `ApiError` when the own pool of a workspace is not there, or not open to it."""
    if workspace.agent_pool_id is None:
        return
    pool = _pool_of_organization(
        records, workspace.organization_id, workspace.agent_pool_id
    )
    if not pool.is_open_to(workspace.id, workspace.project_id):
        raise rejected(f"agent pool {pool.name} is not open to {workspace.name}")


def forget_in_agent_pools(records: Records, organization_id: str, id: str) -> None:
    """Remove a workspace or a project that is being deleted from the scopes of all pools."""
    for pool in records.all(AgentPoolRecord, organization_id):
        without = pool.without(id)
        if without != pool:
            records.put(without)


def _pool_of_organization(
    records: Records, organization_id: str, pool_id: str
) -> AgentPoolRecord:
    pool = records.find(AgentPoolRecord, pool_id)
    if pool is None or pool.organization_id != organization_id:
        raise not_found(f"agent pool {pool_id}")
    return pool
