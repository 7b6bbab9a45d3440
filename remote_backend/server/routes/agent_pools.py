"""Agent pools: kept for settings that name them; this server plans their workspaces itself."""

from collections.abc import Callable, Sequence

from aiohttp import web

from remote_backend.server.agent_pool_facts import agent_pool_resources, workspaces_by_pool
from remote_backend.server.context import (
    conflict,
    context_of,
    not_found,
    organization_of,
    read_request_document,
    require_unused_name,
    stored_organization,
)
from remote_backend.server.documents.agent_pools import agent_pool_from_request
from remote_backend.server.documents.documents import Resource
from remote_backend.server.dumping import as_they_are
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.lists import (
    respond_with_list,
    respond_with_nothing,
    respond_with_one,
)
from remote_backend.server.organization_records import (
    AgentPoolRecord,
    OrganizationRecord,
    ProjectRecord,
)
from remote_backend.server.project_facts import require_projects
from remote_backend.server.query_parameters import accepts
from remote_backend.server.records import WorkspaceRecord
from remote_backend.server.store import Records
from remote_backend.server.workspace_records import workspaces_of_ids

__all__ = ("routes",)

routes = web.RouteTableDef()

_COLLECTION = "/api/v2/organizations/{organization}/agent-pools"
_BY_ID = "/api/v2/agent-pools/{agent_pool_id}"
_ALLOWED_WORKSPACE = "filter[allowed_workspaces][name]"
_ALLOWED_PROJECT = "filter[allowed_projects][name]"
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/agents#available-related-resources
_MEMBERS = ("workspaces", "hyok_configurations")

Condition = Callable[[AgentPoolRecord], bool]


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/agents#list-agent-pools
@routes.get(_COLLECTION)
@accepts(
    _ALLOWED_PROJECT,
    _ALLOWED_WORKSPACE,
    "q",
    include=_MEMBERS,
    sort=("created-at", "name"),
)
async def list_agent_pools(request: web.Request) -> web.Response:
    """Return the agent pools that pass filters and the search, by name unless sorted."""
    organization, order = organization_of(request), request.query.get("sort", "")

    def find(records: Records) -> Sequence[AgentPoolRecord]:
        conditions = _conditions(records, request)
        pools = [
            pool
            for pool in records.all(AgentPoolRecord, organization.id)
            if all(condition(pool) for condition in conditions)
        ]
        if not order.endswith("created-at"):
            pools.sort(key=lambda pool: pool.name)
        return pools[::-1] if order.startswith("-") else pools

    return await respond_with_list(request, find, agent_pool_resources)


@routes.post(_COLLECTION)
async def create_agent_pool(request: web.Request) -> web.Response:
    """Make an agent pool."""
    document = await read_request_document(request)

    def create(records: Records) -> AgentPoolRecord:
        new = AgentPoolRecord(
            id=make_id("apool"),
            name="",
            created_at=now_text(),
            organization_id=stored_organization(records, request).id,
        )
        pool = agent_pool_from_request(new, document)
        require_unused_name(records, pool)
        _require_linked(records, pool)
        return records.put(pool)

    return await respond_with_one(
        request, create, agent_pool_resources, writes=True, status=201
    )


@routes.get(_BY_ID)
@accepts(include=_MEMBERS)
async def read_agent_pool(request: web.Request) -> web.Response:
    """Return an agent pool."""
    return await respond_with_one(
        request, lambda records: _agent_pool_named(records, request), agent_pool_resources
    )


@routes.patch(_BY_ID)
async def update_agent_pool(request: web.Request) -> web.Response:
    """Change an agent pool; lists of workspaces and projects replace those of before."""
    document = await read_request_document(request)

    def update(records: Records) -> AgentPoolRecord:
        before = _agent_pool_named(records, request)
        after = agent_pool_from_request(before, document)
        if after.name != before.name:
            require_unused_name(records, after)
        _require_linked(records, after)
        return records.put(after)

    return await respond_with_one(request, update, agent_pool_resources, writes=True)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/agents#delete-an-agent-pool
@routes.delete(_BY_ID)
async def delete_agent_pool(request: web.Request) -> web.Response:
    """Remove an agent pool that nothing uses."""

    def delete(records: Records) -> None:
        pool = _agent_pool_named(records, request)
        organization = context_of(request).organizations.of_id(pool.organization_id)
        if _is_used(records, organization, pool.id):
            raise conflict(f"agent pool {pool.name} is in use and cannot be deleted")
        records.delete(pool.id)

    return await respond_with_nothing(request, delete)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/agents#list-agents
@routes.get(_BY_ID + "/agents")
@accepts("filter[last-ping-since]")
async def list_agents(request: web.Request) -> web.Response:
    """Return an empty list: no agent ever comes to this server."""

    def find(records: Records) -> Sequence[Resource]:
        _agent_pool_named(records, request)
        return []

    return await respond_with_list(request, find, as_they_are)


def _conditions(records: Records, request: web.Request) -> list[Condition]:
    """Return what a pool must be; filters find pools that are open to what they name."""
    query, owner = request.query, organization_of(request).id
    text = query.get("q", "").lower()
    conditions: list[Condition] = [lambda pool: text in pool.name.lower()]
    if name := query.get(_ALLOWED_WORKSPACE):
        workspace = records.find_named(WorkspaceRecord, name, owner)
        ids = (workspace.id, workspace.project_id) if workspace else ("", "")
        conditions.append(lambda pool: pool.is_open_to(*ids))
    if name := query.get(_ALLOWED_PROJECT):
        project = records.find_named(ProjectRecord, name, owner)
        project_id = project.id if project else ""
        conditions.append(lambda pool: pool.is_open_to("", project_id))
    return conditions


def _is_used(records: Records, organization: OrganizationRecord, pool_id: str) -> bool:
    defaults = {
        organization.default_agent_pool_id,
        *(
            project.default_agent_pool_id
            for project in records.all(ProjectRecord, organization.id)
        ),
    }
    return pool_id in defaults or pool_id in workspaces_by_pool(records, organization)


def _agent_pool_named(records: Records, request: web.Request) -> AgentPoolRecord:
    id = request.match_info["agent_pool_id"]
    pool = records.find(AgentPoolRecord, id)
    if pool is None:
        raise not_found(f"agent pool {id}")
    return pool


def _require_linked(records: Records, pool: AgentPoolRecord) -> None:
    """Raise `NotFound` when a workspace or a project of a pool does not exist."""
    workspace_ids = {*pool.allowed_workspace_ids, *pool.excluded_workspace_ids}
    workspaces_of_ids(records, pool.organization_id, workspace_ids)
    require_projects(records, pool.organization_id, pool.allowed_project_ids)
