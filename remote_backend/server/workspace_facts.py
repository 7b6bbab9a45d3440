"""Workspaces as resources, with what other records say about them."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.server.context import context_of
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.state import output_id
from remote_backend.server.documents.workspaces import WorkspaceFacts, dump_workspace
from remote_backend.server.organization_records import ProjectRecord
from remote_backend.server.query_parameters import included_members
from remote_backend.server.records import (
    ConfigurationVersionRecord,
    RunRecord,
    VariableRecord,
    WorkspaceRecord,
)
from remote_backend.server.state_facts import output_names
from remote_backend.server.store import Records
from remote_backend.server.workspace_records import newest_states

__all__ = ("WORKSPACE_MEMBERS", "workspace_resources")

# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#available-related-resources
WORKSPACE_MEMBERS = (
    "current_configuration_version",
    "current_configuration_version.ingress_attributes",
    "current_run",
    "current_run.configuration_version",
    "current_run.configuration_version.ingress_attributes",
    "current_run.plan",
    "current_state_version",
    "effective_tag_bindings",
    "locked_by",
    "organization",
    "outputs",
    "project",
    "readme",
    "tag_bindings",
    "vars",
)


def workspace_resources(
    records: Records, request: web.Request, workspaces: Sequence[WorkspaceRecord]
) -> list[Resource]:
    """Return workspaces as resources; the number of statements does not depend on theirs."""
    ids = [workspace.id for workspace in workspaces]
    projects = records.find_many(
        ProjectRecord, {workspace.project_id for workspace in workspaces}
    )
    run_ids = records.newest_ids_of(RunRecord, ids)
    states = newest_states(records, ids)
    configuration_ids = records.newest_ids_of(
        ConfigurationVersionRecord, ids, provisional=False
    )
    variables = records.ids_of(VariableRecord, ids)
    with_outputs = "outputs" in included_members(request)
    files, organizations = context_of(request).files, context_of(request).organizations

    def facts(workspace: WorkspaceRecord) -> WorkspaceFacts:
        state = states.get(workspace.id)
        names = output_names(files, state) if state and with_outputs else ()
        return WorkspaceFacts(
            organization=organizations.of_id(workspace.organization_id),
            project=projects.get(workspace.project_id),
            latest_run_id=run_ids.get(workspace.id),
            state_version_id=state.id if state else None,
            resource_count=state.resource_count if state else 0,
            configuration_version_id=configuration_ids.get(workspace.id),
            variable_ids=tuple(variables.get(workspace.id, ())),
            output_ids=tuple(output_id(state.id, name) for name in names) if state else (),
        )

    return [dump_workspace(workspace, facts(workspace)) for workspace in workspaces]
