"""Our own client on our own server: the verbs that no plan needs."""

import hashlib
from pathlib import Path

import pytest

from remote_backend.connection import connect
from remote_backend.errors import Conflict
from remote_backend.models.state import StateVersionRequest
from remote_backend.server.embedded import EmbeddedServer
from tests.support.terraform_clients import state_text, terraform


def wish(workspace_id: str, state: bytes, *, inline: bool) -> StateVersionRequest:
    """Return the request to store a state."""
    return StateVersionRequest(
        workspace_id=workspace_id,
        serial=3,
        md5=hashlib.md5(state).hexdigest(),
        state=state if inline else None,
    )


@pytest.mark.parametrize("inline", [True, False])
async def test_workspaces_locks_and_states(
    inline: bool, server: EmbeddedServer, tmp_path: Path
) -> None:
    """Made, locked, given a state in either way, read, unlocked; only an empty one is deleted."""
    directory = terraform((), tmp_path, server).directory
    environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
    state = state_text().encode()
    async with connect(directory, environ) as connection:
        client = connection.client
        made = await client.create_workspace("networking-new")
        assert await client.find_current_state_version(made.id) is None
        with pytest.raises(Conflict):
            await client.create_state_version(wish(made.id, state, inline=inline))
        locked = await client.lock_workspace(made.id, "why")
        with pytest.raises(Conflict):
            await client.lock_workspace(made.id, "again")
        version = await client.create_state_version(wish(made.id, state, inline=inline))
        if version.upload_url is not None:
            await client.upload_state(version.upload_url, state)
        current = await client.find_current_state_version(made.id)
        assert current is not None and current.download_address is not None
        assert (await client.read_state_version(version.id)).status == "finalized"
        assert await client.download_state(current.download_address) == state
        unlocked = await client.unlock_workspace(made.id)
        await client.lock_workspace(made.id, "once more")
        forced = await client.force_unlock_workspace(made.id)
        with pytest.raises(Conflict, match="still manages resources"):
            await client.delete_workspace(safely=True, workspace_id=made.id)
        empty = await client.create_workspace("networking-empty")
        await client.delete_workspace(safely=True, workspace_id=empty.id)
        assert await client.find_workspace("networking-empty") is None

    assert (version.upload_url is None) is inline
    assert (locked.locked, unlocked.locked, forced.locked) == (True, False, False)
