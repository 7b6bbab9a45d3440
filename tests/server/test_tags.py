"""Tags of workspaces, with and without values."""

from typing import Any

from tests.support.raw_client import RawClient

WORKSPACES = "/api/v2/organizations/acme/workspaces"


def tags(*names: str) -> dict[str, Any]:
    """Return the body of a request about tags."""
    return {"data": [{"type": "tags", "attributes": {"name": name}} for name in names]}


def bindings(**values: str) -> dict[str, Any]:
    """Return the body of a request about tag bindings."""
    return {
        "data": [
            {"type": "tag-bindings", "attributes": {"key": key, "value": value}}
            for key, value in values.items()
        ]
    }


def new_workspace(name: str, **relationships: Any) -> dict[str, Any]:
    """Return the body of a request for a workspace."""
    return {
        "data": {
            "type": "workspaces",
            "attributes": {"name": name},
            "relationships": relationships,
        }
    }


async def names_of(raw_client: RawClient, query: str) -> list[str]:
    """Return the names of the workspaces that a query lists."""
    listed = await raw_client("GET", f"{WORKSPACES}?{query}")
    return [workspace["attributes"]["name"] for workspace in listed.data]


async def test_tags_at_creation(raw_client: RawClient) -> None:
    """A `cloud` block sends them as attributes of a relationship (S4)."""
    made = await raw_client(
        "POST", WORKSPACES, new_workspace("app-dev", tags=tags("app", "net:x"))
    )
    wrong = await raw_client(
        "POST", WORKSPACES, new_workspace("other-dev", tags=tags("a b"))
    )

    assert (made.status, wrong.status) == (201, 422)
    assert made.data["attributes"]["tag-names"] == ["app", "net:x"]
    assert await names_of(raw_client, "search%5Btags%5D=app,net:x") == ["app-dev"]
    assert await names_of(raw_client, "search%5Btags%5D=app,nothing") == []


async def test_tags_are_added_and_removed(raw_client: RawClient) -> None:
    """By name or by id; a second addition and the removal of what is not there do nothing."""
    path = f"/api/v2/workspaces/{await raw_client.workspace()}/relationships/tags"
    other = f"/api/v2/workspaces/{await raw_client.workspace('other')}/relationships/tags"
    by_id = {"data": [{"type": "tags", "id": ""}]}

    added = await raw_client("POST", path, tags("net", "prod"))
    again = await raw_client("POST", path, tags("net"))
    listed = await raw_client("GET", path)
    named = await raw_client("GET", f"{path}?name=pro")
    by_id["data"][0]["id"] = listed.data[1]["id"]
    added_by_id = await raw_client("POST", other, by_id)
    removed = await raw_client("DELETE", path, tags("net", "nothing"))
    left = await raw_client("GET", path)
    left_by_id = await raw_client("GET", other)
    unknown = await raw_client("POST", path, {"data": [{"type": "tags", "id": "tag-none"}]})
    empty = await raw_client("POST", path, {"data": []})

    assert [answer.status for answer in (added, again, added_by_id, removed)] == [204] * 4
    assert [tag["attributes"]["name"] for tag in listed.data] == ["net", "prod"]
    for answer in (named, left):
        assert [tag["attributes"]["name"] for tag in answer.data] == ["prod"]
    assert left_by_id.data[0]["id"] == left.data[0]["id"]
    assert left.data[0]["attributes"]["instance-count"] == 2
    assert (unknown.status, empty.status) == (422, 422)


async def test_the_tags_of_the_organization(raw_client: RawClient) -> None:
    """Each is counted; it is given to other workspaces, and deleted everywhere."""
    first, second = await raw_client.workspace(), await raw_client.workspace("other")
    await raw_client(
        "POST", f"/api/v2/workspaces/{first}/relationships/tags", tags("a", "b")
    )
    path = "/api/v2/organizations/acme/tags"
    listed = await raw_client("GET", path)
    a = listed.data[0]["id"]
    linkage = {"data": [{"type": "workspaces", "id": second}]}

    given = await raw_client("POST", f"/api/v2/tags/{a}/relationships/workspaces", linkage)
    lost = await raw_client(
        "POST", "/api/v2/tags/tag-none/relationships/workspaces", linkage
    )
    hidden = await raw_client(
        "GET", f"{path}?filter%5Bexclude%5D%5Btaggable%5D%5Bid%5D={second}"
    )
    searched = await raw_client("GET", f"{path}?q=b")
    deleted = await raw_client("DELETE", path, {"data": [{"type": "tags", "id": a}]})
    left = await raw_client("GET", path)

    assert [tag["attributes"]["name"] for tag in listed.data] == ["a", "b"]
    assert (given.status, lost.status, deleted.status) == (204, 404, 204)
    for answer in (hidden, searched, left):
        assert [tag["attributes"]["name"] for tag in answer.data] == ["b"]


async def test_bindings_have_values(raw_client: RawClient) -> None:
    """They are set at creation, changed by key, replaced as a whole, and at most ten."""
    made = await raw_client(
        "POST", WORKSPACES, new_workspace("bound", **{"tag-bindings": bindings(team="x")})
    )
    id = made.data["id"]
    path = f"/api/v2/workspaces/{id}/tag-bindings"

    changed = await raw_client("PATCH", path, bindings(team="y", cost="7"))
    too_many = await raw_client("PATCH", path, bindings(**{f"k{n}": "" for n in range(9)}))
    listed = await raw_client("GET", path)
    found = await names_of(
        raw_client,
        "filter%5Btagged%5D%5B0%5D%5Bkey%5D=team&filter%5Btagged%5D%5B0%5D%5Bvalue%5D=y",
    )
    not_found = await names_of(
        raw_client,
        "filter%5Btagged%5D%5B0%5D%5Bkey%5D=team&filter%5Btagged%5D%5B0%5D%5Bvalue%5D=x",
    )
    by_key = await names_of(raw_client, "search%5Btags%5D=team")
    any_value = await names_of(raw_client, "filter%5Btagged%5D%5B3%5D%5Bkey%5D=cost")
    body: Any = {"data": {"relationships": {"tag-bindings": {"data": []}}}}
    emptied = await raw_client("PATCH", f"/api/v2/workspaces/{id}", body)

    assert [(b["attributes"]["key"], b["attributes"]["value"]) for b in listed.data] == [
        ("team", "y"),
        ("cost", "7"),
    ]
    assert changed.data == listed.data
    assert too_many.status == 422
    assert (found, not_found, any_value) == (["bound"], [], ["bound"])
    # Terraform searches for the keys of tags with values too.
    assert by_key == ["bound"]
    assert emptied.data["relationships"]["tag-bindings"]["data"] == []


async def test_a_value_without_a_key_is_refused(raw_client: RawClient) -> None:
    """It would otherwise filter nothing (S7)."""
    answer = await raw_client("GET", f"{WORKSPACES}?filter%5Btagged%5D%5B0%5D%5Bvalue%5D=x")

    assert answer.status == 400
