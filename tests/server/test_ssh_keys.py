"""SSH keys: stored without being shown, given to workspaces, used by git in their plans."""

import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import evolve

from remote_backend.server.embedded import serve
from tests.support.fake_engines import write_engine
from tests.support.raw_client import RawClient, settings_in
from tests.support.servers import hosted

KEYS = "/api/v2/organizations/acme/ssh-keys"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----"
SYSTEM = {"PATH": os.environ["PATH"]}


def body(**attributes: Any) -> dict[str, Any]:
    """Return the body of a request."""
    return {"data": {"attributes": attributes}}


async def made_key(client: RawClient) -> str:
    """Store a key and return its id."""
    made = await client("POST", KEYS, body(name="deploy", value=KEY))
    assert made.status == 201
    assert made.data["attributes"] == {"name": "deploy"}
    return str(made.data["id"])


async def assigned(client: RawClient, workspace: str, key: str | None) -> Any:
    """Give a workspace a key and return the response."""
    path = f"/api/v2/workspaces/{workspace}/relationships/ssh-key"
    return await client("PATCH", path, body(id=key))


async def test_a_key_is_stored_renamed_and_deleted(raw_client: RawClient) -> None:
    """No response holds it; the workspaces that have it lose it with it."""
    key, workspace = await made_key(raw_client), await raw_client.workspace()
    path = f"/api/v2/ssh-keys/{key}"
    given = await assigned(raw_client, workspace, key)
    renamed = await raw_client("PATCH", path, body(name="renamed"))
    read = await raw_client("GET", path)
    listed = await raw_client("GET", KEYS)
    deleted = await raw_client("DELETE", path)
    after = await raw_client("GET", f"/api/v2/workspaces/{workspace}")

    assert given.data["relationships"]["ssh-key"]["data"] == {"type": "ssh-keys", "id": key}
    assert renamed.data["attributes"] == {"name": "renamed"}
    assert (read.data, listed.data) == (renamed.data, [renamed.data])
    assert not any(b"secret" in answer.body for answer in (given, read, listed))
    assert (deleted.status, (await raw_client("GET", path)).status) == (204, 404)
    assert after.data["relationships"]["ssh-key"]["data"] is None


async def test_a_workspace_has_one_key_or_none(raw_client: RawClient) -> None:
    """Null takes it away; keys that do not exist here, and bodies without one, are refused."""
    key, workspace = await made_key(raw_client), await raw_client.workspace()
    organization = {"name": "other", "email": "a@other.test"}
    await raw_client("POST", "/api/v2/organizations", body(**organization))
    theirs = await raw_client(
        "POST", KEYS.replace("acme", "other"), body(name="theirs", value=KEY)
    )
    path = f"/api/v2/workspaces/{workspace}/relationships/ssh-key"

    await assigned(raw_client, workspace, key)
    none = await assigned(raw_client, workspace, None)
    statuses = [
        (await assigned(raw_client, workspace, "sshkey-none")).status,
        (await assigned(raw_client, workspace, theirs.data["id"])).status,
        (await raw_client("PATCH", path, {})).status,
        (await raw_client("POST", KEYS, body(name="", value=KEY))).status,
        (await raw_client("POST", KEYS, body(name="empty", value=" "))).status,
    ]

    assert (none.status, none.data["relationships"]["ssh-key"]["data"]) == (200, None)
    assert statuses == [404, 404, 422, 422, 422]


@pytest.mark.skipif(sys.platform == "win32", reason="the engine is a shell script")
async def test_git_gets_the_key_while_a_run_is_planned(tmp_path: Path) -> None:
    """In a private file outside of the configuration, which goes with the run."""
    show = 'set -- $GIT_SSH_COMMAND; echo "file $3"; ls -l "$3" | cut -c1-10; cat "$3"'
    engine = write_engine(tmp_path / "terraform", "1.9.8", plan=show)
    async with (
        hosted(serve(evolve(settings_in(tmp_path), engine=str(engine)), SYSTEM)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        client = RawClient(server, session, tmp_path)
        workspace = await client.workspace("other")
        await assigned(client, workspace, await made_key(client))
        run = await client.run(workspace, await client.uploaded(workspace))
        await client.until(run.data["id"], "planned_and_finished")
        log = await client.log(run.data["id"])

    assert f"-rw-------\n{KEY}\n" in log
    path = Path(log.partition("file ")[2].partition("\n")[0])
    assert path.name == "ssh-key" and not path.exists()
