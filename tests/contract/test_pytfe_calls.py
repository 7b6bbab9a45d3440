"""Each call of the official Python SDK that this server answers, once."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytfe
import pytfe.errors
import pytfe.models
from anyio import to_thread

from remote_backend.server.embedded import EmbeddedServer
from tests.support.raw_client import RawClient
from tests.support.stored_states import state_of

# Its types need a plugin of pydantic that this project does not use.
SDK: Any = pytfe
MODELS: Any = pytfe.models
OUTPUT = {"value": "vpc-1", "type": "string"}


class Calls:
    """Calls with an SDK, and how many of them were answered."""

    def __init__(self, client: Any, directory: Path) -> None:
        self.sdk = client
        self.directory = directory
        self.answered = 0

    def __call__(self, call: Callable[[], Any]) -> Any:
        """Make a call and return what it returns; an iterator is read to its end."""
        result = call()
        if isinstance(result, Iterator):
            result = list(result)
        self.answered += 1
        return result


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_the_sdk_is_answered(raw_client: RawClient, tmp_path: Path) -> None:
    """From accounts and organizations to runs, plans and states."""
    answered = await to_thread.run_sync(make_calls, raw_client.server, tmp_path)

    assert answered == 103


def make_calls(server: EmbeddedServer, folder: Path) -> int:
    """Make all calls and return how many there were."""
    directory = folder / "networking"
    directory.mkdir()
    (directory / "main.tf").write_text("")
    client = SDK.TFEClient(SDK.TFEConfig(address=server.url, token=server.token))
    try:
        calls = Calls(client, directory)
        call_organization(calls)
        call_organizations(calls)
        workspace = call_workspaces(calls)
        call_agent_pools(calls, workspace.id)
        call_ssh_keys(calls, workspace.id)
        call_run_triggers(calls, workspace.id)
        call_tags(calls, workspace.id)
        call_projects(calls, workspace.id)
        call_variables(calls, workspace.id)
        call_variable_sets(calls, workspace.id)
        call_runs(calls, workspace.id)
        call_states(calls, workspace)
        calls(lambda: client.workspaces.safe_delete_by_id(workspace.id))
        return calls.answered
    finally:
        client.close()


def call_organization(calls: Calls) -> None:
    """Read the account and the organization."""
    sdk = calls.sdk
    user = calls(lambda: sdk.users.read_current())
    assert calls(lambda: sdk.users.read(user.id)).username == user.username == "owner"
    assert [part.name for part in calls(lambda: sdk.organizations.list())] == ["acme"]
    calls(lambda: sdk.organizations.read("acme"))
    calls(lambda: sdk.organizations.read_entitlements("acme"))
    calls(lambda: sdk.organizations.read_capacity("acme"))


def call_organizations(calls: Calls) -> None:
    """Make an organization, change its settings, and delete it."""
    organizations = calls.sdk.organizations
    options = MODELS.OrganizationCreateOptions(name="sdk-org", email="sdk@acme.test")
    assert calls(lambda: organizations.create(options)).name == "sdk-org"
    changes = MODELS.OrganizationUpdateOptions(default_execution_mode="local")
    changed = calls(lambda: organizations.update("sdk-org", changes))
    assert changed.default_execution_mode == "local"
    calls(lambda: organizations.delete("sdk-org"))
    with pytest.raises(pytfe.errors.NotFound):
        organizations.read("sdk-org")


def call_agent_pools(calls: Calls, workspace_id: str) -> None:
    """Make an agent pool, open it to a workspace, list and delete it."""
    pools = calls.sdk.agent_pools
    options = MODELS.AgentPoolCreateOptions(name="edge", organization_scoped=False)
    pool = calls(lambda: pools.create("acme", options))
    to_workspace = MODELS.AgentPoolAssignToWorkspacesOptions(workspace_ids=[workspace_id])
    calls(lambda: pools.assign_to_workspaces(pool.id, to_workspace))
    renamed = MODELS.AgentPoolUpdateOptions(name="near", organization_scoped=True)
    assert calls(lambda: pools.update(pool.id, renamed)).name == "near"
    assert calls(lambda: pools.read(pool.id)).name == "near"
    assert [each.id for each in calls(lambda: pools.list("acme"))] == [pool.id]
    assert calls(lambda: calls.sdk.agents.list(pool.id)) == []
    default = MODELS.OrganizationDefaultSettingsUpdateOptions(
        default_execution_mode="agent", default_agent_pool_id=pool.id
    )
    organizations = calls.sdk.organizations
    settings = calls(lambda: organizations.update_default_settings("acme", default))
    assert settings.default_execution_mode == "agent"
    calls(lambda: organizations.reset_default_settings("acme"))
    calls(lambda: pools.delete(pool.id))


def call_ssh_keys(calls: Calls, workspace_id: str) -> None:
    """Store an SSH key, give it to a workspace, take it away and delete it."""
    keys, workspaces = calls.sdk.ssh_keys, calls.sdk.workspaces
    options = MODELS.SSHKeyCreateOptions(name="deploy", value="a key")
    key = calls(lambda: keys.create("acme", options))
    assign = MODELS.WorkspaceAssignSSHKeyOptions(ssh_key_id=key.id)
    calls(lambda: workspaces.assign_ssh_key(workspace_id, assign))
    calls(lambda: workspaces.unassign_ssh_key(workspace_id))
    renamed = MODELS.SSHKeyUpdateOptions(name="renamed")
    assert calls(lambda: keys.update(key.id, renamed)).name == "renamed"
    assert calls(lambda: keys.read(key.id)).name == "renamed"
    assert [each.id for each in calls(lambda: keys.list("acme"))] == [key.id]
    calls(lambda: keys.delete(key.id))


def call_run_triggers(calls: Calls, workspace_id: str) -> None:
    """Connect a workspace to another one, list and delete the run trigger."""
    triggers = calls.sdk.run_triggers
    source = calls.sdk.workspaces.read("other", organization="acme")
    options = MODELS.RunTriggerCreateOptions(sourceable=source)
    trigger = calls(lambda: triggers.create(workspace_id, options))
    assert calls(lambda: triggers.read(trigger.id)).sourceable_name == "other"
    inbound = MODELS.RunTriggerListOptions(run_trigger_type="inbound")
    listed = calls(lambda: triggers.list(workspace_id, inbound))
    assert [each.id for each in listed] == [trigger.id]
    calls(lambda: triggers.delete(trigger.id))


def call_workspaces(calls: Calls) -> Any:
    """Make, change, list and lock a workspace; return it."""
    workspaces = calls.sdk.workspaces
    options = MODELS.WorkspaceCreateOptions(
        name="sdk",
        tag_bindings=[MODELS.TagBinding(key="app", value="web")],
        queue_all_runs=True,
    )
    made = calls(lambda: workspaces.create("acme", options))
    assert made.queue_all_runs is True
    listed = calls(lambda: workspaces.list("acme"))
    assert [workspace.name for workspace in listed][-1] == "sdk"
    calls(lambda: workspaces.read("sdk", organization="acme"))
    calls(lambda: workspaces.read_by_id(made.id))
    changed = calls(
        lambda: workspaces.update(
            "sdk", MODELS.WorkspaceUpdateOptions(description="why"), organization="acme"
        )
    )
    assert changed.description == "why"
    calls(
        lambda: workspaces.update_by_id(
            made.id, MODELS.WorkspaceUpdateOptions(auto_apply=False)
        )
    )
    reason = MODELS.WorkspaceLockOptions(reason="test")
    calls(lambda: workspaces.lock(made.id, reason))
    calls(lambda: workspaces.unlock(made.id))
    calls(lambda: workspaces.lock(made.id, reason))
    calls(lambda: workspaces.force_unlock(made.id))
    calls(lambda: workspaces.list_remote_state_consumers(made.id))
    other = MODELS.WorkspaceCreateOptions(name="other-sdk")
    other_id = calls(lambda: workspaces.create("acme", other)).id
    consumers = MODELS.WorkspaceAddRemoteStateConsumersOptions(
        workspaces=[MODELS.Workspace(id=other_id)]
    )
    calls(lambda: workspaces.add_remote_state_consumers(made.id, consumers))
    listed = calls(lambda: workspaces.list_remote_state_consumers(made.id))
    assert [workspace.name for workspace in listed] == ["other-sdk"]
    calls(lambda: workspaces.delete_by_id(other_id))
    return made


def call_tags(calls: Calls, workspace_id: str) -> None:
    """Add, list and remove tags of both kinds."""
    workspaces = calls.sdk.workspaces
    tags = [MODELS.Tag(name="net")]
    calls(
        lambda: workspaces.add_tags(workspace_id, MODELS.WorkspaceAddTagsOptions(tags=tags))
    )
    listed = calls(lambda: workspaces.list_tags(workspace_id))
    assert [tag.name for tag in listed] == ["net"]
    tagged = calls(lambda: workspaces.list("acme", MODELS.WorkspaceListOptions(tags="net")))
    assert [workspace.name for workspace in tagged] == ["sdk"]
    calls(
        lambda: workspaces.remove_tags(
            workspace_id, MODELS.WorkspaceRemoveTagsOptions(tags=tags)
        )
    )
    bindings = MODELS.WorkspaceAddTagBindingsOptions(
        tag_bindings=[MODELS.TagBinding(key="team", value="x")]
    )
    calls(lambda: workspaces.add_tag_bindings(workspace_id, bindings))
    bound = calls(lambda: workspaces.list_tag_bindings(workspace_id))
    values = {binding.key: binding.value for binding in bound}
    assert values == {"app": "web", "team": "x"}
    calls(lambda: workspaces.list_effective_tag_bindings(workspace_id))
    calls(lambda: workspaces.delete_all_tag_bindings(workspace_id))
    calls(lambda: calls.sdk.organization_tags.list("acme"))


def call_projects(calls: Calls, workspace_id: str) -> None:
    """Make a project, move a workspace into it and back."""
    projects = calls.sdk.projects
    made = calls(
        lambda: projects.create("acme", MODELS.ProjectCreateOptions(name="sdk project"))
    )
    listed = calls(lambda: projects.list("acme"))
    assert [project.name for project in listed] == ["Default Project", "sdk project"]
    calls(lambda: projects.read(made.id))
    calls(lambda: projects.update(made.id, MODELS.ProjectUpdateOptions(description="why")))
    bindings = MODELS.ProjectAddTagBindingsOptions(
        tag_bindings=[MODELS.TagBinding(key="cost", value="7")]
    )
    calls(lambda: projects.add_tag_bindings(made.id, bindings))
    calls(lambda: projects.list_tag_bindings(made.id))
    calls(lambda: projects.list_effective_tag_bindings(made.id))
    calls(lambda: projects.move_workspaces(made.id, [workspace_id]))
    calls(lambda: projects.move_workspaces(listed[0].id, [workspace_id]))
    calls(lambda: projects.delete(made.id))


def call_variables(calls: Calls, workspace_id: str) -> None:
    """Make, read, change and delete a variable."""
    variables = calls.sdk.variables
    options = MODELS.VariableCreateOptions(
        key="region", value="eu", category=MODELS.CategoryType.TERRAFORM
    )
    made = calls(lambda: variables.create(workspace_id, options))
    calls(lambda: variables.list(workspace_id))
    calls(lambda: variables.list_all(workspace_id))
    calls(lambda: variables.read(workspace_id, made.id))
    calls(
        lambda: variables.update(
            workspace_id, made.id, MODELS.VariableUpdateOptions(value="us")
        )
    )
    calls(lambda: variables.delete(workspace_id, made.id))


def call_variable_sets(calls: Calls, workspace_id: str) -> None:
    """Make a variable set with a variable and attach it."""
    sets = calls.sdk.variable_sets
    options = MODELS.VariableSetCreateOptions(name="shared", **{"global": False})
    made = calls(lambda: sets.create("acme", options))
    variable = MODELS.VariableSetVariableCreateOptions(
        key="region", value="eu", category=MODELS.CategoryType.TERRAFORM
    )
    calls(lambda: calls.sdk.variable_set_variables.create(made.id, variable))
    calls(lambda: calls.sdk.variable_set_variables.list(made.id))
    attached = MODELS.VariableSetApplyToWorkspacesOptions(
        workspaces=[MODELS.Workspace(id=workspace_id)]
    )
    calls(lambda: sets.apply_to_workspaces(made.id, attached))
    applied = calls(lambda: sets.list_for_workspace(workspace_id))
    assert [part.name for part in applied] == ["shared"]
    calls(lambda: sets.list("acme"))
    calls(lambda: sets.read(made.id))
    calls(lambda: sets.delete(made.id))


def call_runs(calls: Calls, workspace_id: str) -> None:
    """Upload a configuration and plan it; the run names no configuration version."""
    sdk = calls.sdk
    options = MODELS.ConfigurationVersionCreateOptions(
        auto_queue_runs=False, speculative=True
    )
    version = calls(lambda: sdk.configuration_versions.create(workspace_id, options))
    calls(
        lambda: sdk.configuration_versions.upload(version.upload_url, str(calls.directory))
    )
    calls(lambda: sdk.configuration_versions.list(workspace_id))
    calls(lambda: sdk.configuration_versions.read(version.id))
    assert calls(lambda: sdk.configuration_versions.download(version.id))[:2] == b"\x1f\x8b"
    new = MODELS.RunCreateOptions(
        workspace=MODELS.Workspace(id=workspace_id), plan_only=True
    )
    run = calls(lambda: sdk.runs.create(new))
    calls(lambda: sdk.runs.list(workspace_id))
    calls(lambda: sdk.runs.list_for_organization("acme"))
    while calls.sdk.runs.read(run.id).status.value in ("pending", "planning"):
        pass
    calls(lambda: sdk.runs.read(run.id))
    calls(lambda: sdk.plans.read(run.plan.id))
    assert calls(lambda: sdk.plans.read_json_output(run.plan.id))["format_version"]
    assert calls(lambda: sdk.plans.read_json_schema_for_run(run.id)) is None
    assert calls(lambda: sdk.applies.read(run.apply.id)).status.value == "unreachable"
    calls(lambda: sdk.comments.list(run.id))
    calls(lambda: sdk.run_events.list(run.id))
    calls(lambda: sdk.policy_checks.list(run.id))
    with pytest.raises(pytfe.errors.TFEError):
        sdk.runs.apply(run.id)


def call_states(calls: Calls, workspace: Any) -> None:
    """Store a state and read it with its outputs."""
    sdk = calls.sdk
    state = state_of(vpc=OUTPUT)
    sdk.workspaces.lock(workspace.id, MODELS.WorkspaceLockOptions(reason="state"))
    options = MODELS.StateVersionCreateOptions(
        serial=json.loads(state)["serial"],
        md5=hashlib.md5(state).hexdigest(),
        lineage="line",
    )
    calls(
        lambda: sdk.state_versions.upload(
            workspace.id, raw_state=state, options=options, organization="acme"
        )
    )
    sdk.workspaces.unlock(workspace.id)
    current = calls(lambda: sdk.state_versions.read_current(workspace.id))
    calls(lambda: sdk.state_versions.read(current.id))
    assert calls(lambda: sdk.state_versions.download(current.id)) == state
    listed = MODELS.StateVersionListOptions(organization="acme", workspace="sdk")
    calls(lambda: sdk.state_versions.list(listed))
    outputs = calls(lambda: sdk.state_versions.list_outputs(current.id))
    assert calls(lambda: sdk.state_version_outputs.read(outputs[0].id)).value == "vpc-1"
    calls(lambda: sdk.state_version_outputs.read_current(workspace.id))
    calls(lambda: sdk.workspace_resources.list(workspace.id))
