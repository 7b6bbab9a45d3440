"""Named tokens: what is done with one says so, until it is revoked."""

from pathlib import Path

import pytest
from attrs import evolve

from remote_backend.errors import SettingsError
from remote_backend.server.embedded import serve
from remote_backend.server.named_tokens import create_token, list_tokens, revoke_token
from tests.support.browser import Browser
from tests.support.raw_client import RawClient, run_body, settings_in, slug
from tests.support.stored_states import state_body, state_of


async def name_of(raw_client: RawClient, user_id: str) -> str:
    """Return the name of a user."""
    user = await raw_client("GET", f"/api/v2/users/{user_id}")
    return str(user.data["attributes"]["username"])


async def test_runs_locks_and_states_say_who_made_them(raw_client: RawClient) -> None:
    """The server reads tokens with each request, so a new one works at once."""
    token = await create_token(raw_client.folder / "data", "ci")
    workspace = await raw_client.workspace()
    path = f"/api/v2/workspaces/{workspace}"
    version = await raw_client.uploaded(workspace)
    run = await raw_client(
        "POST", "/api/v2/runs", run_body(workspace, version), token=token
    )
    lock = await raw_client("POST", f"{path}/actions/lock", token=token)
    body = state_body(state_of())
    state = await raw_client("POST", f"{path}/state-versions", body, token=token)
    foreign = await raw_client("POST", f"{path}/actions/unlock")

    makers = (
        run.data["relationships"]["created-by"],
        lock.data["relationships"]["locked-by"],
        state.data["relationships"]["created-by"],
    )
    assert [await name_of(raw_client, maker["data"]["id"]) for maker in makers] == [
        "ci"
    ] * 3
    assert foreign.status == 409
    assert "locked by User ci" in foreign.json["errors"][0]["detail"]


async def test_a_run_of_an_upload_is_that_of_its_version(raw_client: RawClient) -> None:
    """The archive comes with a signed address, which names nobody."""
    token = await create_token(raw_client.folder / "data", "ci")
    path = f"/api/v2/workspaces/{await raw_client.workspace()}"
    version = await raw_client("POST", f"{path}/configuration-versions", token=token)
    await raw_client("PUT", version.data["attributes"]["upload-url"], slug(), token=None)

    (run,) = (await raw_client("GET", f"{path}/runs?filter[operation]=plan_only")).data

    assert run["attributes"]["source"] == "tfe-configuration-version"
    assert (
        await name_of(raw_client, run["relationships"]["created-by"]["data"]["id"]) == "ci"
    )


async def test_a_revoked_token_is_refused(raw_client: RawClient) -> None:
    """Its name stays on what it made, and can be given again."""
    data = raw_client.folder / "data"
    token = await create_token(data, "ci")
    account = await raw_client("GET", "/api/v2/account/details", token=token)

    await revoke_token(data, "ci")

    refused = await raw_client("GET", "/api/v2/account/details", token=token)
    assert (account.status, refused.status) == (200, 401)
    assert await name_of(raw_client, account.data["id"]) == "ci"
    assert [user.name for user in await list_tokens(data)] == ["owner"]
    assert await create_token(data, "ci") != token


async def test_a_session_ends_with_its_token(browser: Browser) -> None:
    """The page asks for a token again."""
    data = browser.server.token_file.parent
    await browser.log_in(await create_token(data, "anna"))
    before = (await browser.get("/app/acme"))[1]
    await revoke_token(data, "anna")
    after = (await browser.get("/app/acme"))[1]

    assert "net-dev" in before
    assert "net-dev" not in after


async def test_names_that_cannot_be(raw_client: RawClient) -> None:
    """Each is refused with the reason, and nothing changes."""
    data = raw_client.folder / "data"
    await create_token(data, "ci")
    for name, problem in (
        ("ci", "already"),
        ("owner", "already"),
        ("", "cannot name"),
        ("a b", "cannot name"),
        ("x" * 41, "cannot name"),
    ):
        with pytest.raises(SettingsError, match=problem):
            await create_token(data, name)
    for name, problem in (("none", "no token none"), ("owner", "server's own")):
        with pytest.raises(SettingsError, match=problem):
            await revoke_token(data, name)

    assert [user.name for user in await list_tokens(data)] == ["owner", "ci"]


async def test_a_folder_without_a_server_is_refused(tmp_path: Path) -> None:
    """A mistyped path must not become a data directory."""
    with pytest.raises(SettingsError, match="not the data directory"):
        await create_token(tmp_path, "ci")

    assert list(tmp_path.iterdir()) == []


async def test_a_server_is_not_started_with_a_named_token(tmp_path: Path) -> None:
    """Its requests would be those of two users."""
    async with serve(settings_in(tmp_path), {}):
        token = await create_token(tmp_path / "data", "ci")

    with pytest.raises(SettingsError, match="that of ci"):
        async with serve(evolve(settings_in(tmp_path), token=token), {}):
            pass
