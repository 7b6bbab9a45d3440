"""Who a token belongs to, and the organizations it sees."""

from pathlib import Path

import aiohttp

from remote_backend.server.embedded import serve
from tests.support.raw_client import RawClient, settings_in


async def test_the_account_of_a_token(raw_client: RawClient) -> None:
    """`terraform login` stores a token only when this answers (S3); nobody else's e-mail shows."""
    account = await raw_client("GET", "/api/v2/account/details")
    user = await raw_client("GET", f"/api/v2/users/{account.data['id']}")
    nobody = await raw_client("GET", "/api/v2/users/user-none")
    stranger = await raw_client("GET", "/api/v2/account/details", token="wrong")

    assert (account.status, account.data["type"]) == (200, "users")
    assert account.data["attributes"]["username"] == "owner"
    assert account.data["attributes"]["is-service-account"] is False
    assert account.data["attributes"]["email"] == "owner@localhost"
    assert user.data["attributes"]["username"] == "owner"
    assert "email" not in user.data["attributes"]
    assert (nobody.status, stranger.status) == (404, 401)


async def test_the_creator_of_a_run_is_a_user(raw_client: RawClient) -> None:
    """The link of a run to who made it leads somewhere."""
    workspace = await raw_client.workspace()
    run = await raw_client.run(workspace, await raw_client.uploaded(workspace))

    creator = run.data["relationships"]["created-by"]["data"]
    user = await raw_client("GET", f"/api/v2/users/{creator['id']}")

    assert (user.status, user.data["type"]) == (200, creator["type"])


async def test_an_account_is_changed(tmp_path: Path) -> None:
    """Its name is what others see, and stays over a restart; nonsense is refused."""
    for _ in range(2):
        async with (
            serve(settings_in(tmp_path), {}) as server,
            aiohttp.ClientSession() as session,
        ):
            raw_client = RawClient(server, session, tmp_path)
            read = await raw_client("GET", "/api/v2/account/details")
            body = {"data": {"attributes": {"username": "Ann", "email": "ann@acme.test"}}}
            changed = await raw_client("PATCH", "/api/v2/account/update", body)
            user = await raw_client("GET", f"/api/v2/users/{changed.data['id']}")
            wrong = [
                (await raw_client("PATCH", "/api/v2/account/update", {name: value})).status
                for name, value in (("username", "a b"), ("email", "nobody"))
            ]

    assert (changed.status, wrong) == (200, [422, 422])
    assert changed.data == read.data
    assert changed.data["attributes"]["email"] == "ann@acme.test"
    assert user.data["attributes"]["username"] == "Ann"


async def test_the_list_of_organizations(raw_client: RawClient) -> None:
    """There is one, which a search for another does not find."""
    listed = await raw_client("GET", "/api/v2/organizations")
    searched = await raw_client("GET", "/api/v2/organizations?q=acm")
    other = await raw_client("GET", "/api/v2/organizations?q=nobody")

    assert [organization["id"] for organization in listed.data] == ["acme"]
    assert listed.json["meta"]["pagination"]["total-count"] == 1
    assert [organization["id"] for organization in searched.data] == ["acme"]
    assert other.data == []


async def test_one_slash_at_the_end_of_a_path_does_not_matter(
    raw_client: RawClient,
) -> None:
    """Reads and writes find their routes, with their queries; two slashes are another path."""
    workspace = await raw_client.workspace()
    body = {"data": {"type": "vars", "attributes": {"key": "x", "category": "terraform"}}}

    read = await raw_client("GET", "/api/v2/organizations/acme/")
    listed = await raw_client(
        "GET", "/api/v2/organizations/acme/workspaces/?page%5Bsize%5D=1"
    )
    made = await raw_client("POST", f"/api/v2/workspaces/{workspace}/vars/", body)
    twice = await raw_client("GET", "/api/v2/organizations/acme//")
    stranger = await raw_client("GET", "/api/v2/organizations/acme/", token="wrong")

    assert (read.status, made.status) == (200, 201)
    assert len(listed.data) == 1
    assert (twice.status, stranger.status) == (404, 401)
