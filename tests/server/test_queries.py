"""Filters, searches, orders and included members: each is done, or refused."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.raw_client import RawClient
from tests.support.stored_states import state_body, state_of

ORGANIZATION = "/api/v2/organizations/acme"
WORKSPACES = f"{ORGANIZATION}/workspaces"
PLAN_ONLY = "filter[operation]=plan_only"


def query(text: str) -> str:
    """Return a query with its brackets encoded, as clients send it."""
    return quote(text, safe="=&,*")


async def names_of(raw_client: RawClient, text: str) -> list[str]:
    """Return the names of the workspaces that a query lists."""
    listed = await raw_client("GET", f"{WORKSPACES}?{query(text)}")
    return [workspace["attributes"]["name"] for workspace in listed.data]


async def stored_state(raw_client: RawClient, workspace: str, **outputs: Any) -> str:
    """Store a state and return the id of its version."""
    path = f"/api/v2/workspaces/{workspace}"
    await raw_client("POST", f"{path}/actions/lock")
    made = await raw_client(
        "POST", f"{path}/state-versions", state_body(state_of(**outputs))
    )
    await raw_client("POST", f"{path}/actions/unlock")
    return str(made.data["id"])


async def change_after(raw_client: RawClient, before: str, name: str, body: Any) -> str:
    """Change a workspace, in a later millisecond than another, and return that time."""
    while True:
        changed = await raw_client("PATCH", f"{WORKSPACES}/{name}", body)
        changed_at = str(changed.data["attributes"]["updated-at"])
        if changed_at > before:
            return changed_at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("search[name]=WORKING-S", ["networking-slow"]),
        ("search[wildcard-name]=net*", ["networking-dev", "networking-slow"]),
        ("search[wildcard-name]=*-DEV", ["networking-dev"]),
        ("search[wildcard-name]=*king*", ["networking-dev", "networking-slow"]),
        ("search[wildcard-name]=other", ["other"]),
        ("search[wildcard-name]=n*g", []),
        ("search[exclude-tags]=net", ["networking-slow", "other"]),
        ("filter[project][id]=prj-none", []),
        ("filter[current-run][status]=planned", []),
        ("sort=-name", ["other", "networking-slow", "networking-dev"]),
        ("sort=latest-change-at", ["networking-slow", "other", "networking-dev"]),
        ("sort=-latest-change-at", ["networking-dev", "other", "networking-slow"]),
        ("sort=current-run.created-at", ["networking-dev", "networking-slow", "other"]),
    ],
)
async def test_workspaces_are_filtered_and_sorted(
    raw_client: RawClient, text: str, expected: list[str]
) -> None:
    """By what the documentation of the service names, never a list of everything (S7)."""
    changed_at = ""
    for name in ("networking-slow", "other", "networking-dev"):
        tags = ["net"] if name == "networking-dev" else []
        body = {"data": {"attributes": {"tag-names": tags}}}
        changed_at = await change_after(raw_client, changed_at, name, body)

    assert await names_of(raw_client, text) == expected


@pytest.mark.parametrize(
    "path",
    [
        f"{WORKSPACES}?search[nonsense]=x",
        f"{WORKSPACES}?filter[nonsense]=x",
        f"{WORKSPACES}?sort=color",
        f"{WORKSPACES}?include=organization,bogus",
        f"{WORKSPACES}?page[number]=²",
        f"{WORKSPACES}?page[size]=x",
        f"{WORKSPACES}?page[number]={'9' * 5000}",
        f"{WORKSPACES}/networking-dev?include=bogus",
        f"{ORGANIZATION}?include=owners",
        f"{ORGANIZATION}/runs?filter[status_group]=nearly",
        f"{ORGANIZATION}/runs?filter[timeframe]=soon",
        f"{ORGANIZATION}/projects?sort=age",
        "/api/v2/state-versions?filter[workspace][name]=other",
        "/api/v2/account/details?include=everything",
    ],
)
async def test_what_is_not_done_is_refused(raw_client: RawClient, path: str) -> None:
    """With 400 and the name of the parameter, as the service does for an include (S6, S7)."""
    answer = await raw_client("GET", path)

    assert answer.status == 400
    assert answer.json["errors"][0]["detail"]


async def test_links_of_pages_keep_the_query(raw_client: RawClient) -> None:
    """Following them leads to the second hit of a search, not to the second of all (S8)."""
    path = f"{WORKSPACES}?{query('search[name]=networking&page[size]=1')}"
    first = await raw_client("GET", path)
    second = await raw_client("GET", first.json["links"]["next"])
    back = await raw_client("GET", second.json["links"]["prev"])

    assert [first.data[0]["attributes"]["name"]] == ["networking-dev"]
    assert [second.data[0]["attributes"]["name"]] == ["networking-slow"]
    assert second.json["links"]["next"] is None
    assert back.data == first.data


async def test_runs_are_filtered(raw_client: RawClient) -> None:
    """By status, group, source, user, workspace, time and text, in both lists (S7)."""
    workspace, other = await raw_client.workspace(), await raw_client.workspace("other")
    version = await raw_client.uploaded(workspace)
    done = (await raw_client.run(workspace, version, message="first")).data["id"]
    await raw_client.until(done, "planned_and_finished")
    slow = await raw_client.workspace("networking-slow")
    running = (await raw_client.run(slow, version, message="second")).data["id"]
    await raw_client.until(running, "planning")
    year = (await raw_client("GET", f"/api/v2/runs/{done}")).data["attributes"][
        "created-at"
    ][:4]

    async def ids(path: str, text: str) -> list[str]:
        listed = await raw_client("GET", f"{path}?{query(f'{PLAN_ONLY}&{text}')}")
        return [run["id"] for run in listed.data]

    everywhere = f"{ORGANIZATION}/runs"
    for text, expected in (
        ("filter[status]=planned_and_finished,errored", [done]),
        ("filter[status]=errored", []),
        ("filter[status_group]=final", [done]),
        ("filter[status_group]=non_final", [running]),
        ("filter[status_group]=discardable", []),
        ("filter[source]=tfe-api", [running, done]),
        ("filter[source]=tfe-ui", []),
        ("filter[timeframe]=year", [running, done]),
        (f"filter[timeframe]={year}", [running, done]),
        ("filter[timeframe]=2019", []),
        ("filter[workspace_names]=networking-dev", [done]),
        ("filter[agent_pool_names]=pool", []),
        ("search[user]=owner", [running, done]),
        ("search[user]=nobody", []),
        ("search[commit]=abc", []),
        ("search[basic]=second", [running]),
        (f"search[basic]={done}", [done]),
    ):
        assert await ids(everywhere, text) == expected, text
    of_workspace = f"/api/v2/workspaces/{workspace}/runs"
    assert await ids(of_workspace, "filter[status]=planned_and_finished") == [done]
    assert await ids(f"/api/v2/workspaces/{other}/runs", "filter[status]=errored") == []


async def test_state_versions_of_another_organization_are_not_ours(
    raw_client: RawClient,
) -> None:
    """The filter for the organization counts, and so does that for the status (S7)."""
    id = await stored_state(raw_client, await raw_client.workspace())
    ours = "filter[organization][name]=acme&filter[workspace][name]=networking-dev"

    listed = await raw_client("GET", f"/api/v2/state-versions?{query(ours)}")
    pending = await raw_client(
        "GET", f"/api/v2/state-versions?{query(f'{ours}&filter[status]=pending')}"
    )
    foreign = await raw_client(
        "GET", f"/api/v2/state-versions?{query(ours.replace('acme', 'nobody'))}"
    )

    assert [version["id"] for version in listed.data] == [id]
    assert (pending.data, foreign.status) == ([], 404)


async def test_outputs_are_included_in_a_workspace(raw_client: RawClient) -> None:
    """`data "tfe_outputs"` reads them so; sensitive ones come without values (S6)."""
    workspace = await raw_client.workspace()
    outputs = {
        "vpc": {"value": "vpc-1", "type": "string"},
        "key": {"value": "hush", "type": "string", "sensitive": True},
    }
    await stored_state(raw_client, workspace, **outputs)

    plain = await raw_client("GET", f"/api/v2/workspaces/{workspace}")
    read = await raw_client("GET", f"{WORKSPACES}/networking-dev?include=outputs")
    listed = await raw_client("GET", f"{WORKSPACES}?include=outputs")
    key, vpc = read.json["included"]
    revealed = await raw_client("GET", f"/api/v2/state-version-outputs/{key['id']}")

    assert plain.data["relationships"]["outputs"]["data"] == []
    linked = [output["id"] for output in read.data["relationships"]["outputs"]["data"]]
    assert linked == [key["id"], vpc["id"]]
    assert vpc["type"] == "workspace-outputs"
    assert vpc["attributes"] == {
        "name": "vpc",
        "sensitive": False,
        "output-type": "string",
        "value": "vpc-1",
    }
    assert (key["attributes"]["sensitive"], key["attributes"]["value"]) == (True, None)
    assert revealed.data["attributes"]["value"] == "hush"
    assert listed.json["included"] == read.json["included"]


async def test_members_of_a_run_are_included(raw_client: RawClient) -> None:
    """In snake and kebab case, over several steps, and each resource once (S6)."""
    workspace = await raw_client.workspace()
    version = await raw_client.uploaded(workspace)
    runs = [(await raw_client.run(workspace, version)).data["id"] for _ in range(2)]
    members = "created_by,workspace,configuration-version,plan,apply,cost_estimate"

    read = await raw_client("GET", f"/api/v2/runs/{runs[0]}?include={members}")
    listed = await raw_client(
        "GET",
        f"/api/v2/workspaces/{workspace}/runs?{query(PLAN_ONLY)}&include=workspace,plan",
    )

    kinds = [resource["type"] for resource in read.json["included"]]
    assert kinds == ["users", "workspaces", "configuration-versions", "plans", "applies"]
    assert read.json["included"][0]["attributes"]["username"] == "owner"
    assert sorted(resource["type"] for resource in listed.json["included"]) == [
        "plans",
        "plans",
        "workspaces",
    ]


async def test_members_of_a_state_version_are_included(raw_client: RawClient) -> None:
    """Outputs with their values, and who stored it."""
    workspace = await raw_client.workspace()
    await stored_state(raw_client, workspace, vpc={"value": "vpc-1", "type": "string"})

    read = await raw_client(
        "GET",
        f"/api/v2/workspaces/{workspace}/current-state-version?include=outputs,created_by",
    )

    output, user = read.json["included"]
    assert (output["type"], user["type"]) == ("state-version-outputs", "users")
    assert output["attributes"]["value"] == "vpc-1"


async def test_members_of_a_workspace_are_included(raw_client: RawClient) -> None:
    """The organization, who holds the lock, variables and the current state version."""
    workspace = await raw_client.workspace()
    state = await stored_state(raw_client, workspace)
    await raw_client("POST", f"/api/v2/workspaces/{workspace}/actions/lock")
    members = "organization,locked_by,vars,current_state_version,current_run.plan,readme"

    read = await raw_client("GET", f"{WORKSPACES}/networking-dev?include={members}")

    included = {
        (resource["type"], resource["id"]): resource for resource in read.json["included"]
    }
    kinds = [kind for kind, _ in included]
    assert kinds == ["organizations", "users", "vars", "vars", "state-versions"]
    assert ("state-versions", state) in included
    assert b"hush" not in read.body
