"""States on a server that breaks: nothing lost, nothing forked, locks given back or told."""

import base64
import json
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from remote_backend.api.client import Client
from remote_backend.backend import Backend
from remote_backend.cli.hints import message_of
from remote_backend.errors import (
    RemoteBackendError,
    StateConflict,
    StateError,
    StateLocked,
    StateUnconfirmed,
)
from remote_backend.models.workspace import Workspace
from remote_backend.opening import open_backend
from remote_backend.server.embedded import backend_block
from remote_backend.server.fault_rules import FaultRule, FaultSettings
from remote_backend.state import locks
from remote_backend.state.address import parse_address
from remote_backend.state.edits import move, remove, set_tainted
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.locks import LockOptions
from remote_backend.state.storage import change_state
from remote_backend.state.versions import write_state
from tests.support.fakes import ScriptedTransport, answer
from tests.support.processes import planning, server_process
from tests.support.state_commands import QUICK, StateCommands, state, there


async def push_next(backend: Backend) -> None:
    """Store a state that follows the one that is there."""
    following = there(await backend.state("dev")).serial + 1
    await backend.push_state(state(following, new="x"), lock=QUICK)


COMMANDS: dict[str, Callable[[Backend], Awaitable[object]]] = {
    "push": lambda b: push_next(b),
    "force": lambda b: b.push_state(state(1, lineage="other"), force=True, lock=QUICK),
    "taint": lambda b: b.change_state(
        lambda s: set_tainted(there(s), parse_address("terraform_data.one[1]"), True),
        lock=QUICK,
    ),
    "untaint": lambda b: b.change_state(
        lambda s: set_tainted(there(s), parse_address("terraform_data.one[2]"), False),
        lock=QUICK,
    ),
    "rm": lambda b: b.change_state(
        lambda s: (
            remove(there(s), [parse_address("terraform_data.one[0]")])[0]
            if '"0"' in there(s).text
            else None
        ),
        lock=QUICK,
    ),
    "mv": lambda b: b.change_state(
        lambda s: (
            move(
                there(s),
                parse_address("terraform_data.one[0]"),
                parse_address("terraform_data.two"),
            )[0]
            if "two" not in there(s).text
            else None
        ),
        lock=QUICK,
    ),
}
PATH = "/(api/v2/(workspaces|state-versions|organizations/acme/workspaces)|signed)/"
FAULTS: dict[str, dict[str, Any]] = {
    "reset before": {"kind": "reset_before"},
    "reset after": {"kind": "reset_after"},
    "cut": {"kind": "cut"},
    "409": {"kind": "status", "status": 409},
    "412": {"kind": "status", "status": 412},
    "429": {"kind": "status", "status": 429},
    "500": {"kind": "status", "status": 500},
    "502 after": {"kind": "status_after", "status": 502},
    "422": {"kind": "status", "status": 422},
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda name: name.replace(" ", "-"))
@pytest.mark.parametrize("command", COMMANDS)
async def test_a_fault_at_any_request_loses_nothing(
    command: str, fault: str, state_commands: StateCommands
) -> None:
    """Before or after, the state is whole, and the lock is given back or told (P108, P109)."""
    before = state()
    async with state_commands.open() as backend:
        await backend.push_state(before, lock=QUICK)
        step = 0
        noticed = True
        while noticed:
            step += 1
            assert step < 40
            rule = FaultRule(path=PATH, times=(step,), **FAULTS[fault])
            state_commands.server.faults.replace(FaultSettings(rules=[rule]))
            problem = None
            try:
                await COMMANDS[command](backend)
            except RemoteBackendError as error:
                problem = error
            noticed = state_commands.server.faults.injected > 0
            state_commands.server.faults.replace(FaultSettings())
            named = await backend.workspace("dev")
            current = there(await backend.state("dev"))
            if named.remote.locked:
                assert problem is not None
                assert "locked" in str(problem) or isinstance(problem, StateError), problem
                await backend.force_unlock("dev")
            assert current.lineage == before.lineage or command == "force"
            if problem is not None:
                # Trying again brings it to its end.
                await COMMANDS[command](backend)
            after = there(await backend.state("dev"))
            assert after.serial >= current.serial >= before.serial
            assert (await backend.workspace("dev")).remote.locked is False
            reset = state(after.serial + 1)
            await backend.push_state(reset, force=True, lock=QUICK)
            before = there(await backend.state("dev"))


async def test_who_is_locked_out_is_told_by_whom(state_commands: StateCommands) -> None:
    """With the reason of the lock, and how to take it away; waiting helps (P108)."""
    async with state_commands.open() as backend:
        client = backend.connection.client
        named = await backend.workspace("dev")
        await client.lock_workspace(named.remote.id, "deploy by ann")
        with pytest.raises(StateLocked, match="deploy by ann") as caught:
            await backend.push_state(state(), lock=QUICK)

        assert "force-unlock acme/net-dev" in message_of(caught.value)

        async def unlock_meanwhile(seconds: float) -> None:
            await client.unlock_workspace(named.remote.id)

        patient = LockOptions(timeout_seconds=60, sleep=unlock_meanwhile)
        assert await backend.push_state(state(), lock=patient)


@pytest.mark.parametrize(
    ("pushed", "told"),
    [
        (state(2), "its serial is 3, and here it is only 2"),
        (state(3, new="x"), "its serial is 3 too, but its content differs"),
        (state(9, lineage="other"), "its lineage is l, and here it is other"),
    ],
)
async def test_an_older_or_foreign_state_is_refused(
    pushed: StateFile, told: str, state_commands: StateCommands
) -> None:
    """-force stores it, with a serial above the one that was there (P109)."""
    async with state_commands.open() as backend:
        await backend.push_state(state(), lock=QUICK)
        with pytest.raises(StateConflict, match=told):
            await backend.push_state(pushed, lock=QUICK)
        assert there(await backend.state()).text == state().text
        assert await backend.push_state(pushed, force=True, lock=QUICK)
        stored = there(await backend.state())
        assert stored.lineage == pushed.lineage
        assert stored.serial == max(4, pushed.serial)
        assert await backend.push_state(stored, lock=QUICK) is False


async def test_servers_that_take_states_inside_the_request() -> None:
    """Those of before 2023 refuse the upload and get the bytes (P55)."""
    missing = {"errors": [{"detail": "param is missing or the value is empty: state"}]}
    stored = {"id": "sv-1", "type": "state-versions", "attributes": {"serial": 3}}
    transport = ScriptedTransport(
        {
            "POST workspaces/ws-1/state-versions": [
                answer(422, missing),
                answer(201, {"data": stored}),
            ]
        }
    )
    await write_state(
        Client(transport, "acme"), Workspace(id="ws-1", name="net-dev"), state()
    )

    bodies = [
        json.loads(request.body)["data"]["attributes"]
        for request in transport.requests
        if isinstance(request.body, bytes)
    ]
    assert "state" not in bodies[0]
    assert base64.b64decode(bodies[1]["state"]) == state().data


async def test_what_cannot_be_confirmed_keeps_the_lock_and_the_bytes() -> None:
    """The caller gets them to save; nobody else can write meanwhile (P114)."""
    workspace = {"id": "ws-1", "type": "workspaces", "attributes": {"name": "net-dev"}}
    transport = ScriptedTransport(
        {
            "POST workspaces/ws-1/actions/lock": answer(200, {"data": workspace}),
            "GET workspaces/ws-1/current-state-version": [answer(404), answer(502)],
            "POST workspaces/ws-1/state-versions": answer(502),
        }
    )
    with pytest.raises(StateUnconfirmed) as caught:
        await change_state(
            Client(transport, "acme"),
            Workspace(id="ws-1", name="net-dev"),
            lambda before: state(),
            QUICK,
        )

    assert caught.value.state == state().data
    assert "POST workspaces/ws-1/actions/unlock" not in transport.sent()


async def test_an_unconfirmed_state_is_saved_and_pushed_later(
    state_commands: StateCommands,
) -> None:
    """`errored.tfstate` is for its owner alone, and the message tells the way back (P114)."""
    command_line = state_commands.command_line
    async with state_commands.open() as backend:
        await backend.push_state(state(), lock=QUICK)
    lost = [
        FaultRule(kind="status", method="POST", path="/api/v2/workspaces/.*/state-versions", status=502),
        FaultRule(
            kind="status", path="/api/v2/workspaces/.*/current-state-version", status=403,
            times=tuple(range(2, 40)),
        ),
    ]  # fmt: skip
    state_commands.server.faults.replace(FaultSettings(rules=lost))
    broken = await command_line.run("taint", "terraform_data.one[1]", TF_WORKSPACE="dev")
    state_commands.server.faults.replace(FaultSettings())

    saved = state_commands.directory / "errored.tfstate"
    assert broken.code == 1
    assert "state push errored.tfstate" in broken.err and "stays locked" in broken.err
    if sys.platform != "win32":
        assert saved.stat().st_mode & 0o777 == 0o600
    locked_out = await command_line.run(
        "state", "push", "errored.tfstate", TF_WORKSPACE="dev"
    )
    assert locked_out.code == 1 and "force-unlock acme/net-dev" in locked_out.err
    unlocked = await command_line.run(
        "force-unlock", "-force", "acme/net-dev", TF_WORKSPACE="dev"
    )
    assert unlocked.code == 0, unlocked.err
    recovered = await command_line.run(
        "state", "push", "errored.tfstate", TF_WORKSPACE="dev"
    )
    assert recovered.code == 0, recovered.err
    async with state_commands.open() as backend:
        assert there(await backend.state()).data == saved.read_bytes()


async def test_an_upload_that_never_becomes_the_state_is_told() -> None:
    """The bytes were taken and then discarded: that is not a success (P111)."""
    made = {
        "id": "sv-1",
        "type": "state-versions",
        "attributes": {
            "status": "pending",
            "hosted-state-upload-url": "https://blobs.test/1",
        },
    }
    discarded = {**made, "attributes": {"status": "discarded"}}
    transport = ScriptedTransport(
        {
            "POST workspaces/ws-1/state-versions": answer(201, {"data": made}),
            "PUT https://blobs.test/1": answer(200),
            "GET state-versions/sv-1": answer(200, {"data": discarded}),
            "GET workspaces/ws-1/current-state-version": answer(404),
        }
    )
    with pytest.raises(StateConflict, match="sv-1 is discarded"):
        await write_state(
            Client(transport, "acme"), Workspace(id="ws-1", name="net-dev"), state()
        )


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a matter of POSIX")
@pytest.mark.parametrize("moment", [4, 6, 7, 8, 9, 11])
@pytest.mark.parametrize(
    ("command", "change"),
    [
        (
            ("taint", "terraform_data.one[0]"),
            lambda s: set_tainted(s, parse_address("terraform_data.one[0]"), True),
        ),
        (
            ("untaint", "terraform_data.one[2]"),
            lambda s: set_tainted(s, parse_address("terraform_data.one[2]"), False),
        ),
        (
            ("state", "rm", "terraform_data.one[0]"),
            lambda s: remove(s, [parse_address("terraform_data.one[0]")])[0],
        ),
        (
            ("state", "mv", "terraform_data.one", "terraform_data.two"),
            lambda s: move(
                s, parse_address("terraform_data.one"), parse_address("terraform_data.two")
            )[0],
        ),
        (("state", "push", "next.tfstate"), lambda s: state(4, new="x")),
    ],
    ids=["taint", "untaint", "rm", "mv", "push"],
)
async def test_a_killed_command_leaves_a_whole_state(
    command: tuple[str, ...],
    change: Callable[[StateFile], StateFile],
    moment: int,
    state_commands: StateCommands,
) -> None:
    """Killed at any of its requests; the lock that it leaves is told and can be taken away."""
    before, after = state(), change(state()).with_head(serial=4)
    (state_commands.directory / "next.tfstate").write_bytes(state(4, new="x").data)
    async with state_commands.open() as backend:
        await backend.push_state(before, lock=QUICK)
        command_line = state_commands.command_line
        state_commands.server.faults.replace(FaultSettings(latency_seconds=0.05))
        environ = command_line.environ(TF_WORKSPACE="dev")
        async with planning(
            command_line.command(*command), state_commands.directory, environ
        ) as process:
            while (
                state_commands.server.faults.api_requests < moment
                and process.returncode is None
            ):
                with anyio.move_on_after(0.002):
                    await process.wait()
            if process.returncode is None:
                process.kill()
            await process.wait()
        state_commands.server.faults.replace(FaultSettings())

        # What the server was about to do for the killed one it may still do meanwhile.
        for _ in range(3):
            current = there(await backend.state()).text
            assert current in (before.text, after.text)
            if current == after.text:
                break
            again = await command_line.run(*command, TF_WORKSPACE="dev")
            if again.code and "force-unlock acme/net-dev" in again.err:
                await command_line.run(
                    "force-unlock", "-force", "acme/net-dev", TF_WORKSPACE="dev"
                )
        assert there(await backend.state()).text == after.text


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a matter of POSIX")
@pytest.mark.parametrize("pushes", [1, 4, 9])
async def test_a_killed_server_keeps_what_it_has_confirmed(
    pushes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its restart the last confirmed state is current, or a later whole one."""
    monkeypatch.setattr(locks, "_INTERRUPTED_SECONDS", 0.0)
    (tmp_path / "seed.json").write_text('{"workspace": {"net-dev": {}}}')
    confirmed = 0
    async with server_process(tmp_path, 0) as (first, ready):
        reached = json.loads(ready.read_text())
        (tmp_path / "main.tf").write_text(
            backend_block(reached["hostname"], reached["organization"], "net-")
        )
        environ = {"TF_CLI_CONFIG_FILE": reached["cli_config_file"], "TF_WORKSPACE": "dev"}
        async with open_backend(tmp_path, environ=environ) as backend:
            async with anyio.create_task_group() as group:

                async def push() -> None:
                    nonlocal confirmed
                    # A lock that was asked for when the server died is told.
                    with suppress(RemoteBackendError):
                        for serial in range(1, 200):
                            pushed = state(serial, x=str(serial))
                            await backend.push_state(pushed, lock=QUICK)
                            confirmed = serial

                group.start_soon(push)
                while confirmed < pushes:
                    await anyio.lowlevel.checkpoint()
                first.kill()
                await first.wait()
                group.cancel_scope.cancel()
        port = int(reached["hostname"].rpartition(":")[2])
        async with (
            server_process(tmp_path, port),
            open_backend(tmp_path, environ=environ) as backend,
        ):
            current = there(await backend.state())
            assert current.serial >= confirmed
            assert current.text == state(current.serial, x=str(current.serial)).text
    with closing(sqlite3.connect(tmp_path / "data" / "records.sqlite")) as records:
        [(lineages,)] = records.execute(
            "select count(distinct json_extract(body, '$.lineage')) from record "
            "where kind = 'state-version'"
        ).fetchall()
    assert lineages == 1


async def test_secrets_of_states_stay_inside(state_commands: StateCommands) -> None:
    """No log, error or output but that which is asked for shows a sensitive value (P116)."""
    secret = "hush-hush-value"
    document = json.loads(state().text)
    document["outputs"] = {"s": {"value": secret, "type": "string", "sensitive": True}}
    instance = document["resources"][0]["instances"][0]
    instance["attributes"] = {"id": "0", "password": secret, "list": [{"p": secret}]}
    instance["sensitive_attributes"] = [
        [{"type": "get_attr", "value": "password"}],
        [{"type": "get_attr", "value": "list"}, {"type": "index", "value": {"value": 0, "type": "number"}},
         {"type": "get_attr", "value": "p"}],
    ]  # fmt: skip
    (state_commands.directory / "s.tfstate").write_text(json.dumps(document))
    (state_commands.directory / "bad.tfstate").write_text(json.dumps(document)[:-5])
    command_line = state_commands.command_line
    for command in (
        ("state", "push", "s.tfstate"),
        ("state", "push", "bad.tfstate"),
        ("state", "push", "s.tfstate"),
        ("output",),
        ("show",),
        ("state", "list"),
        ("state", "show", "terraform_data.one[0]"),
        ("taint", "terraform_data.one[0]"),
        ("taint", "terraform_data.nowhere"),
        ("state", "mv", "terraform_data.one[0]", "terraform_data.three"),
        ("output", "-all"),
    ):
        done = await command_line.run("-debug", *command, TF_WORKSPACE="dev")
        assert secret not in done.out + done.err, command
        assert state_commands.server.token not in done.out + done.err
    assert secret in (await command_line.run("output", "-raw", "s", TF_WORKSPACE="dev")).out
    assert secret not in repr(parse_state(json.dumps(document).encode()))
