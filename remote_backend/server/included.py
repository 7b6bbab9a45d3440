"""Included resources: those that the relationships of other resources lead to.

A member is a path of relationships, such as `current_run.plan`. Each step takes the resources
of the step before, gathers the ids that their relationship names, and loads them with a
constant number of statements, however many there are.
"""

from collections.abc import Callable, Collection, Sequence

from aiohttp import web

from remote_backend.models.state import StateOutput
from remote_backend.server.agent_pool_facts import agent_pool_resources
from remote_backend.server.context import context_of
from remote_backend.server.documents.applies import dump_apply
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.organizations import (
    dump_entitlements,
    dump_organization,
)
from remote_backend.server.documents.policies import dump_cost_estimate, dump_policy_check
from remote_backend.server.documents.run_events import (
    dump_comment,
    dump_run_event,
    events_of,
)
from remote_backend.server.documents.runs import dump_configuration, dump_run
from remote_backend.server.documents.ssh_keys import dump_ssh_key
from remote_backend.server.documents.state import (
    dump_output,
    dump_workspace_output,
    version_id_of_output,
)
from remote_backend.server.documents.tags import dump_bindings, dump_effective_bindings
from remote_backend.server.documents.users import dump_user
from remote_backend.server.documents.variables import dump_variable
from remote_backend.server.dumping import Dump, each
from remote_backend.server.organization_records import (
    AgentPoolRecord,
    ProjectRecord,
    SSHKeyRecord,
    VariableSetRecord,
)
from remote_backend.server.project_facts import project_resources
from remote_backend.server.query_parameters import included_members
from remote_backend.server.records import (
    CommentRecord,
    ConfigurationVersionRecord,
    RunRecord,
    StateVersionRecord,
    UserRecord,
    VariableRecord,
    WorkspaceRecord,
)
from remote_backend.server.run_lists import plan_resource
from remote_backend.server.state_facts import read_outputs, state_version_resources
from remote_backend.server.store import Record, Records
from remote_backend.server.variable_set_facts import variable_set_resources
from remote_backend.server.workspace_facts import workspace_resources

__all__ = ("included_resources",)

Loader = Callable[[Records, web.Request, Collection[str]], list[Resource]]
_Key = tuple[str, str]


def included_resources(
    records: Records, request: web.Request, resources: Sequence[Resource]
) -> list[Resource]:
    """Return the resources that a request includes with others, each of them once."""
    included: dict[_Key, Resource] = {}
    for path in included_members(request):
        step = list(resources)
        for member in path.split("."):
            step = _load_linked(records, request, step, member, included)
    return list(included.values())


def _load_linked(
    records: Records,
    request: web.Request,
    resources: Sequence[Resource],
    member: str,
    included: dict[_Key, Resource],
) -> list[Resource]:
    """Load what a relationship of resources leads to, and add it to what is included."""
    keys = dict.fromkeys(
        key for resource in resources for key in _linkages(resource, member)
    )
    missing: dict[str, list[str]] = {}
    for kind, id in keys:
        if (kind, id) not in included:
            missing.setdefault(kind, []).append(id)
    for kind, ids in missing.items():
        load = _LOADERS.get(kind)
        for loaded in load(records, request, ids) if load else ():
            included[kind, loaded["id"]] = loaded
    return [included[key] for key in keys if key in included]


def _linkages(resource: Resource, member: str) -> list[_Key]:
    relationship = resource.get("relationships", {}).get(member.replace("_", "-"), {})
    data = relationship.get("data")
    linkages = data if isinstance(data, list) else [data] if data else []
    return [(linkage["type"], linkage["id"]) for linkage in linkages]


def _records_of(kind: type[Record], dump: Dump[Record]) -> Loader:
    """Return how the resources of one kind of records are loaded."""

    def load(
        records: Records, request: web.Request, ids: Collection[str]
    ) -> list[Resource]:
        return dump(records, request, list(records.find_many(kind, ids).values()))

    return load


def _parts_of_runs(dump: Callable[[RunRecord], Resource]) -> Loader:
    """Return how parts of runs are loaded, such as applies, which have ids like runs."""

    def load(
        records: Records, request: web.Request, ids: Collection[str]
    ) -> list[Resource]:
        return [dump(run) for run in _runs(records, ids)]

    return load


def _load_organizations(
    records: Records, request: web.Request, ids: Collection[str]
) -> list[Resource]:
    organizations = context_of(request).organizations
    return [dump_organization(organizations.named(name)) for name in ids]


def _load_entitlements(
    records: Records, request: web.Request, ids: Collection[str]
) -> list[Resource]:
    organizations = context_of(request).organizations
    return [dump_entitlements(organizations.of_id(id)) for id in ids]


def _load_plans(
    records: Records, request: web.Request, ids: Collection[str]
) -> list[Resource]:
    return [plan_resource(request, run) for run in _runs(records, ids)]


def _load_cost_estimates(
    records: Records, request: web.Request, ids: Collection[str]
) -> list[Resource]:
    return [
        dump_cost_estimate(run, run.cost)
        for run in _runs(records, ids)
        if run.cost is not None
    ]


def _load_run_events(
    records: Records, request: web.Request, ids: Collection[str]
) -> list[Resource]:
    events = [event for run in _runs(records, ids) for event in events_of(run)]
    return [dump_run_event(event) for event in events if event.id in ids]


def _load_state_outputs(
    records: Records, request: web.Request, ids: Collection[str]
) -> list[Resource]:
    return [
        dump_output(version_id, name, output, reveal=False)
        for version_id, name, output in _outputs(records, request, ids)
    ]


def _load_workspace_outputs(
    records: Records, request: web.Request, ids: Collection[str]
) -> list[Resource]:
    return [
        dump_workspace_output(version_id, name, output)
        for version_id, name, output in _outputs(records, request, ids)
    ]


def _load_tag_bindings(
    records: Records, request: web.Request, ids: Collection[str]
) -> list[Resource]:
    return [
        binding
        for owner, _ in _owners_of_bindings(records, ids)
        for binding in dump_bindings(owner.id, owner.tag_bindings)
    ]


def _load_effective_tag_bindings(
    records: Records, request: web.Request, ids: Collection[str]
) -> list[Resource]:
    return [
        binding
        for owner, project in _owners_of_bindings(records, ids)
        for binding in dump_effective_bindings(owner.id, owner.tag_bindings, project)
    ]


def _runs(records: Records, ids: Collection[str]) -> list[RunRecord]:
    """Return runs by the ids of their parts: plans, applies, estimates, checks and events."""
    run_ids = {f"run-{id.partition('-')[2].partition('.')[0]}" for id in ids}
    return list(records.find_many(RunRecord, run_ids).values())


def _outputs(
    records: Records, request: web.Request, ids: Collection[str]
) -> list[tuple[str, str, StateOutput]]:
    files = context_of(request).files
    version_ids = {version_id_of_output(id) for id in ids}
    return [
        (version.id, name, output)
        for version in records.find_many(StateVersionRecord, version_ids).values()
        for name, output in read_outputs(files, version).items()
    ]


def _owners_of_bindings(
    records: Records, ids: Collection[str]
) -> list[tuple[WorkspaceRecord | ProjectRecord, ProjectRecord | None]]:
    """Return workspaces and projects by the ids of their bindings, with their projects."""
    owner_ids = {id.removeprefix("tb-").partition(".")[0] for id in ids}
    workspaces = records.find_many(WorkspaceRecord, owner_ids).values()
    project_ids = {workspace.project_id for workspace in workspaces}
    projects = records.find_many(ProjectRecord, owner_ids | project_ids)
    return [
        *((workspace, projects.get(workspace.project_id)) for workspace in workspaces),
        *((projects[id], None) for id in owner_ids if id in projects),
    ]


_LOADERS: dict[str, Loader] = {
    "agent-pools": _records_of(AgentPoolRecord, agent_pool_resources),
    "applies": _parts_of_runs(dump_apply),
    "comments": _records_of(CommentRecord, each(dump_comment)),
    "configuration-versions": _records_of(
        ConfigurationVersionRecord, each(dump_configuration)
    ),
    "cost-estimates": _load_cost_estimates,
    "effective-tag-bindings": _load_effective_tag_bindings,
    "entitlement-sets": _load_entitlements,
    "organizations": _load_organizations,
    "plans": _load_plans,
    "policy-checks": _parts_of_runs(dump_policy_check),
    "projects": _records_of(ProjectRecord, project_resources),
    "run-events": _load_run_events,
    "runs": _records_of(RunRecord, each(dump_run)),
    "ssh-keys": _records_of(SSHKeyRecord, each(dump_ssh_key)),
    "state-version-outputs": _load_state_outputs,
    "state-versions": _records_of(StateVersionRecord, state_version_resources),
    "tag-bindings": _load_tag_bindings,
    "users": _records_of(UserRecord, each(dump_user)),
    "vars": _records_of(VariableRecord, each(dump_variable)),
    "varsets": _records_of(VariableSetRecord, variable_set_resources),
    "workspace-outputs": _load_workspace_outputs,
    "workspaces": _records_of(WorkspaceRecord, workspace_resources),
}
"""Types of resources without a loader, such as `task-stages`, are never there."""
