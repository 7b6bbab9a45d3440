"""Projects, and the workspaces in them."""

from typing import Any

from tests.support.raw_client import RawClient

PROJECTS = "/api/v2/organizations/acme/projects"
WORKSPACES = "/api/v2/organizations/acme/workspaces"


def project(bindings: dict[str, str] | None = None, **attributes: Any) -> dict[str, Any]:
    """Return the body of a request about a project."""
    linked = [
        {"type": "tag-bindings", "attributes": {"key": key, "value": value}}
        for key, value in (bindings or {}).items()
    ]
    relationships = {"tag-bindings": {"data": linked}} if linked else {}
    return {
        "data": {
            "type": "projects",
            "attributes": {
                name.replace("_", "-"): value for name, value in attributes.items()
            },
            "relationships": relationships,
        }
    }


def in_project(id: str, **attributes: Any) -> dict[str, Any]:
    """Return the body of a request that puts a workspace into a project."""
    linkage = {"data": {"type": "projects", "id": id}}
    return {
        "data": {
            "type": "workspaces",
            "attributes": attributes,
            "relationships": {"project": linkage},
        }
    }


async def test_there_is_a_default_project(raw_client: RawClient) -> None:
    """Each workspace is in it; it cannot be deleted, and the organization leads to it (S4)."""
    listed = await raw_client("GET", PROJECTS)
    organization = await raw_client(
        "GET", "/api/v2/organizations/acme?include=default-project"
    )
    workspace = await raw_client("GET", f"{WORKSPACES}/networking-dev?include=project")
    deleted = await raw_client("DELETE", f"/api/v2/projects/{listed.data[0]['id']}")

    (default,) = listed.data
    assert default["attributes"]["name"] == "Default Project"
    assert default["attributes"]["workspace-count"] == 3
    assert organization.json["included"] == workspace.json["included"] == [default]
    assert deleted.status == 409


async def test_a_project_is_made_changed_and_deleted(raw_client: RawClient) -> None:
    """Names are unique and of few characters; one with workspaces stays."""
    made = await raw_client("POST", PROJECTS, project(name="my project", description="why"))
    path = f"/api/v2/projects/{made.data['id']}"
    statuses = [
        (await raw_client("POST", PROJECTS, body)).status
        for body in (
            project(name="my project"),
            project(name="a/b/c"),
            project(name="ab"),
            project(name="agents", default_execution_mode="agent"),
            project(name="pooled", default_agent_pool_id="apool-1"),
            project(name="gone", auto_destroy_activity_duration="20m"),
        )
    ]
    renamed = await raw_client("PATCH", path, project(name="renamed"))
    found = await raw_client("GET", f"{PROJECTS}?filter%5Bnames%5D=renamed")
    searched = await raw_client("GET", f"{PROJECTS}?q=RENA")
    workspace = await raw_client(
        "POST", WORKSPACES, in_project(made.data["id"], name="inside")
    )
    held = await raw_client("DELETE", path)
    await raw_client("DELETE", f"/api/v2/workspaces/{workspace.data['id']}")
    deleted = await raw_client("DELETE", path)

    assert (made.status, made.data["attributes"]["description"]) == (201, "why")
    assert statuses == [422] * 6
    assert renamed.data["attributes"]["name"] == "renamed"
    assert [found.data[0]["id"], searched.data[0]["id"]] == [made.data["id"]] * 2
    assert (held.status, deleted.status) == (409, 204)
    assert (await raw_client("GET", path)).status == 404


async def test_workspaces_move_between_projects(raw_client: RawClient) -> None:
    """At creation, by a change, or several at once; all of them or none."""
    id = (await raw_client("POST", PROJECTS, project(name="target"))).data["id"]
    moved = await raw_client.workspace()
    linkage = {"data": [{"type": "workspaces", "id": moved}]}
    unknown = {"data": [*linkage["data"], {"type": "workspaces", "id": "ws-none"}]}
    path = f"/api/v2/projects/{id}/relationships/workspaces"
    listed = f"{WORKSPACES}?filter%5Bproject%5D%5Bid%5D={id}"

    refused = await raw_client("POST", path, unknown)
    before = await raw_client("GET", listed)
    accepted = await raw_client("POST", path, linkage)
    created = await raw_client("POST", WORKSPACES, in_project(id, name="created"))
    changed = await raw_client("PATCH", f"{WORKSPACES}/other", in_project(id))
    nowhere = await raw_client("PATCH", f"{WORKSPACES}/other", in_project("prj-none"))
    after = await raw_client("GET", listed)

    assert (refused.status, before.data) == (404, [])
    assert (accepted.status, created.status, changed.status) == (204, 201, 200)
    assert nowhere.status == 404
    names = [workspace["attributes"]["name"] for workspace in after.data]
    assert names == ["created", "networking-dev", "other"]


async def test_workspaces_inherit_from_their_project(raw_client: RawClient) -> None:
    """Tag bindings with a link to where they are from, and the execution mode."""
    made = await raw_client(
        "POST",
        PROJECTS,
        project({"team": "x", "cost": "7"}, name="parent", default_execution_mode="local"),
    )
    body = in_project(made.data["id"], name="child")
    body["data"]["relationships"]["tag-bindings"] = {
        "data": [{"type": "tag-bindings", "attributes": {"key": "team", "value": "own"}}]
    }
    child = await raw_client("POST", WORKSPACES, body)
    path = f"/api/v2/workspaces/{child.data['id']}"
    effective = await raw_client("GET", f"{path}/effective-tag-bindings")
    included = await raw_client("GET", f"{path}?include=effective_tag_bindings")
    found = await raw_client("GET", f"{WORKSPACES}?filter%5Btagged%5D%5B0%5D%5Bkey%5D=cost")
    run = await raw_client.run(child.data["id"], "cv-none")
    own_mode = {"data": {"attributes": {"execution-mode": "remote"}}}
    overwritten = await raw_client("PATCH", path, own_mode)

    values = {
        binding["attributes"]["key"]: (
            binding["attributes"]["value"],
            binding.get("links", {}).get("inherited-from"),
        )
        for binding in effective.data
    }
    assert values == {
        "team": ("own", None),
        "cost": ("7", f"/api/v2/projects/{made.data['id']}"),
    }
    assert included.json["included"] == effective.data
    assert [workspace["attributes"]["name"] for workspace in found.data] == ["child"]
    assert child.data["attributes"]["execution-mode"] == "local"
    assert child.data["attributes"]["setting-overwrites"]["execution-mode"] is False
    assert run.status == 422
    assert overwritten.data["attributes"]["execution-mode"] == "remote"
    assert overwritten.data["attributes"]["setting-overwrites"]["execution-mode"] is True


async def test_bindings_of_a_project(raw_client: RawClient) -> None:
    """They are added by key and listed in both forms."""
    id = (await raw_client("POST", PROJECTS, project(name="bound"))).data["id"]
    body = {"data": [{"type": "tag-bindings", "attributes": {"key": "k", "value": "v"}}]}

    added = await raw_client("PATCH", f"/api/v2/projects/{id}/tag-bindings", body)
    listed = await raw_client("GET", f"/api/v2/projects/{id}/tag-bindings")
    effective = await raw_client("GET", f"/api/v2/projects/{id}/effective-tag-bindings")

    assert added.data == listed.data
    assert [b["attributes"] for b in effective.data] == [{"key": "k", "value": "v"}]
    assert "links" not in effective.data[0]
