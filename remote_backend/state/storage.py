"""States on the server: read, locked, written once, and confirmed."""

import getpass
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from attrs import define, evolve, field, frozen

from remote_backend.client import Client
from remote_backend.errors import (
    ApiError,
    Conflict,
    NotAuthorized,
    NotFound,
    Rejected,
    RemoteBackendError,
    StateConflict,
    StateError,
    StateLocked,
    StateUnconfirmed,
    TransportError,
    UnexpectedAnswer,
    may_have_happened,
)
from remote_backend.log import Log
from remote_backend.models.state import StateVersion, StateVersionRequest
from remote_backend.models.workspace import Workspace
from remote_backend.state.file import StateFile, md5_of, parse_state

__all__ = (
    "LockOptions",
    "change_state",
    "locked",
    "push_state",
    "read_state",
    "write_state",
)

log = Log()

_ATTEMPTS = 4
_LONGEST_LOCK_WAIT_SECONDS = 16.0
_PENDING_SECONDS = 60.0
_LONGEST_PENDING_WAIT_SECONDS = 3.0
_SECONDS_TO_END = 90.0
_PATIENCE_SECONDS = 10.0
_LOST = frozenset({"discarded", "errored"})


@frozen(kw_only=True)
class LockOptions:
    """Whether and how long to wait for the lock of a workspace."""

    lock: bool = True
    timeout_seconds: float = 0.0
    operation: str = "state"
    """What the lock is for, in one word, for those who find it."""

    sleep: Callable[[float], Awaitable[None]] = field(default=anyio.sleep, repr=False)


@define
class _Lock:
    """A lock that is held."""

    keep: bool = False
    """Whether it stays when its holder leaves, because a write could not be confirmed."""


async def read_state(client: Client, workspace: Workspace) -> StateFile | None:
    """Return the current state of a workspace, or None when it has none.

    Raises `StateError` for bytes that are not those that were stored.
    """
    version = await client.find_current_state_version(workspace.id)
    if version is None:
        if workspace.current_state_version_id is not None or (
            workspace.permissions.can_read_state_versions is False
        ):
            # Servers answer as if there were none to those who may not see it.
            raise StateError(
                f"the token may not read the state of {workspace.name}; ask for that permission"
            )
        return None
    data = await _download(client, workspace, version)
    if not data:
        return None
    try:
        return parse_state(data)
    except StateError as error:
        raise StateError(f"the state of {workspace.name} cannot be read: {error}") from None


async def write_state(
    client: Client,
    workspace: Workspace,
    state: StateFile,
    *,
    force: bool = False,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> None:
    """Store a state and see that it is the current one; the workspace must be locked by us.

    Writing the same bytes with the same serial twice is as good as once. Raises
    `StateConflict` when something else was stored, and `StateUnconfirmed` with the bytes when
    that cannot be known.
    """
    data = state.data
    request = StateVersionRequest(
        workspace_id=workspace.id,
        serial=state.serial,
        md5=md5_of(data),
        lineage=state.lineage or None,
        force=force,
    )
    problem: Exception | None = None
    for attempt in range(_ATTEMPTS):
        if attempt:
            await sleep(0.2 * 2**attempt)
        try:
            await _write_once(client, request, data)
            return
        except (Conflict, StateConflict) as error:
            if await _is_current(client, workspace, data, problem or error):
                return
            raise StateConflict(
                f"the state of {workspace.name} was not stored, another one is there: {error}"
            ) from error
        except (TransportError, ApiError, UnexpectedAnswer) as error:
            if not may_have_happened(error):
                raise
            log.info("state.doubtful", workspace=workspace.name, problem=str(error))
            problem = error
            if await _is_current(client, workspace, data, error):
                return
    raise StateUnconfirmed(workspace.name, str(problem), data)


async def change_state(
    client: Client,
    workspace: Workspace,
    change: Callable[[StateFile | None], StateFile | None],
    options: LockOptions | None = None,
) -> StateFile | None:
    """Read a state, change it and store it with the next serial, all under the lock.

    `change` returns None to leave the state as it is. Returns what was stored, or None.
    Raises what `locked` and `write_state` raise.
    """
    options = options or LockOptions()
    async with locked(client, workspace, options) as lock:
        before = await read_state(client, workspace)
        serial = before.serial + 1 if before is not None else None
        after = change(before)
        # A state can be large, and the one before is not needed any more.
        del before
        if after is None:
            return None
        if serial is not None:
            after = after.with_head(serial=serial)
        await _stored(client, workspace, after, lock, options=options)
        return after


async def push_state(
    client: Client,
    workspace: Workspace,
    state: StateFile,
    *,
    force: bool = False,
    options: LockOptions | None = None,
) -> bool:
    """Store a state as it is, under the lock; return False when it is there already.

    Raises `StateConflict` when a newer one, or one of another lineage, is there, unless
    forced; then the serial becomes higher than that one's.
    """
    options = options or LockOptions(operation="push")
    async with locked(client, workspace, options) as lock:
        before = await read_state(client, workspace)
        if before is not None:
            if before.text == state.text:
                return False
            problem = _not_after(state, before)
            if problem and not force:
                raise StateConflict(
                    f"{workspace.name} has another state: {problem}; look at both, "
                    "`remote-backend state pull` shows the one there; -force overwrites it"
                )
            if force:
                state = state.with_head(serial=max(state.serial, before.serial + 1))
        force = force and before is not None
        await _stored(client, workspace, state, lock, options=options, force=force)
        return True


def _not_after(state: StateFile, before: StateFile) -> str | None:
    if before.lineage and state.lineage and before.lineage != state.lineage:
        return f"its lineage is {before.lineage}, and here it is {state.lineage}"
    if before.serial > state.serial:
        return f"its serial is {before.serial}, and here it is only {state.serial}"
    if before.serial == state.serial:
        return f"its serial is {before.serial} too, and its content differs"
    return None


async def _stored(
    client: Client,
    workspace: Workspace,
    state: StateFile,
    lock: "_Lock",
    *,
    options: LockOptions,
    force: bool = False,
) -> None:
    """Store a state to its end, also when somebody presses Ctrl-C; doubt keeps the lock."""
    deadline = anyio.current_time() + _SECONDS_TO_END
    try:
        with anyio.CancelScope(shield=True, deadline=deadline) as scope:
            await write_state(client, workspace, state, force=force, sleep=options.sleep)
        if scope.cancelled_caught:
            raise StateUnconfirmed(workspace.name, "it took too long", state.data)
    except StateUnconfirmed:
        lock.keep = True
        raise


@asynccontextmanager
async def locked(
    client: Client, workspace: Workspace, options: LockOptions
) -> AsyncIterator[_Lock]:
    """Hold the lock of a workspace; it is given back at the end, whatever happens in between.

    Raises `StateLocked` that names the holder when it cannot be had in time, and `StateError`
    that tells how to take it away when it cannot be given back.
    """
    lock = _Lock()
    if not options.lock:
        yield lock
        return
    await _acquire(client, workspace, options)
    try:
        yield lock
    finally:
        if not lock.keep:
            with anyio.CancelScope(shield=True):
                await _release(client, workspace, options)


async def _download(client: Client, workspace: Workspace, version: StateVersion) -> bytes:
    if version.download_address is None:
        raise StateError(f"the server does not tell where the state of {workspace.name} is")
    try:
        data = await client.download_state(version.download_address)
    except (NotFound, NotAuthorized):
        # Its address has expired; a second one is told to who asks again.
        again = await client.read_state_version(version.id)
        if again.download_address is None:
            raise
        data = await client.download_state(again.download_address)
    wrong_size = version.size is not None and version.size not in (0, len(data))
    if wrong_size or (version.md5 and version.md5 != md5_of(data)):
        raise StateError(
            f"the state of {workspace.name} was damaged on its way; try again, and look at "
            f"state version {version.id} on the server"
        )
    return data


async def _write_once(client: Client, request: StateVersionRequest, data: bytes) -> None:
    try:
        version = await client.create_state_version(request)
    except ApiError as error:
        told = " ".join(error.problems)
        if error.status not in (400, 422) or "state" not in told or "missing" not in told:
            raise
        # Servers of before 2023 take the bytes inside the request only.
        version = await client.create_state_version(evolve(request, state=data))
    if version.upload_url is not None and version.status != "finalized":
        try:
            await client.upload_state(version.upload_url, data)
        except (NotFound, Conflict, Rejected):
            # A repeated upload is refused where the first one has arrived.
            if (await client.read_state_version(version.id)).status == "pending":
                raise
    await _await_final(client, version)


async def _await_final(client: Client, version: StateVersion) -> None:
    wait_seconds = 0.05
    with anyio.move_on_after(_PENDING_SECONDS):
        while version.status == "pending":
            version = await client.read_state_version(version.id)
            if version.status == "pending":
                await anyio.sleep(wait_seconds)
                wait_seconds = min(_LONGEST_PENDING_WAIT_SECONDS, wait_seconds * 2)
    if version.status == "pending":
        raise TransportError(
            "PUT",
            f"state-versions/{version.id}",
            "it stays pending",
            may_have_happened=True,
        )
    if version.status in _LOST:
        raise StateConflict(f"state version {version.id} is {version.status}")


async def _is_current(
    client: Client, workspace: Workspace, data: bytes, problem: Exception
) -> bool:
    """Say whether exactly these bytes are the current state: a lost answer, not a lost write."""
    try:
        current = await client.find_current_state_version(workspace.id)
        if current is None:
            return False
        return await _download(client, workspace, current) == data
    except RemoteBackendError:
        raise StateUnconfirmed(workspace.name, str(problem), data) from problem


async def _acquire(client: Client, workspace: Workspace, options: LockOptions) -> None:
    mark = (
        f"{options.operation} by {_person()} with remote-backend ({secrets.token_hex(4)})"
    )
    began = anyio.current_time()
    wait_seconds = 1.0
    while True:
        try:
            await client.lock_workspace(workspace.id, mark)
            return
        except (Conflict, TransportError, ApiError, UnexpectedAnswer) as error:
            if not isinstance(error, Conflict) and not may_have_happened(error):
                raise
            current = await client.find_workspace(workspace.name)
            if current is not None and current.locked and current.locked_reason == mark:
                return
            left = options.timeout_seconds - (anyio.current_time() - began)
            if isinstance(error, Conflict) and left <= 0:
                raise _locked_out(client, current or workspace) from None
            if not isinstance(error, Conflict) and wait_seconds > 4:
                raise
            await options.sleep(wait_seconds if left <= 0 else min(wait_seconds, left))
            wait_seconds = min(_LONGEST_LOCK_WAIT_SECONDS, wait_seconds * 2)


async def _release(client: Client, workspace: Workspace, options: LockOptions) -> None:
    wait_seconds, waited_seconds = 0.2, 0.0
    problem: Exception | None = None
    with anyio.move_on_after(_PENDING_SECONDS):
        while True:
            try:
                if waited_seconds < _PATIENCE_SECONDS:
                    await client.unlock_workspace(workspace.id)
                else:
                    # A state version whose upload was refused stays pending for ever; the lock
                    # is ours, so nothing is taken from anybody.
                    await client.force_unlock_workspace(workspace.id)
                return
            except Conflict as error:
                if problem is not None and "locked by" not in " ".join(error.problems):
                    # The answer of an earlier attempt was lost, and it had its effect.
                    return
                problem = error
                break
            except (TransportError, ApiError, UnexpectedAnswer) as error:
                # While a state version is pending the server keeps the lock.
                pending = "pending" in str(error)
                problem = error
                if not pending and not may_have_happened(error):
                    break
            await options.sleep(wait_seconds)
            waited_seconds += wait_seconds
            wait_seconds = min(_LONGEST_PENDING_WAIT_SECONDS, wait_seconds * 2)
    raise StateError(
        f"{workspace.name} stays locked: {problem}; "
        f"`remote-backend force-unlock {client.organization}/{workspace.name}` takes the lock away"
    )


def _locked_out(client: Client, workspace: Workspace) -> StateLocked:
    reason = f" ({workspace.locked_reason})" if workspace.locked_reason else ""
    return StateLocked(
        f"{workspace.name} is locked by someone else{reason}; wait with -lock-timeout=5m, or, if "
        "nobody works on it any more, `remote-backend force-unlock "
        f"{client.organization}/{workspace.name}`"
    )


def _person() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):
        name = "someone"
    return f"{name}@{socket.gethostname()}"
