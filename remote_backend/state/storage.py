"""States of workspaces: read, changed and stored under the lock of their workspace."""

import math
from collections.abc import Callable

import anyio

from remote_backend.api.client import Client
from remote_backend.errors import StateConflict, StateError, StateUnconfirmed
from remote_backend.exception_groups import finished
from remote_backend.models.workspace import Workspace
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.locks import Lock, LockOptions, locked
from remote_backend.state.versions import download_state, write_state

__all__ = ("change_state", "push_state", "read_state", "store_state")

_FIRST_SERIAL = 1
_SILENCE_SECONDS = 300.0


async def read_state(client: Client, workspace: Workspace) -> StateFile | None:
    """Return the current state of a workspace, or None when it has none.

    Raises `StateError` for bytes that are not those that were stored, or not a state.
    """
    return _parsed(await download_state(client, workspace), workspace)


async def change_state(
    client: Client,
    workspace: Workspace,
    change: Callable[[StateFile | None], StateFile | None],
    options: LockOptions | None = None,
) -> StateFile | None:
    """Read a state, change it and store it with the next serial, all under the lock.

    `change` returns None to leave the state as it is. Returns what was stored, or None.
    Raises what `locked` and `store_state` raise.
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
        after = after.with_head(serial=serial or max(_FIRST_SERIAL, after.serial))
        await store_state(client, workspace, after, lock, options=options)
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

    A first state with serial 0 gets serial 1. Raises `StateConflict` when a newer one, or one of
    another lineage, is there, unless forced; then the serial becomes higher than that one's.
    """
    options = options or LockOptions(operation="push")
    async with locked(client, workspace, options) as lock:
        data = await download_state(client, workspace)
        force = force and bool(data)
        try:
            before = _parsed(data, workspace)
        except StateError as error:
            if not force:
                raise StateError(
                    f"{error}; `remote-backend state pull` writes it as it is, and "
                    "`remote-backend state push -force` replaces it"
                ) from None
            state = _above(state, await _serial_there(client, workspace))
        else:
            if before is not None and before.text in (state.text, _numbered(state).text):
                return False
            state = _following(workspace, state, before, force=force)
        # A state can be large, and its bytes are not needed any more.
        del data
        await store_state(client, workspace, state, lock, options=options, force=force)
        return True


def _following(
    workspace: Workspace, state: StateFile, before: StateFile | None, *, force: bool
) -> StateFile:
    """Return a pushed state as it may follow another one; raises `StateConflict`."""
    if before is None:
        return _numbered(state)
    if force:
        return _above(state, before.serial)
    problem = _not_after(state, before)
    if problem:
        raise StateConflict(
            f"{workspace.name} has another state: {problem}; look at both, "
            "`remote-backend state pull` shows the one there; -force overwrites it"
        )
    return state


def _parsed(data: bytes, workspace: Workspace) -> StateFile | None:
    try:
        return parse_state(data) if data else None
    except StateError as error:
        raise StateError(f"the state of {workspace.name} cannot be read: {error}") from None


async def _serial_there(client: Client, workspace: Workspace) -> int:
    version = await client.find_current_state_version(workspace.id)
    return version.serial or 0 if version is not None else 0


def _above(state: StateFile, serial: int) -> StateFile:
    return state.with_head(serial=max(state.serial, serial + 1))


def _numbered(state: StateFile) -> StateFile:
    """Return a state that may be the first of a workspace.

    The first state that Terraform stores has serial 1; with 0, later plans did not match it
    (https://github.com/hashicorp/terraform/issues/32614).
    """
    if state.serial >= _FIRST_SERIAL:
        return state
    return state.with_head(serial=_FIRST_SERIAL)


def _not_after(state: StateFile, before: StateFile) -> str | None:
    if before.lineage and state.lineage and before.lineage != state.lineage:
        return f"its lineage is {before.lineage}, and here it is {state.lineage}"
    if before.serial > state.serial:
        return f"its serial is {before.serial}, and here it is only {state.serial}"
    if before.serial == state.serial:
        return f"its serial is {before.serial} too, and its content differs"
    return None


async def store_state(
    client: Client,
    workspace: Workspace,
    state: StateFile,
    lock: Lock,
    *,
    options: LockOptions,
    force: bool = False,
) -> None:
    """Store a state to its end, also when it is canceled meanwhile.

    `StateUnconfirmed` keeps the lock, so that nobody builds upon a state that may not be the
    current one. It is raised too when nothing has moved for five minutes.
    """

    async def write() -> None:
        with anyio.CancelScope() as scope:

            def moved() -> None:
                scope.deadline = anyio.current_time() + _SILENCE_SECONDS

            moved()
            await write_state(
                client, workspace, state, force=force, sleep=options.sleep, moved=moved
            )
        if scope.cancelled_caught:
            raise StateUnconfirmed(
                workspace.name, f"nothing moved for {_SILENCE_SECONDS:g} s", state.data
            )

    try:
        with anyio.CancelScope(shield=True):
            # A cancellation of asyncio itself, as by Ctrl-C on Windows, waits too.
            await finished(write, grace_seconds=math.inf)
    except StateUnconfirmed as error:
        lock.keep = True
        raise StateUnconfirmed(
            workspace.name,
            error.problem,
            error.state,
            lock_id=f"{client.organization}/{workspace.name}" if lock.is_held else "",
        ) from error
    lock.stored = f"the state of {workspace.name} was stored (serial {state.serial})"
