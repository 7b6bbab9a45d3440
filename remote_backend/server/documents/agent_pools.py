"""Agent pools, as a server answers and receives them."""

from collections.abc import Iterable

from attrs import evolve

from remote_backend.server.documents.documents import Resource, resource_of, to_many, to_one
from remote_backend.server.documents.request_documents import RequestDocument
from remote_backend.server.organization_records import AgentPoolRecord

__all__ = ("agent_pool_from_request", "dump_agent_pool")

_LONGEST_NAME = 255


def dump_agent_pool(
    pool: AgentPoolRecord, organization: str, workspace_ids: Iterable[str]
) -> Resource:
    """Return an agent pool as a resource, with the workspaces that use it."""
    return resource_of(
        "agent-pools",
        pool.id,
        {
            "name": pool.name,
            "created-at": pool.created_at,
            "organization-scoped": pool.is_organization_scoped,
            "agent-count": 0,
        },
        relationships={
            "organization": to_one("organizations", organization),
            "agents": {"links": {"related": f"/api/v2/agent-pools/{pool.id}/agents"}},
            "workspaces": to_many("workspaces", workspace_ids),
            "allowed-workspaces": to_many("workspaces", pool.allowed_workspace_ids),
            "allowed-projects": to_many("projects", pool.allowed_project_ids),
            "excluded-workspaces": to_many("workspaces", pool.excluded_workspace_ids),
            "hyok-configurations": to_many("hyok-configurations"),
        },
        links={"self": f"/api/v2/agent-pools/{pool.id}"},
    )


def agent_pool_from_request(
    pool: AgentPoolRecord, document: RequestDocument
) -> AgentPoolRecord:
    """Return an agent pool with what a client sent; raises `Rejected` for a wrong member."""
    name = document.required_name(pool.name, _LONGEST_NAME)
    return evolve(
        pool,
        name=name,
        is_organization_scoped=document.flag(
            "organization-scoped", pool.is_organization_scoped
        ),
        allowed_workspace_ids=document.linked_ids(
            "allowed-workspaces", pool.allowed_workspace_ids
        ),
        allowed_project_ids=document.linked_ids(
            "allowed-projects", pool.allowed_project_ids
        ),
        excluded_workspace_ids=document.linked_ids(
            "excluded-workspaces", pool.excluded_workspace_ids
        ),
    )
