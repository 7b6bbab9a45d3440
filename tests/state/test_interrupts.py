"""State commands that a signal meets: finished or undone, the lock given back, or said to stay."""

import os
import signal
import sys

import pytest

from remote_backend.server.embedded import backend_block
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from tests.support.state_commands import QUICK, StateCommands, read_until, state, there

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="signals are a matter of POSIX"
)
LOCK = "/api/v2/workspaces/[^/]+/actions/lock"
UNLOCK = "/api/v2/workspaces/[^/]+/actions/unlock"
UPLOAD = "/signed/new-state/"
READ = "/api/v2/workspaces/[^/]+/current-state-version"


async def interrupted(
    state_commands: StateCommands,
    path: str,
    number: str,
    *arguments: str,
    kind: str = "hold_after",
) -> tuple[int, str]:
    """Run a command, send it a signal while a request is held, and let that go on then."""
    faults = state_commands.server.faults
    faults.replace(FaultSettings(rules=[FaultRule(kind=kind, path=path, times=(1,))]))
    async with state_commands.start(*arguments) as process:
        await faults.held.wait()
        process.send_signal(getattr(signal, number))
        seen = await read_until(process.stderr, b"Stopping: ")
        faults.release()
        seen += await read_until(process.stderr, b"never written")
        code = await process.wait()
    faults.replace(FaultSettings())
    return code, seen.decode()


async def put(state_commands: StateCommands) -> None:
    """Store the state with serial 3, and write the one that follows to a file."""
    async with state_commands.open() as backend:
        await backend.push_state(state(), lock=QUICK)
    (state_commands.directory / "next.tfstate").write_bytes(state(4, new="x").data)


async def current(state_commands: StateCommands) -> bytes:
    """Return the bytes of the current state."""
    async with state_commands.open() as backend:
        return await backend.state_data("dev")


@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP", "SIGINT"])
async def test_a_signal_while_the_lock_is_asked_for_undoes_it(
    number: str, state_commands: StateCommands
) -> None:
    """Its answer is awaited, so that the lock can be given back; nothing is stored (M1)."""
    await put(state_commands)

    code, err = await interrupted(
        state_commands, LOCK, number, "state", "push", "next.tfstate"
    )

    assert code == 128 + getattr(signal, number)
    assert "the lock is given back" in err
    assert not await state_commands.is_locked()
    assert await current(state_commands) == state().data


@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP", "SIGINT"])
async def test_a_signal_while_a_state_is_stored_lets_it_be_finished(
    number: str, state_commands: StateCommands
) -> None:
    """The command ends as without it, and the lock is given back (M1)."""
    await put(state_commands)

    code, _ = await interrupted(
        state_commands, UPLOAD, number, "state", "push", "next.tfstate"
    )

    assert code == 0
    assert not await state_commands.is_locked()
    assert await current(state_commands) == state(4, new="x").data


@pytest.mark.parametrize(
    "arguments",
    [
        ("state", "mv", "terraform_data.one", "terraform_data.two"),
        ("state", "rm", "terraform_data.one[0]"),
        ("taint", "terraform_data.one[0]"),
        ("untaint", "terraform_data.one[2]"),
    ],
    ids=lambda arguments: arguments[-2],
)
async def test_each_command_gives_its_lock_back(
    arguments: tuple[str, ...], state_commands: StateCommands
) -> None:
    """Interrupted while it reads the state, it has changed nothing (M1)."""
    await put(state_commands)

    code, _ = await interrupted(state_commands, READ, "SIGTERM", *arguments)

    assert code == 143
    assert not await state_commands.is_locked()
    assert await current(state_commands) == state().data


async def test_a_lock_that_stays_is_said_to_stay(state_commands: StateCommands) -> None:
    """When the lock cannot be given back after a signal, the error says so (M1)."""
    await put(state_commands)
    rules = [
        FaultRule(kind="hold_after", path=LOCK, times=(1,)),
        FaultRule(kind="status", path=UNLOCK, status=403),
    ]
    state_commands.server.faults.replace(FaultSettings(rules=rules))
    async with state_commands.start("state", "push", "next.tfstate") as process:
        await state_commands.server.faults.held.wait()
        process.send_signal(signal.SIGTERM)
        await read_until(process.stderr, b"Stopping: ")
        state_commands.server.faults.release()
        err = await read_until(process.stderr, b"never written")
        assert await process.wait() == 143

    assert b"Error: net-dev stays locked: " in err
    assert b"force-unlock acme/net-dev" in err
    assert await state_commands.is_locked()


async def test_a_second_signal_ends_at_once(state_commands: StateCommands) -> None:
    """It does not wait for the answer of the first one."""
    await put(state_commands)
    rule = FaultRule(kind="hold_before", path=UPLOAD, times=(1,))
    state_commands.server.faults.replace(FaultSettings(rules=[rule]))
    async with state_commands.start("state", "push", "next.tfstate") as process:
        await state_commands.server.faults.held.wait()
        process.send_signal(signal.SIGTERM)
        assert b"A second signal ends at once" in await read_until(
            process.stderr, b"locked."
        )
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 143
    state_commands.server.faults.release()


@pytest.mark.parametrize("path", [LOCK, UPLOAD])
async def test_a_signal_during_a_migration_moves_a_state_or_does_not(
    path: str, state_commands: StateCommands
) -> None:
    """The state is here or there, no lock stays, and init again goes on (M1)."""
    (state_commands.directory / "terraform.tfstate").write_bytes(state().data)
    block = backend_block(state_commands.server.hostname, "acme", "net-")
    named = block.replace('prefix = "net-"', 'name = "net-dev"')
    assert named != block
    (state_commands.directory / "main.tf").write_text(named)

    code, err = await interrupted(state_commands, path, "SIGTERM", "init", "-force-copy")

    assert code == 143
    assert "run init again to continue" in err
    (state_commands.directory / "main.tf").write_text(block)
    assert not await state_commands.is_locked()
    assert await current(state_commands) == (state().data if path == UPLOAD else b"")
    assert (state_commands.directory / "terraform.tfstate").read_bytes() == state().data
    (state_commands.directory / "main.tf").write_text(named)
    again = await state_commands.command_line.run("init", "-force-copy")
    assert again.code == 0, again.err
    async with state_commands.open() as backend:
        assert await backend.state_data("net-dev") == state().data
    assert (state_commands.directory / "terraform.tfstate").read_bytes() == b""


async def test_a_command_under_nohup_outlives_its_terminal(
    state_commands: StateCommands,
) -> None:
    """Where SIGHUP is ignored from the start it stays ignored."""
    await put(state_commands)
    faults = state_commands.server.faults
    faults.replace(
        FaultSettings(rules=[FaultRule(kind="hold_after", path=LOCK, times=(1,))])
    )
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        async with state_commands.start("state", "push", "next.tfstate") as process:
            signal.signal(signal.SIGHUP, before)
            await faults.held.wait()
            os.kill(process.pid, signal.SIGHUP)
            faults.release()
            assert await process.wait() == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    async with state_commands.open() as backend:
        assert there(await backend.state("dev")).serial == 4
