"""States of workspaces: read, changed and stored under the lock of the workspace."""

import math
from collections.abc import Callable
from functools import partial

import anyio

from remote_backend.api.client import Client
from remote_backend.errors import (
    OtherState,
    StateError,
    StateUnconfirmed,
    StateUnreadable,
)
from remote_backend.exception_groups import run_shielded
from remote_backend.models.workspace import Workspace
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.locks import Lock, LockOptions, locked
from remote_backend.state.versions import download_state, write_state

__all__ = ("change_state", "push_state", "read_state", "store_state")

_FIRST_SERIAL = 1
_MOST_SECONDS_WITHOUT_PROGRESS = 300.0


async def read_state(client: Client, workspace: Workspace) -> StateFile | None:
    """Return the current state of a workspace, or None when it has none.

    Raises `StateError` for bytes that were damaged on their way or are not a state.
    """
    return _parse_download(await download_state(client, workspace), workspace)


async def change_state(
    client: Client,
    workspace: Workspace,
    change: Callable[[StateFile | None], StateFile | None],
    options: LockOptions | None = None,
) -> StateFile | None:
    """Read a state, change it and store it with the next serial, all under the lock.

    `change` returns None to keep the state as it is. Returns the stored state, or None.
    Raises the errors of `locked` and `store_state`.
    """
    options = options or LockOptions()
    async with locked(client, workspace, options) as lock:
        current = await read_state(client, workspace)
        serial = current.serial + 1 if current is not None else None
        changed = change(current)
        # A state can be large, and the earlier one is not needed any more.
        del current
        if changed is None:
            return None
        changed = changed.with_head(serial=serial or max(_FIRST_SERIAL, changed.serial))
        await store_state(client, workspace, changed, lock, options=options)
        return changed


async def push_state(
    client: Client,
    workspace: Workspace,
    state: StateFile,
    *,
    force: bool = False,
    options: LockOptions | None = None,
) -> bool:
    """Store a state under the lock; return False when the server has it already.

    A first state with serial 0 gets serial 1. Raises `StateConflict` when the current state is
    newer, has another lineage, or has the same serial and other content (`OtherState`). With `force` the pushed state gets a higher serial instead.
    """
    options = options or LockOptions(operation="push")
    async with locked(client, workspace, options) as lock:
        data = await download_state(client, workspace)
        force = force and bool(data)
        try:
            current = _parse_download(data, workspace)
        except StateError as error:
            if not force:
                raise StateUnreadable(
                    f"{error}; only force=True replaces it", parameters=("force=True",)
                ) from None
            state = _with_serial_above(state, await _read_serial(client, workspace))
        else:
            if current is not None and current.text in (
                state.text,
                _as_first_state(state).text,
            ):
                return False
            state = _as_successor(workspace, state, current, force=force)
        # A state can be large, and its bytes are not needed any more.
        del data
        await store_state(client, workspace, state, lock, options=options, force=force)
        return True


def _as_successor(
    workspace: Workspace, state: StateFile, current: StateFile | None, *, force: bool
) -> StateFile:
    """Return a pushed state with a serial that may follow the current one, or raise `OtherState`."""
    if current is None:
        return _as_first_state(state)
    if force:
        return _with_serial_above(state, current.serial)
    problem = _problem_between(state, current)
    if problem:
        raise OtherState(
            f"{workspace.name} has another state: {problem}; compare both, or overwrite it with "
            "force=True",
            parameters=("force=True",),
        )
    return state


def _parse_download(data: bytes, workspace: Workspace) -> StateFile | None:
    try:
        return parse_state(data) if data else None
    except StateError as error:
        raise StateError(f"the state of {workspace.name} cannot be read: {error}") from None


async def _read_serial(client: Client, workspace: Workspace) -> int:
    version = await client.find_current_state_version(workspace.id)
    return version.serial or 0 if version is not None else 0


def _with_serial_above(state: StateFile, serial: int) -> StateFile:
    return state.with_head(serial=max(state.serial, serial + 1))


def _as_first_state(state: StateFile) -> StateFile:
    """Return a state with a serial for the first state of a workspace.

    The first state that Terraform stores has serial 1. With serial 0, later plans did not match
    the state (https://github.com/hashicorp/terraform/issues/32614).
    """
    if state.serial >= _FIRST_SERIAL:
        return state
    return state.with_head(serial=_FIRST_SERIAL)


def _problem_between(state: StateFile, current: StateFile) -> str | None:
    if current.lineage and state.lineage and current.lineage != state.lineage:
        return f"its lineage is {current.lineage}, and here it is {state.lineage}"
    if current.serial > state.serial:
        return f"its serial is {current.serial}, and here it is only {state.serial}"
    if current.serial == state.serial:
        return f"its serial is {current.serial} too, but its content differs"
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
    """Store a state, and finish even when the caller is canceled meanwhile.

    `StateUnconfirmed` keeps the lock, so that nobody builds upon a state that may not be the
    current one. It is also raised when no byte was sent for five minutes. The lock remembers
    what was stored, for the error of a release that fails.
    """

    write = partial(_write, client, workspace, state, options=options, force=force)
    try:
        with anyio.CancelScope(shield=True):
            # A cancellation by asyncio itself (Ctrl-C on Windows) passes shields of anyio.
            await run_shielded(write, grace_seconds=math.inf)
    except StateUnconfirmed as error:
        lock.must_stay = True
        raise StateUnconfirmed(
            workspace.name,
            error.problem,
            error.state,
            lock_id=f"{client.organization}/{workspace.name}" if lock.is_held else "",
        ) from error
    lock.stored_note = f"the state of {workspace.name} was stored (serial {state.serial})"


async def _write(
    client: Client,
    workspace: Workspace,
    state: StateFile,
    *,
    options: LockOptions,
    force: bool,
) -> None:
    """Write a state; raises `StateUnconfirmed` when no byte was sent for too long."""
    with anyio.CancelScope() as scope:

        def on_part_sent() -> None:
            scope.deadline = anyio.current_time() + _MOST_SECONDS_WITHOUT_PROGRESS

        on_part_sent()
        await write_state(
            client,
            workspace,
            state,
            force=force,
            sleep=options.sleep,
            on_part_sent=on_part_sent,
        )
    if scope.cancelled_caught:
        raise StateUnconfirmed(
            workspace.name,
            f"no byte was sent for {_MOST_SECONDS_WITHOUT_PROGRESS:g} s",
            state.data,
        )
