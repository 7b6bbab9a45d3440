"""Variables of workspaces and variable sets, and which of them a run gets."""

from typing import Any

import pytest

from tests.support.raw_client import RawClient

SETS = "/api/v2/organizations/acme/varsets"


def variable(key: str, value: str = "", **more: Any) -> dict[str, Any]:
    """Return the body of a request about a variable."""
    attributes = {"key": key, "value": value, "category": "terraform", **more}
    return {"data": {"type": "vars", "attributes": attributes}}


def variable_set(name: str, **attributes: Any) -> dict[str, Any]:
    """Return the body of a request about a variable set."""
    return {"data": {"type": "varsets", "attributes": {"name": name, **attributes}}}


def linkage(kind: str, *ids: str) -> dict[str, Any]:
    """Return the body of a request that links resources."""
    return {"data": [{"type": kind, "id": id} for id in ids]}


async def new_set(raw_client: RawClient, name: str, value: str, **attributes: Any) -> str:
    """Make a variable set with one variable `x` and return its id."""
    made = await raw_client("POST", SETS, variable_set(name, **attributes))
    id = str(made.data["id"])
    added = await raw_client(
        "POST", f"/api/v2/varsets/{id}/relationships/vars", variable("x", value)
    )
    assert (made.status, added.status) == (201, 201)
    return id


async def value_of_x(raw_client: RawClient, workspace: str) -> str:
    """Return the value of `x` that runs of a workspace get."""
    listed = await raw_client("GET", f"/api/v2/workspaces/{workspace}/all-vars")
    (value,) = (
        variable["attributes"]["value"]
        for variable in listed.data
        if variable["attributes"]["key"] == "x"
    )
    return str(value)


async def test_each_change_of_a_variable_has_a_version(raw_client: RawClient) -> None:
    """SDKs compare versions; the description can be reset, and a key is never there twice."""
    path = f"/api/v2/workspaces/{await raw_client.workspace()}/vars"
    made = await raw_client("POST", path, variable("x", "1", description="why"))
    other = await raw_client("POST", path, variable("y"))
    one = f"{path}/{made.data['id']}"

    changed = await raw_client("PATCH", one, variable("x", "2", description=None))
    renamed = await raw_client("PATCH", f"{path}/{other.data['id']}", variable("x"))

    versions = [answer.data["attributes"]["version-id"] for answer in (made, changed)]
    assert versions[0] and versions[0] != versions[1]
    assert made.data["attributes"]["created-at"]
    assert changed.data["attributes"]["description"] == ""
    assert renamed.status == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (variable("1a"), 201),
        (variable("x-y_z"), 201),
        (variable("a b"), 422),
        (variable(""), 422),
        (variable("x" * 129), 422),
        (variable("x", description="x" * 513), 422),
        (variable("x", "x" * ((256 << 10) + 1)), 422),
        (variable("x", category="policy-set"), 422),
    ],
)
async def test_keys_are_those_of_the_service(
    raw_client: RawClient, body: dict[str, Any], status: int
) -> None:
    """A key may begin with a digit; lengths are limited (S17)."""
    path = f"/api/v2/workspaces/{await raw_client.workspace()}/vars"

    assert (await raw_client("POST", path, body)).status == status


async def test_a_variable_set_is_made_changed_and_deleted(raw_client: RawClient) -> None:
    """Its variables go with it, and names are unique."""
    id = await new_set(raw_client, "shared", "1", description="why")
    path = f"/api/v2/varsets/{id}"
    twice = await raw_client("POST", SETS, variable_set("shared"))
    unnamed = await raw_client("POST", SETS, variable_set(""))
    renamed = await raw_client("PATCH", path, variable_set("renamed", priority=True))
    read = await raw_client("GET", f"{path}?include=vars")
    searched = await raw_client("GET", f"{SETS}?q=NAMED")
    variables = await raw_client("GET", f"{path}/relationships/vars")
    variable_path = f"{path}/relationships/vars/{variables.data[0]['id']}"
    changed = await raw_client("PATCH", variable_path, variable("x", "2"))
    foreign = await raw_client(
        "GET",
        f"/api/v2/workspaces/{await raw_client.workspace()}/vars/{changed.data['id']}",
    )
    deleted = await raw_client("DELETE", path)

    assert (twice.status, unnamed.status) == (422, 422)
    assert renamed.data["attributes"]["priority"] is True
    assert [resource["id"] for resource in searched.data] == [id]
    assert read.json["included"] == variables.data
    assert changed.data["relationships"]["varset"]["data"]["id"] == id
    assert (changed.data["attributes"]["value"], foreign.status) == ("2", 404)
    assert deleted.status == 204
    assert (await raw_client("GET", variable_path)).status == 404
    assert (await raw_client("GET", SETS)).data == []


async def test_variable_sets_are_attached(raw_client: RawClient) -> None:
    """To workspaces and projects that exist; a deleted workspace leaves its sets."""
    workspace = await raw_client.workspace()
    id = await new_set(raw_client, "shared", "1")
    path = f"/api/v2/varsets/{id}"
    project = (await raw_client("GET", "/api/v2/organizations/acme/projects")).data[0]["id"]
    workspaces = f"{path}/relationships/workspaces"
    projects = f"{path}/relationships/projects"

    attached = await raw_client("POST", workspaces, linkage("workspaces", workspace))
    of_workspace = await raw_client("GET", f"/api/v2/workspaces/{workspace}/varsets")
    unknown = await raw_client("POST", workspaces, linkage("workspaces", "ws-none"))
    detached = await raw_client("DELETE", workspaces, linkage("workspaces", workspace))
    alone = await raw_client("GET", f"/api/v2/workspaces/{workspace}/varsets")
    to_project = await raw_client("POST", projects, linkage("projects", project))
    of_project = await raw_client("GET", f"/api/v2/projects/{project}/varsets")
    replaced = await raw_client(
        "PATCH",
        f"{path}?include=workspaces",
        {"data": {"relationships": {"workspaces": linkage("workspaces", workspace)}}},
    )
    await raw_client("DELETE", f"/api/v2/workspaces/{workspace}")
    left = await raw_client("GET", path)

    assert [answer.status for answer in (attached, detached, to_project)] == [204] * 3
    assert unknown.status == 404
    assert [resource["id"] for resource in of_workspace.data] == [id]
    assert (alone.data, of_project.data[0]["id"]) == ([], id)
    assert [resource["id"] for resource in replaced.json["included"]] == [workspace]
    assert left.data["attributes"]["workspace-count"] == 0
    assert left.data["attributes"]["project-count"] == 1


async def test_the_nearest_variable_wins(raw_client: RawClient) -> None:
    """Global sets lose against the project, the workspace's sets and the workspace itself."""
    workspace = await raw_client.workspace()
    project = (await raw_client("GET", "/api/v2/organizations/acme/projects")).data[0]["id"]
    await new_set(raw_client, "global", "of all", **{"global": True})
    seen = [await value_of_x(raw_client, workspace)]
    for name, kind, id in (
        ("project", "projects", project),
        ("b-set", "workspaces", workspace),
        ("a-set", "workspaces", workspace),
    ):
        set_id = await new_set(raw_client, name, name)
        path = f"/api/v2/varsets/{set_id}/relationships/{kind}"
        await raw_client("POST", path, linkage(kind, id))
        seen.append(await value_of_x(raw_client, workspace))
    await raw_client("POST", f"/api/v2/workspaces/{workspace}/vars", variable("x", "own"))
    seen.append(await value_of_x(raw_client, workspace))
    set_id = await new_set(raw_client, "urgent", "urgent", priority=True)
    path = f"/api/v2/varsets/{set_id}/relationships/workspaces"
    await raw_client("POST", path, linkage("workspaces", workspace))
    seen.append(await value_of_x(raw_client, workspace))
    await new_set(
        raw_client, "urgent everywhere", "everywhere", priority=True, **{"global": True}
    )
    seen.append(await value_of_x(raw_client, workspace))

    assert seen == ["of all", "project", "b-set", "a-set", "own", "urgent", "everywhere"]


async def test_the_older_paths_of_variables(raw_client: RawClient) -> None:
    """terrasnek lists by filters, and names the workspace in the document (S11)."""
    body = variable("old", "1")
    related = {
        "workspace": {"data": {"type": "workspaces", "id": await raw_client.workspace()}}
    }
    body["data"]["relationships"] = related
    filters = "filter%5Borganization%5D%5Bname%5D=acme&filter%5Bworkspace%5D%5Bname%5D=networking-dev"

    made = await raw_client("POST", "/api/v2/vars/", body)
    changed = await raw_client(
        "PATCH", f"/api/v2/vars/{made.data['id']}", variable("old", "2")
    )
    listed = await raw_client("GET", f"/api/v2/vars?{filters}")
    unfiltered = await raw_client("GET", "/api/v2/vars")
    deleted = await raw_client("DELETE", f"/api/v2/vars/{made.data['id']}")

    values = {v["attributes"]["key"]: v["attributes"]["value"] for v in listed.data}
    assert (made.status, changed.status, deleted.status) == (201, 200, 204)
    assert values == {"region": "eu", "KEY": None, "old": "2"}
    assert unfiltered.status == 400
