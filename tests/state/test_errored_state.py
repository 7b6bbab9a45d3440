"""States that may not have been stored: kept in a file, on standard output, and never forgotten."""

import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from remote_backend.cli.commands import state_options
from remote_backend.cli.commands.errored_state import errored_states, keep_errored_state
from remote_backend.cli.commands.state_options import saved_when_doubtful
from remote_backend.errors import StateError, StateUnconfirmed
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from tests.support.paths import REPOSITORY
from tests.support.state_commands import QUICK, StateCommands, state

LOST = [
    FaultRule(kind="status", path="/api/v2/workspaces/.*/state-versions", status=502),
    FaultRule(
        kind="status",
        path="/api/v2/workspaces/.*/current-state-version",
        status=403,
        times=tuple(range(2, 40)),
    ),
]


async def unconfirmed() -> None:
    """Fail as a write does whose answer was lost."""
    raise StateUnconfirmed(
        "net-dev", "no answer", b'{"\xc3\xa9": 1}\n', lock_id="acme/net-dev"
    )


async def failure(directory: Path) -> str:
    """Return the error after such a write."""
    with pytest.raises(StateError) as caught:
        await saved_when_doubtful(directory, unconfirmed())
    return str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are a matter of POSIX")
async def test_a_full_disk_does_not_swallow_the_state(
    state_commands: StateCommands,
) -> None:
    """The state goes to standard output, the doubt and the lock are told, no part stays (M6)."""
    async with state_commands.open() as backend:
        await backend.push_state(state(), lock=QUICK)
    state_commands.server.faults.replace(FaultSettings(rules=LOST))
    command = state_commands.command_line.command(
        "state", "mv", "terraform_data.one", "terraform_data.two"
    )
    done = await anyio.run_process(
        ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *command],
        cwd=state_commands.directory,
        env={
            **state_commands.command_line.environ(TF_WORKSPACE="dev"),
            "PYTHONPATH": str(REPOSITORY),
        },
        check=False,
    )
    state_commands.server.faults.replace(FaultSettings())

    assert done.returncode == 1
    moved = state(4).data.replace(b'"name": "one"', b'"name": "two"')
    assert done.stdout == moved
    err = done.stderr.decode()
    assert "the state of net-dev may not have been stored" in err
    assert "stays locked; `remote-backend force-unlock acme/net-dev`" in err
    assert (
        "could not be written to a file (File too large); it stands on standard output"
        in err
    )
    assert errored_states(state_commands.directory) == []
    assert sorted(path.name for path in state_commands.directory.iterdir()) == ["main.tf"]


async def test_the_message_comes_whatever_else_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a file nor standard output: what is in doubt is still said (M6)."""

    def refuse(*_: Any) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state_options, "keep_errored_state", refuse)
    monkeypatch.setattr(state_options, "write_bytes", refuse)

    told = await failure(tmp_path)

    assert told.startswith("the state of net-dev may not have been stored: no answer; ")
    assert "force-unlock acme/net-dev" in told
    assert told.endswith(
        "nor to standard output (No space left on device); it is lost here"
    )


async def test_a_later_state_does_not_replace_an_earlier_one(tmp_path: Path) -> None:
    """Each failure has a file of its own, for its owner alone (P114)."""
    assert "errored.tfstate. When" in await failure(tmp_path)
    assert "`remote-backend state push errored.tfstate.1`" in await failure(tmp_path)

    assert errored_states(tmp_path) == ["errored.tfstate", "errored.tfstate.1"]
    for name in errored_states(tmp_path):
        assert (tmp_path / name).read_bytes() == b'{"\xc3\xa9": 1}\n'
        if sys.platform != "win32":
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


async def test_a_state_that_was_not_stored_is_remembered(
    state_commands: StateCommands,
) -> None:
    """Plans and changes warn of it, because the server may not know its resources (P114)."""
    async with state_commands.open() as backend:
        await backend.push_state(state(), lock=QUICK)
    keep_errored_state(state_commands.directory, state(4).data)
    warning = "Warning: errored.tfstate holds a state that may not have been stored"

    for command in (("plan",), ("taint", "terraform_data.one[0]")):
        done = await state_commands.command_line.run(*command, TF_WORKSPACE="dev")
        assert done.code == 0, done.err
        assert warning in done.err, command
    # Its own push is the way to get rid of it.
    listed = await state_commands.command_line.run(
        "state", "push", "-force", "errored.tfstate", TF_WORKSPACE="dev"
    )
    assert warning not in listed.err
