"""Locks of workspaces when answers are lost: never somebody else's taken, our own never forgotten."""

import re

import anyio
import anyio.lowlevel
import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Request, Response
from remote_backend.api.transport.retry import RetryingTransport
from remote_backend.cli.hints import message_of
from remote_backend.errors import (
    LockError,
    RemoteBackendError,
    StateConflict,
    StateError,
    StateLocked,
    StateUnconfirmed,
    StateUnreadable,
)
from remote_backend.models.workspace import Workspace
from remote_backend.state.file import md5_of
from remote_backend.state.locks import LockOptions
from remote_backend.state.storage import change_state, push_state
from tests.support.servers import run_virtually
from tests.support.state_commands import QUICK, pass_by, state, there
from tests.support.state_server import StateServer

WORKSPACE = Workspace(id="ws-1", name="net-dev")


async def push(server: StateServer, options: LockOptions = QUICK) -> bool:
    """Push a state into the workspace of the server."""
    return await push_state(Client(server, "acme"), WORKSPACE, state(), options=options)


@pytest.mark.parametrize("reason", ["deploy by alice", ""])
async def test_a_lock_that_others_took_meanwhile_stays_theirs(reason: str) -> None:
    """The answer of the unlock is lost, Alice locks, with or without a reason: it stays (H2)."""
    server = StateServer()
    server.faults["unlock"] = ["502 after"]

    def meanwhile(action: str) -> None:
        if "unlock" in server.sent[:-1] and server.locked_reason is None:
            server.locked_reason = reason

    server.meanwhile = meanwhile

    assert await push(server)

    assert server.locked_reason == reason
    assert server.sent.count("unlock") == 1
    assert "force-unlock" not in server.sent


@pytest.mark.parametrize("keeps_reasons", [True, False], ids=["with reasons", "without"])
async def test_force_needs_the_sight_of_our_own_mark(keeps_reasons: bool) -> None:
    """Unlocks that fail for long are forced only where the workspace shows our mark (H2)."""
    server = StateServer()
    server.keeps_reasons = keeps_reasons
    server.faults["unlock"] = ["502"] * 100

    if keeps_reasons:
        assert await push(server)
        assert server.locked_reason is None
        assert server.sent[-2:] == ["GET net-dev", "force-unlock"]
    else:
        with pytest.raises(
            StateError, match=r"was stored \(serial 3\); net-dev stays locked"
        ):
            await push(server)
        assert "force-unlock" not in server.sent


async def test_an_upload_that_was_refused_does_not_keep_the_lock() -> None:
    """Its state version stays pending for ever, so our lock is taken away by force (P108)."""
    server = StateServer()
    server.faults["PUT"] = ["422"]

    with pytest.raises(
        StateError, match="the server refused the state of net-dev: a fault"
    ):
        await push(server)

    assert server.locked_reason is None
    assert server.sent[-1] == "force-unlock"


@pytest.mark.parametrize("fault", ["403", "502"])
async def test_a_stored_state_is_said_to_be_stored(fault: str) -> None:
    """When only the unlock fails, the error says first that the state was stored (L7)."""
    server = StateServer()
    server.faults["unlock"] = server.faults["force-unlock"] = [fault] * 100

    with pytest.raises(LockError) as caught:
        await push(server)

    assert str(caught.value).startswith(
        "the state of net-dev was stored (serial 3); net-dev "
    )
    assert "stays locked: POST workspaces/ws-1/actions/" in str(caught.value)
    assert caught.value.lock_id == "acme/net-dev"
    assert "`remote-backend force-unlock acme/net-dev`" in message_of(caught.value)


async def test_two_failures_are_both_told() -> None:
    """A change that is refused and a lock that stays: neither hides the other (L7)."""
    server = StateServer()
    server.faults["state-versions"] = ["412"] * 4
    server.faults["unlock"] = ["403"] * 10

    with pytest.raises(StateError) as caught:
        await push(server)

    assert "was not stored" in str(caught.value) and "stays locked" in str(caught.value)


@pytest.mark.parametrize("fault", ["lost before", "lost after", "502", "502 after"])
async def test_a_lost_answer_of_the_lock_is_looked_up(fault: str) -> None:
    """Our mark in the workspace says that the lock is ours; else it is asked for again."""
    server = StateServer()
    server.faults["lock"] = [fault]

    assert await push(server)

    assert server.locked_reason is None
    assert server.sent.count("lock") == (1 if fault.endswith("after") else 2)


async def test_a_lock_that_may_be_our_own_is_said_to_be() -> None:
    """After a lost answer on a server without reasons nobody knows whose it is (W10)."""
    server = StateServer()
    server.keeps_reasons = False
    server.faults["lock"] = ["lost after"]

    with pytest.raises(
        StateLocked, match="response .* was lost, so it may also be our own"
    ):
        await push(server)

    server = StateServer()
    server.keeps_reasons = False
    server.locked_reason = "x"
    with pytest.raises(StateLocked) as caught:
        await push(server)
    assert "our own" not in str(caught.value)


async def test_a_lock_request_that_never_gets_an_answer_is_told_with_its_mark() -> None:
    """The workspace may be locked in the end, by a lock whose reason the error names."""
    server = StateServer()
    server.faults["lock"] = ["lost before"] * 9

    with pytest.raises(
        LockError,
        match=r"it is unknown whether net-dev is locked now.*may be our own \(state by ",
    ) as caught:
        await push(server)
    assert caught.value.lock_id == "acme/net-dev"
    assert server.sent.count("lock") == 3


@pytest.mark.parametrize(
    ("holder", "told"),
    [
        (
            "user-1",
            r"net-dev is locked by user ann \(deploy\); wait .*force-unlock acme/net-dev",
        ),
        (
            "run-7",
            r"net-dev is locked by run .*; wait .* until it ends, or cancel or discard",
        ),
        (None, r"net-dev is locked by someone else \(deploy\)"),
    ],
)
async def test_the_holder_of_a_lock_is_named(holder: str | None, told: str) -> None:
    """A user by name; for a run its end is advised, not force (P112)."""
    server = StateServer()
    server.locked_reason, server.locked_by = "deploy", holder

    with pytest.raises(StateLocked) as caught:
        await push(server)

    message = message_of(caught.value)
    assert re.search(told, message)
    assert caught.value.lock_id == "acme/net-dev"
    assert ("force-unlock" in message) is (holder != "run-7")
    assert server.sent.count("GET net-dev") == 2


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ("net-dev accepts state versions only when it is locked", "its lock is not ours"),
        ("accepts state versions only from who locked it", "its lock is not ours"),
        ("the md5 differs from that of serial 3", "another state with the same serial"),
        ("the lineage differs", "has a state of another lineage"),
        ("serial 3 is not greater than 9", "has another state; "),
    ],
)
async def test_each_conflict_has_its_advice(problem: str, told: str) -> None:
    """The words of a 409 tell them apart (P109)."""
    server = StateServer()
    server.conflicts = [problem] * 9
    with pytest.raises(StateConflict, match=told) as caught:
        await push(server)
    assert problem in str(caught.value)


async def test_the_first_state_has_serial_1() -> None:
    """As in Terraform; pushing the same file again changes nothing (P110)."""
    server = StateServer()
    client = Client(server, "acme")
    first = state(0)

    assert await push_state(client, WORKSPACE, first, options=QUICK)
    assert server.current and server.current["serial"] == 1
    assert server.current["data"] == state(1).data
    assert not await push_state(client, WORKSPACE, first, options=QUICK)
    other = StateServer()
    made = await change_state(Client(other, "acme"), WORKSPACE, lambda _: first, QUICK)
    assert there(made).serial == 1


async def test_a_lost_answer_of_an_upload_is_looked_up_at_once() -> None:
    """The bytes have arrived, and the server would answer a second upload with 500 (W10)."""
    server = StateServer()
    server.faults["PUT"] = ["lost after", "500", "500", "500", "500"]
    client = Client(RetryingTransport(server, sleep=pass_by), "acme")

    assert await push_state(client, WORKSPACE, state(), options=QUICK)

    assert server.sent.count("PUT") == 1


async def test_an_upload_that_did_not_arrive_is_repeated() -> None:
    """The state version is still pending, so its bytes are awaited."""
    server = StateServer()
    server.faults["PUT"] = ["lost before", "502"]

    assert await push(server)

    assert server.sent.count("PUT") == 3
    assert server.sent.count("state-versions") == 1


async def cancelled_at(server: StateServer, action: str) -> RemoteBackendError | None:
    """Push, and cancel that while a request of an action is on its way."""
    with anyio.CancelScope() as scope:

        def meanwhile(sent: str) -> None:
            if sent == action:
                scope.cancel()

        server.meanwhile = meanwhile
        try:
            await push(server, LockOptions(operation="push", sleep=pass_by))
        except RemoteBackendError as error:
            return error
    return None


ACTIONS = (
    "lock",
    "GET current-state-version",
    "state-versions",
    "PUT",
    "GET sv-0",
    "unlock",
)


@pytest.mark.parametrize(
    "faults",
    [
        {"PUT": ["lost after"], "GET sv-0": ["403"] * 9, "GET current-state-version": ["none", "403"]},
        {"GET sv-0": ["401"] * 9, "GET current-state-version": ["none", "401"]},
        {"PUT": ["lost before", "403"], "state-versions": ["none", "403"]},
    ],
    ids=["token refused after", "token refused while pending", "refused after a loss"],
)  # fmt: skip
async def test_a_refusal_does_not_undo_an_earlier_doubt(
    faults: dict[str, list[str]],
) -> None:
    """What may have arrived once is unconfirmed, whatever the server refuses afterwards (M6)."""
    server = StateServer()
    server.faults = faults
    with pytest.raises(StateUnconfirmed) as caught:
        await push(server)
    assert caught.value.lock_id == "acme/net-dev"
    assert server.locked_reason is not None


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_cancellation_finishes_or_undoes(action: str) -> None:
    """The lock is given back at whatever request it comes, and a state is whole or not there (M1)."""
    server = StateServer()

    assert await cancelled_at(server, action) is None

    assert server.locked_reason is None
    assert (server.current is not None) is (action in ACTIONS[2:])


async def test_an_interrupted_request_for_the_lock_that_stays_unanswered_is_told() -> None:
    """When its answer is lost as well, the error says that the workspace may be locked (M1)."""
    server = StateServer()
    server.keeps_reasons = False
    server.faults["lock"] = ["lost after"]

    error = await cancelled_at(server, "lock")

    assert "a request for the lock of net-dev was interrupted" in str(error)
    assert isinstance(error, LockError)
    assert "force-unlock acme/net-dev" in message_of(error)


class SlowServer(StateServer):
    """A server that takes the bytes of a state in parts, a minute each."""

    stalls = False

    async def send(self, request: Request) -> Response:
        """Take an upload slowly, or without any end after its last part."""
        for _ in range(20 if request.method == "PUT" else 0):
            assert request.on_part_sent is not None
            request.on_part_sent()
            await anyio.sleep(60)
        if request.method == "PUT" and self.stalls:
            await anyio.sleep_forever()
        return await super().send(request)


def test_an_upload_may_take_as_long_as_it_moves() -> None:
    """Twenty minutes are fine when something moves each minute (M3)."""
    server = SlowServer()
    assert run_virtually(lambda: push(server))
    assert server.locked_reason is None


def test_an_upload_that_does_not_move_any_more_is_unconfirmed() -> None:
    """After five minutes of silence the state may be there or not, and the lock stays (M3)."""
    server = SlowServer()
    server.stalls = True

    with pytest.raises(StateUnconfirmed, match="no byte was sent for 300 s") as caught:
        run_virtually(lambda: push(server))

    assert caught.value.state == state().data
    assert caught.value.lock_id == "acme/net-dev"
    assert "stays locked; `remote-backend force-unlock acme/net-dev`" in message_of(
        caught.value
    )
    assert server.locked_reason is not None


async def test_a_broken_state_on_the_server_can_be_replaced() -> None:
    """-force puts a whole state above the one that cannot be read (H1)."""
    server = StateServer()
    broken = state(7).data + b"<<<<<<< HEAD\n"
    server.versions.append(
        {"number": 0, "serial": 7, "md5": md5_of(broken), "data": broken}
    )
    client = Client(server, "acme")

    with pytest.raises(StateUnreadable, match="more text after .*force=True") as caught:
        await push(server)
    told = message_of(caught.value)
    assert "; only -force replaces it; `remote-backend state pull` writes it" in told
    assert await push_state(client, WORKSPACE, state(), force=True, options=QUICK)

    assert server.current and server.current["serial"] == 8
    assert server.current["data"] == state(8).data
