"""`state pull` writes bytes, whatever they are and whatever standard output speaks."""

import anyio
import pytest

from remote_backend.api.client import Client
from remote_backend.models.workspace import Workspace
from remote_backend.state.file import md5_of
from remote_backend.state.versions import download_state
from tests.support.paths import REPOSITORY
from tests.support.state_commands import QUICK, StateCommands, state
from tests.support.state_server import StateServer

ENCODINGS = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"PYTHONIOENCODING": "ascii:replace"},
    "posix": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


async def pulled(state_commands: StateCommands, **environ: str) -> bytes:
    """Return what `state pull` writes."""
    done = await anyio.run_process(
        state_commands.command_line.command("state", "pull"),
        cwd=state_commands.directory,
        env={
            **state_commands.command_line.environ(TF_WORKSPACE="dev"),
            "PYTHONPATH": str(REPOSITORY),
            **environ,
        },
    )
    return done.stdout


@pytest.mark.parametrize("name", ENCODINGS)
async def test_a_state_is_pulled_byte_for_byte(
    name: str, state_commands: StateCommands
) -> None:
    """The encoding of standard output does not matter to bytes (L6)."""
    pushed = state(3, city="Zürich \U0001f3d4", lines="a\\r\\nb")
    async with state_commands.open() as backend:
        await backend.push_state(pushed, lock=QUICK)

    assert await pulled(state_commands, **ENCODINGS[name]) == pushed.data


async def test_a_state_that_cannot_be_read_is_pulled() -> None:
    """A byte order mark, a merge conflict, bytes that are not UTF-8: to be repaired (L6, H1)."""
    server = StateServer()
    broken = b"\xef\xbb\xbf\xff" + state().data + b"<<<<<<< HEAD\n"
    server.versions.append(
        {"number": 0, "serial": 3, "md5": md5_of(broken), "data": broken}
    )

    workspace = Workspace(id="ws-1", name="net-dev")
    assert await download_state(Client(server, "acme"), workspace) == broken
