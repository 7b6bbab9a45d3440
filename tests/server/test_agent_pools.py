"""Agent pools: kept for the settings that name them; their workspaces are planned here."""

from typing import Any

from tests.support.raw_client import RawClient

POOLS = "/api/v2/organizations/acme/agent-pools"
WORKSPACES = "/api/v2/organizations/acme/workspaces"
PROJECTS = "/api/v2/organizations/acme/projects"
ACME = "/api/v2/organizations/acme"


def body(related: dict[str, Any] | None = None, /, **attributes: Any) -> dict[str, Any]:
    """Return the body of a request, with relationships and attributes of these names."""
    return {
        "data": {
            "attributes": {k.replace("_", "-"): v for k, v in attributes.items()},
            "relationships": {
                name.replace("_", "-"): {"data": data}
                for name, data in (related or {}).items()
            },
        }
    }


def linked(kind: str, *ids: str) -> list[dict[str, str]]:
    """Return a to-many linkage."""
    return [{"type": kind, "id": id} for id in ids]


async def made_pool(client: RawClient, name: str = "edge", /, **more: Any) -> str:
    """Make an agent pool and return its id."""
    related = more.pop("related", None)
    made = await client("POST", POOLS, body(related, name=name, **more))
    assert made.status == 201
    return str(made.data["id"])


async def test_an_agent_pool_is_made_changed_and_deleted(raw_client: RawClient) -> None:
    """Under a name of its own in the organization; it has no agents."""
    id = await made_pool(raw_client)
    path = f"/api/v2/agent-pools/{id}"
    other = await made_pool(raw_client, "other")
    taken = await raw_client("POST", POOLS, body(name="edge"))
    nameless = await raw_client("POST", POOLS, body(name=" "))
    renamed = await raw_client("PATCH", path, body(name="near"))
    clash = await raw_client("PATCH", path, body(name="other"))
    agents = await raw_client("GET", f"{path}/agents")
    ids = {
        query: [pool["id"] for pool in (await raw_client("GET", f"{POOLS}?{query}")).data]
        for query in ("", "q=NEA", "sort=-name", "sort=-created-at")
    }
    deleted = await raw_client("DELETE", path)

    assert [taken.status, nameless.status, clash.status] == [422] * 3
    assert renamed.data["attributes"]["name"] == "near"
    assert (agents.status, agents.data) == (200, [])
    assert ids == {
        "": [id, other],
        "q=NEA": [id],
        "sort=-name": [other, id],
        "sort=-created-at": [other, id],
    }
    assert deleted.status == 204
    assert (await raw_client("GET", path)).status == 404


async def test_the_mode_of_agents_needs_a_pool(raw_client: RawClient) -> None:
    """Of this organization, and in that mode alone, for a workspace and for defaults."""
    pool = await made_pool(raw_client)
    in_mode = {"execution_mode": "agent", "agent_pool_id": pool}
    default = {"default_execution_mode": "agent", "default_agent_pool_id": pool}
    uneven = {"execution-mode": True, "agent-pool": False}
    refused = [
        await raw_client(method, path, body(**attributes))
        for method, path, attributes in (
            ("PATCH", f"{WORKSPACES}/other", {"execution_mode": "agent"}),
            ("PATCH", f"{WORKSPACES}/other", {**in_mode, "execution_mode": "remote"}),
            ("PATCH", f"{WORKSPACES}/other", {"agent_pool_id": pool}),
            ("PATCH", f"{WORKSPACES}/other", {**in_mode, "setting_overwrites": uneven}),
            ("POST", PROJECTS, {"name": "net", "default_execution_mode": "agent"}),
            (
                "POST",
                PROJECTS,
                {**default, "name": "x-1", "default_execution_mode": "local"},
            ),
            ("PATCH", ACME, {"default_execution_mode": "agent"}),
            ("PATCH", ACME, {"default_agent_pool_id": pool}),
        )
    ]
    unknown = await raw_client(
        "PATCH", f"{WORKSPACES}/other", body(**{**in_mode, "agent_pool_id": "apool-none"})
    )
    accepted = await raw_client("PATCH", f"{WORKSPACES}/other", body(**in_mode))
    left = await raw_client("PATCH", f"{WORKSPACES}/other", body(execution_mode="local"))

    assert [answer.status for answer in refused] == [422] * len(refused)
    assert unknown.status == 404
    assert accepted.data["attributes"]["execution-mode"] == "agent"
    assert accepted.data["relationships"]["agent-pool"]["data"]["id"] == pool
    assert left.data["relationships"]["agent-pool"]["data"] is None


async def test_pools_are_inherited_and_cannot_be_deleted_then(
    raw_client: RawClient,
) -> None:
    """From the project, else from the organization; the pool lists who uses it."""
    of_project = await made_pool(raw_client, "project")
    of_all = await made_pool(raw_client, "all")
    agent = {"default_execution_mode": "agent"}
    project = await raw_client(
        "POST", PROJECTS, body(name="net", default_agent_pool_id=of_project, **agent)
    )
    related = {"project": {"type": "projects", "id": project.data["id"]}}
    child = await raw_client("POST", WORKSPACES, body(related, name="child"))
    pool = {"default_agent_pool": {"type": "agent-pools", "id": of_all}}
    organization = await raw_client("PATCH", ACME, body(pool, **agent))
    other = await raw_client("GET", f"{WORKSPACES}/other?include=organization")
    read = await raw_client("GET", f"/api/v2/agent-pools/{of_project}?include=workspaces")
    held = [
        (await raw_client("DELETE", f"/api/v2/agent-pools/{id}")).status
        for id in (of_project, of_all)
    ]
    back = await raw_client("PATCH", ACME, body(default_execution_mode="remote"))
    free = await raw_client("DELETE", f"/api/v2/agent-pools/{of_all}")

    for resource, name, id in (
        (project.data, "default-agent-pool", of_project),
        (child.data, "agent-pool", of_project),
        (organization.data, "default-agent-pool", of_all),
        (other.data, "agent-pool", of_all),
    ):
        assert resource["relationships"][name]["data"]["id"] == id
    assert child.data["attributes"]["setting-overwrites"]["agent-pool"] is False
    assert [each["id"] for each in read.json["included"]] == [child.data["id"]]
    assert (held, free.status) == ([409, 409], 204)
    assert back.data["relationships"]["default-agent-pool"]["data"] is None


async def test_a_pool_is_open_to_some_workspaces(raw_client: RawClient) -> None:
    """Those of its lists, or all; filters find pools by whom they are open to."""
    dev, slow = await raw_client.workspace(), await raw_client.workspace("networking-slow")
    (project,) = (await raw_client("GET", PROJECTS)).data
    scoped = {"organization_scoped": False}
    some = await made_pool(
        raw_client,
        related={"allowed_workspaces": linked("workspaces", dev, slow)},
        **scoped,
    )
    of_project = await made_pool(
        raw_client,
        "projects",
        related={
            "allowed_projects": linked("projects", project["id"]),
            "excluded_workspaces": linked("workspaces", slow),
        },
        **scoped,
    )

    all_of_them = await made_pool(raw_client, "all")

    async def status(workspace: str, pool: str) -> int:
        attributes = {"execution_mode": "agent", "agent_pool_id": pool}
        path = f"/api/v2/workspaces/{workspace}"
        return (await raw_client("PATCH", path, body(**attributes))).status

    other = await raw_client.workspace("other")
    statuses = [
        await status(workspace, pool)
        for pool in (some, of_project)
        for workspace in (dev, slow, other)
    ]
    by_filter = {
        query: [pool["id"] for pool in (await raw_client("GET", f"{POOLS}?{query}")).data]
        for query in (
            "filter[allowed_workspaces][name]=networking-slow",
            "filter[allowed_projects][name]=Default Project",
            "filter[allowed_projects][name]=none",
        )
    }
    nowhere = {"allowed_workspaces": linked("workspaces", "ws-none")}
    unknown = await raw_client("PATCH", f"/api/v2/agent-pools/{some}", body(nowhere))
    await raw_client("DELETE", f"/api/v2/workspaces/{slow}")
    after = await raw_client("GET", f"/api/v2/agent-pools/{some}")
    emptied = await raw_client(
        "PATCH", f"/api/v2/agent-pools/{some}", body({"allowed_workspaces": []})
    )
    await raw_client(
        "PATCH", f"/api/v2/agent-pools/{of_project}", body({"allowed_projects": []})
    )

    # What has the pool already keeps it, and its other settings can be changed.
    unrelated = await raw_client("PATCH", f"/api/v2/workspaces/{dev}", body(name="renamed"))

    assert unrelated.status == 200
    assert statuses == [200, 200, 422, 200, 422, 200]
    assert list(by_filter.values()) == [
        [all_of_them, some],
        [all_of_them, of_project],
        [all_of_them],
    ]
    assert unknown.status == 404
    assert after.data["relationships"]["allowed-workspaces"]["data"] == linked(
        "workspaces", dev
    )
    assert emptied.data["relationships"]["allowed-workspaces"]["data"] == []


async def test_workspaces_of_a_pool_are_planned_here(raw_client: RawClient) -> None:
    """There is no agent to wait for; lists of runs know the pool."""
    pool = await made_pool(raw_client)
    id = await raw_client.workspace()
    mode = body(execution_mode="agent", agent_pool_id=pool)
    await raw_client("PATCH", f"/api/v2/workspaces/{id}", mode)

    run = await raw_client.run(id, await raw_client.uploaded(id))

    assert await raw_client.until(run.data["id"], "planned_and_finished")
    runs = f"{ACME}/runs?filter[operation]=plan_only&filter[agent_pool_names]="
    of_pool = await raw_client("GET", f"{runs}edge,other")
    of_others = await raw_client("GET", f"{runs}other")
    assert [each["id"] for each in of_pool.data] == [run.data["id"]]
    assert of_others.data == []
