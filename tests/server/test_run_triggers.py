"""Run triggers: kept between workspaces, listed from both ends, gone with either."""

from typing import Any

from tests.support.raw_client import RawClient

OF_WORKSPACE = "/api/v2/workspaces/{}/run-triggers"
INBOUND = "filter%5Brun-trigger%5D%5Btype%5D=inbound"
OUTBOUND = "filter%5Brun-trigger%5D%5Btype%5D=outbound"


def from_source(id: str) -> dict[str, Any]:
    """Return the body of a request that connects a workspace to a source."""
    linkage = {"data": {"type": "workspaces", "id": id}}
    return {"data": {"type": "run-triggers", "relationships": {"sourceable": linkage}}}


async def listed(client: RawClient, workspace: str, direction: str) -> list[str]:
    """Return the ids of the run triggers of a workspace in one direction."""
    found = await client("GET", f"{OF_WORKSPACE.format(workspace)}?{direction}")
    assert found.json["meta"]["pagination"]["total-count"] == len(found.data)
    return [trigger["id"] for trigger in found.data]


async def test_a_run_trigger_is_made_read_and_deleted(raw_client: RawClient) -> None:
    """It names both workspaces, and both can be included."""
    target, source = await raw_client.workspace(), await raw_client.workspace("other")
    made = await raw_client("POST", OF_WORKSPACE.format(target), from_source(source))
    path = f"/api/v2/run-triggers/{made.data['id']}"
    read = await raw_client("GET", f"{path}?include=workspace,sourceable")
    ends = [
        await listed(raw_client, target, INBOUND),
        await listed(raw_client, source, OUTBOUND),
        await listed(raw_client, target, OUTBOUND),
        await listed(raw_client, source, INBOUND),
    ]
    deleted = await raw_client("DELETE", path)

    assert (made.status, read.data) == (201, made.data)
    names = made.data["attributes"]
    assert (names["workspace-name"], names["sourceable-name"]) == (
        "networking-dev",
        "other",
    )
    assert {each["id"] for each in read.json["included"]} == {target, source}
    assert ends == [[made.data["id"]], [made.data["id"]], [], []]
    assert deleted.status == 204
    assert (await raw_client("GET", path)).status == 404
    assert await listed(raw_client, target, INBOUND) == []


async def test_run_triggers_that_cannot_be_are_refused(raw_client: RawClient) -> None:
    """From itself, twice, from nothing, from more than twenty; lists need a direction."""
    target, source = await raw_client.workspace(), await raw_client.workspace("other")
    path = OF_WORKSPACE.format(target)
    bodies = [from_source(id) for id in (source, source, target, "ws-none")] + [{}]
    statuses = [(await raw_client("POST", path, body)).status for body in bodies]
    for number in range(19):
        body = {"data": {"attributes": {"name": f"source-{number}"}}}
        made = await raw_client("POST", "/api/v2/organizations/acme/workspaces", body)
        await raw_client("POST", path, from_source(made.data["id"]))
    slow = await raw_client.workspace("networking-slow")
    too_many = await raw_client("POST", path, from_source(slow))
    odd = "filter%5Brun-trigger%5D%5Btype%5D=sideways"
    lists = [
        (await raw_client("GET", f"{path}{query}")).status for query in ("", f"?{odd}")
    ]

    assert statuses == [201, 422, 422, 404, 404]
    assert too_many.status == 422
    assert lists == [400, 400]


async def test_a_run_trigger_goes_with_either_workspace(raw_client: RawClient) -> None:
    """With its target, which owns it, and with its source."""
    dev, slow, other = [
        await raw_client.workspace(name)
        for name in ("networking-dev", "networking-slow", "other")
    ]
    for target, source in ((dev, other), (other, slow), (slow, dev)):
        await raw_client("POST", OF_WORKSPACE.format(target), from_source(source))

    await raw_client("DELETE", f"/api/v2/workspaces/{other}")

    assert await listed(raw_client, dev, INBOUND) == []
    assert await listed(raw_client, slow, OUTBOUND) == []
    assert len(await listed(raw_client, slow, INBOUND)) == 1
