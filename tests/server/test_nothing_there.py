"""Things that the service has and this server has not: clients read on."""

from typing import Any

import pytest

from tests.support.raw_client import RawClient


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/organizations/acme/teams",
        "/api/v2/organizations/acme/policy-sets?filter%5Bversioned%5D=true",
        "/api/v2/organizations/acme/agent-pools?q=x",
        "/api/v2/team-workspaces?filter%5Bworkspace%5D%5Bid%5D=ws-1",
        "/api/v2/workspaces/{workspace}/notification-configurations",
        "/api/v2/workspaces/{workspace}/run-triggers?filter%5Brun-trigger%5D%5Btype%5D=inbound",
        "/api/v2/workspaces/{workspace}/resources",
        "/api/v2/runs/{run}/task-stages",
    ],
)
async def test_lists_are_empty(raw_client: RawClient, path: str) -> None:
    """With pages, whatever is filtered (S17)."""
    workspace = await raw_client.workspace()
    run = await raw_client.run(workspace, await raw_client.uploaded(workspace))
    path = path.format(workspace=workspace, run=run.data["id"])

    listed = await raw_client("GET", path)

    assert (listed.status, listed.data) == (200, [])
    assert listed.json["meta"]["pagination"]["total-count"] == 0


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/workspaces/ws-none/notification-configurations",
        "/api/v2/runs/run-none/comments",
        "/api/v2/organizations/nobody/teams",
    ],
)
async def test_nothing_has_no_lists(raw_client: RawClient, path: str) -> None:
    """What does not exist has no empty list either."""
    assert (await raw_client("GET", path)).status == 404


async def test_no_address_is_used(raw_client: RawClient) -> None:
    """Firewalls are told that the server sends nothing by itself; no token is needed."""
    ranges = await raw_client("GET", "/api/meta/ip-ranges", token=None)

    assert (ranges.status, ranges.json["vcs"]) == (200, [])


async def test_the_apply_of_a_run_is_unreachable(raw_client: RawClient) -> None:
    """The link of a run to it leads somewhere, by its id and by that of the run."""
    workspace = await raw_client.workspace()
    run = await raw_client.run(workspace, await raw_client.uploaded(workspace))
    id = run.data["relationships"]["apply"]["data"]["id"]

    apply = await raw_client("GET", f"/api/v2/applies/{id}")
    same = await raw_client("GET", f"/api/v2/runs/{run.data['id']}/apply")
    nothing = await raw_client("GET", "/api/v2/applies/apply-none")

    assert (apply.data["id"], apply.data["attributes"]["status"]) == (id, "unreachable")
    assert (same.data, nothing.status) == (apply.data, 404)


async def test_consumers_of_a_state_are_kept(raw_client: RawClient) -> None:
    """Added, replaced and removed; they must exist."""
    path = f"/api/v2/workspaces/{await raw_client.workspace()}/relationships/remote-state-consumers"
    slow, other = (
        await raw_client.workspace("networking-slow"),
        await raw_client.workspace("other"),
    )

    def body(*ids: str) -> dict[str, Any]:
        return {"data": [{"type": "workspaces", "id": id} for id in ids]}

    async def ids() -> set[str]:
        return {workspace["id"] for workspace in (await raw_client("GET", path)).data}

    added = await raw_client("POST", path, body(slow, other))
    both = await ids()
    unknown = await raw_client("POST", path, body("ws-none"))
    await raw_client("DELETE", path, body(slow))
    one = await ids()
    await raw_client("PATCH", path, body(slow))
    replaced = await ids()
    await raw_client("PATCH", path, body())

    assert (added.status, unknown.status) == (204, 404)
    assert (both, one, replaced, await ids()) == ({slow, other}, {other}, {slow}, set())
