"""Calls of terrasnek, an SDK for Python that sends what its user wrote, once each."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anyio import to_thread
from terrasnek.api import TFC

from remote_backend.server.embedded import EmbeddedServer
from tests.support.raw_client import RawClient, slug
from tests.support.stored_states import state_body, state_of

ENDED = ("planned_and_finished", "errored")


class Calls:
    """Calls with the SDK, and how many of them were answered."""

    def __init__(self, server: EmbeddedServer, folder: Path) -> None:
        self.sdk: Any = TFC(server.token, url=server.url)
        self.sdk.set_org("acme")
        self.folder = folder
        self.answered = 0

    def __call__(self, call: Callable[[], Any]) -> Any:
        """Make a call and return the data of its response."""
        response = call()
        self.answered += 1
        return response.get("data") if isinstance(response, dict) else response


def document(type: str, *, workspace_id: Any = None, **attributes: Any) -> Any:
    """Return a document, which may name a workspace."""
    data: dict[str, Any] = {"type": type, "attributes": attributes}
    if workspace_id is not None:
        workspace = {"data": {"type": "workspaces", "id": workspace_id}}
        data["relationships"] = {"workspace": workspace}
    return {"data": data}


async def test_the_sdk_is_answered(raw_client: RawClient, tmp_path: Path) -> None:
    """Accounts, workspaces, tags, projects, variables and sets, runs, plans and states (S11)."""
    answered = await to_thread.run_sync(make_calls, raw_client.server, tmp_path)

    assert answered == 71


def make_calls(server: EmbeddedServer, folder: Path) -> int:
    """Make all calls and return how many there were."""
    calls = Calls(server, folder)
    call_organization(calls)
    call_organizations(calls)
    workspace_id = call_workspaces(calls)
    call_ssh_keys(calls, workspace_id)
    call_run_triggers(calls, workspace_id)
    call_agent_pools(calls)
    call_tags(calls, workspace_id)
    call_variables(calls, workspace_id)
    call_runs(calls, workspace_id)
    call_states(calls, workspace_id)
    calls(lambda: calls.sdk.workspaces.destroy(workspace_id=workspace_id))
    return calls.answered


def call_organization(calls: Calls) -> None:
    """Read the account, the organization, and what it does not have."""
    sdk = calls.sdk
    assert calls(lambda: sdk.account.show())["attributes"]["username"] == "owner"
    assert [one["id"] for one in calls(lambda: sdk.orgs.list())] == ["acme"]
    calls(lambda: sdk.orgs.show("acme"))
    calls(lambda: sdk.orgs.entitlements("acme"))
    assert calls(lambda: sdk.teams.list()) == []
    assert calls(lambda: sdk.policy_sets.list()) == []
    project = calls(lambda: sdk.projects.create(document("projects", name="apps")))
    assert project["id"] in [one["id"] for one in calls(lambda: sdk.projects.list())]
    varset = document("varsets", name="shared")
    made = calls(lambda: sdk.var_sets.create(varset))
    assert [one["id"] for one in calls(lambda: sdk.var_sets.list_for_org())] == [made["id"]]


def call_organizations(calls: Calls) -> None:
    """Make an organization, change and delete it."""
    orgs = calls.sdk.orgs
    payload = document("organizations", name="sdk-org", email="sdk@acme.test")
    assert calls(lambda: orgs.create(payload))["id"] == "sdk-org"
    change = {"data": {"attributes": {"default-execution-mode": "local"}}}
    changed = calls(lambda: orgs.update("sdk-org", change))
    assert changed["attributes"]["default-execution-mode"] == "local"
    calls(lambda: orgs.destroy("sdk-org"))


def call_ssh_keys(calls: Calls, workspace_id: str) -> None:
    """Store an SSH key, give it to a workspace, and delete it."""
    keys, workspaces = calls.sdk.ssh_keys, calls.sdk.workspaces
    id = calls(lambda: keys.create(document("ssh-keys", name="deploy", value="a key")))[
        "id"
    ]
    given = calls(
        lambda: workspaces.assign_ssh_key(workspace_id, document("workspaces", id=id))
    )
    assert given["relationships"]["ssh-key"]["data"]["id"] == id
    calls(lambda: keys.update(id, document("ssh-keys", name="renamed")))
    assert calls(lambda: keys.show(id))["attributes"]["name"] == "renamed"
    assert [key["id"] for key in calls(lambda: keys.list())] == [id]
    calls(lambda: keys.destroy(id))


def call_run_triggers(calls: Calls, workspace_id: str) -> None:
    """Connect a workspace to another one, list and delete the run trigger."""
    triggers = calls.sdk.run_triggers
    source = calls.sdk.workspaces.show("other")["data"]["id"]
    linkage = {"sourceable": {"data": {"type": "workspaces", "id": source}}}
    payload = {"data": {"relationships": linkage}}
    id = calls(lambda: triggers.create(workspace_id, payload))["id"]
    filters = [{"keys": ["run-trigger", "type"], "value": "inbound"}]
    listed = calls(lambda: triggers.list(workspace_id, filters=filters))
    assert [trigger["id"] for trigger in listed] == [id]
    assert calls(lambda: triggers.show(id))["attributes"]["sourceable-name"] == "other"
    calls(lambda: triggers.destroy(id))


def call_agent_pools(calls: Calls) -> None:
    """Make, read, list and delete an agent pool."""
    agents = calls.sdk.agents
    id = calls(lambda: agents.create_pool(document("agent-pools", name="edge")))["id"]
    assert [pool["id"] for pool in calls(lambda: agents.list_pools())] == [id]
    assert calls(lambda: agents.show_pool(id))["attributes"]["name"] == "edge"
    assert calls(lambda: agents.list(id)) == []
    calls(lambda: agents.destroy_pool(id))


def call_workspaces(calls: Calls) -> str:
    """Create, change, list and lock a workspace; return its id."""
    workspaces = calls.sdk.workspaces
    made = calls(lambda: workspaces.create(document("workspaces", name="sdk")))
    id = str(made["id"])
    assert id in [one["id"] for one in calls(lambda: workspaces.list())]
    assert id in [one["id"] for one in calls(lambda: workspaces.list_all())]
    found = calls(lambda: workspaces.list(search={"name": "sd"}, include=["organization"]))
    assert [one["id"] for one in found] == [id]
    assert calls(lambda: workspaces.show("sdk"))["id"] == id
    assert calls(lambda: workspaces.show(workspace_id=id))["id"] == id
    change = document("workspaces", description="why")
    changed = calls(lambda: workspaces.update(change, workspace_id=id))
    assert changed["attributes"]["description"] == "why"
    reason = {"reason": "test"}
    assert calls(lambda: workspaces.lock(id, reason))["attributes"]["locked"] is True
    assert calls(lambda: workspaces.unlock(id))["attributes"]["locked"] is False
    calls(lambda: workspaces.lock(id, reason))
    calls(lambda: workspaces.force_unlock(id))
    assert calls(lambda: workspaces.get_remote_state_consumers(id)) == []
    assert calls(lambda: calls.sdk.notification_configs.list(id)) == []
    return id


def call_tags(calls: Calls, workspace_id: str) -> None:
    """Add, list and remove a tag."""
    workspaces = calls.sdk.workspaces
    tags = {"data": [{"type": "tags", "attributes": {"name": "app"}}]}
    calls(lambda: workspaces.add_tags(workspace_id, tags))
    (tag,) = calls(lambda: workspaces.list_tags(workspace_id))
    assert tag["attributes"]["name"] == "app"
    assert [one["id"] for one in calls(lambda: calls.sdk.org_tags.list_tags())] == [
        tag["id"]
    ]
    calls(lambda: workspaces.remove_tags(workspace_id, tags))
    assert calls(lambda: workspaces.list_tags(workspace_id)) == []


def call_variables(calls: Calls, workspace_id: str) -> None:
    """Create, list, change and delete variables at both of their paths."""
    kept, older = calls.sdk.workspace_vars, calls.sdk.vars
    body = document("vars", key="size", value="1", category="terraform")
    id = calls(lambda: kept.create(workspace_id, body))["id"]
    change = document("vars", value="2")
    calls(lambda: kept.update(workspace_id, id, change))
    (variable,) = calls(lambda: kept.list(workspace_id))
    assert variable["attributes"]["value"] == "2"
    calls(lambda: kept.destroy(workspace_id, id))
    body = document("vars", workspace_id=workspace_id, **body["data"]["attributes"])
    id = calls(lambda: older.create(body))["id"]
    assert [one["id"] for one in calls(lambda: older.list("sdk"))] == [id]
    calls(lambda: older.update(id, change))
    calls(lambda: older.destroy(id))


def call_runs(calls: Calls, workspace_id: str) -> None:
    """Upload a configuration, plan it without naming it, and read the run."""
    sdk = calls.sdk
    body = document("configuration-versions", **{"auto-queue-runs": False})
    version = calls(lambda: sdk.config_versions.create(workspace_id, body))
    address = version["attributes"]["upload-url"]
    archive = calls.folder / "archive.tar.gz"
    archive.write_bytes(slug())
    calls(lambda: sdk.config_versions.upload(str(archive), address))
    calls(lambda: sdk.config_versions.show(version["id"]))
    assert len(calls(lambda: sdk.config_versions.list(workspace_id))) == 1
    run = document("runs", workspace_id=workspace_id, **{"plan-only": True})
    made = calls(lambda: sdk.runs.create(run))
    while sdk.runs.show(made["id"])["data"]["attributes"]["status"] not in ENDED:
        pass
    plan_only = [{"keys": ["operation"], "value": "plan_only"}]
    listed = calls(lambda: sdk.runs.list(workspace_id, filters=plan_only))
    assert [one["id"] for one in listed] == [made["id"]]
    calls(lambda: sdk.runs.show(made["id"], include=["plan", "created_by"]))
    plan_id, apply_id = (
        made["relationships"][name]["data"]["id"] for name in ("plan", "apply")
    )
    plan = calls(lambda: sdk.plans.show(plan_id))
    assert plan["attributes"]["status"] == "finished"
    target = calls.folder / "plan.json"
    calls(lambda: sdk.plans.download_json(str(target), plan_id=plan_id))
    assert "resource_changes" in json.loads(target.read_text())
    applied = calls(lambda: sdk.applies.show(apply_id))
    assert applied["attributes"]["status"] == "unreachable"


def call_states(calls: Calls, workspace_id: str) -> None:
    """Store a state and read it back."""
    sdk = calls.sdk
    calls(lambda: sdk.workspaces.lock(workspace_id, {"reason": "state"}))
    made = calls(lambda: sdk.state_versions.create(workspace_id, state_body(state_of())))
    names = (("workspace", "sdk"), ("organization", "acme"))
    filters = [{"keys": [noun, "name"], "value": name} for noun, name in names]
    listed = calls(lambda: sdk.state_versions.list(filters))
    assert [one["id"] for one in listed] == [made["id"]]
    assert calls(lambda: sdk.state_versions.list_outputs(made["id"])) == []
    assert calls(lambda: sdk.state_versions.get_current(workspace_id))["id"] == made["id"]
    calls(lambda: sdk.workspaces.unlock(workspace_id))
