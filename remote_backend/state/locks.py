"""The lock of a workspace: requested, held while a state changes, and released.

Each request for the lock has a unique mark as the reason of the lock. After an ambiguous
failure the workspace is read: its reason is our mark exactly if the lock is ours. Servers
without reasons (OTF) leave that open; there a lock is never released by force.
"""

import getpass
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import anyio
from attrs import define, field, frozen

from remote_backend.api.client import Client
from remote_backend.api.error_texts import is_state_version_pending
from remote_backend.errors import (
    ApiError,
    Conflict,
    LockedByRun,
    LockError,
    RemoteBackendError,
    StateError,
    StateLocked,
    TransportError,
    UnexpectedAnswer,
    may_have_happened,
)
from remote_backend.exception_groups import run_shielded
from remote_backend.models.workspace import Workspace
from remote_backend.notices import Wait

__all__ = ("Lock", "LockOptions", "break_lock", "locked", "person")

_LONGEST_LOCK_WAIT_SECONDS = 16.0
_AMBIGUOUS_ATTEMPTS = 3
_INTERRUPTED_SECONDS = 5.0
_UNLOCK_SECONDS = 60.0
_LONGEST_UNLOCK_WAIT_SECONDS = 3.0
_PATIENCE_SECONDS = 10.0
_UNSURE = (ApiError, TransportError, UnexpectedAnswer)


@frozen(kw_only=True)
class LockOptions:
    """Whether and how long to wait for the lock of a workspace."""

    lock: bool = True
    timeout_seconds: float = 0.0
    operation: str = "state"
    """The purpose of the lock in one word, as part of its reason."""

    sleep: Callable[[float], Awaitable[None]] = field(default=anyio.sleep, repr=False)


@define
class Lock:
    """A lock that is held or requested."""

    mark: str
    """The reason of the lock, which is unique."""

    is_uncertain: bool = False
    """Whether a request for it was sent whose outcome is unknown."""

    is_held: bool = False
    is_marked: bool = False
    """Whether a response had the mark, so that the server is known to keep reasons of locks."""

    must_stay: bool = False
    """Whether it is not released at the end, because a write could not be confirmed."""

    stored_note: str = ""
    """A sentence about what was stored under it, for the error when the release fails."""


@asynccontextmanager
async def locked(
    client: Client, workspace: Workspace, options: LockOptions
) -> AsyncIterator[Lock]:
    """Hold the lock of a workspace, and release it at the end in any case.

    A cancellation never interrupts a request for the lock, which could take it unnoticed.
    Raises `StateLocked` with the holder when the lock is not free in time, and `LockError`
    when the release fails or the lock may have been taken unnoticed.
    """
    lock = Lock(_mark(options))
    if not options.lock:
        yield lock
        return
    problem: RemoteBackendError | None = None
    try:
        await _acquire(client, workspace, lock, options)
        yield lock
    except RemoteBackendError as error:
        problem = error
        raise
    finally:
        if lock.is_held and not lock.must_stay:
            with anyio.CancelScope(shield=True):
                await _release(client, workspace, lock, options, problem)
        elif lock.is_uncertain and problem is None:
            raise LockError(
                f"a request for the lock of {workspace.name} was interrupted, so the workspace "
                f"may be locked now ({lock.mark})",
                lock_id=_lock_id(client, workspace),
            )


async def break_lock(client: Client, workspace: Workspace) -> None:
    """Unlock a workspace by force, even when someone else holds the lock.

    Raises `StateError` when it is not locked.
    """
    try:
        await client.force_unlock_workspace(workspace.id)
    except ApiError as error:
        current = await client.find_workspace(workspace.name)
        if current is not None and not current.locked:
            raise StateError(f"{workspace.name} is not locked") from error
        raise


async def _acquire(
    client: Client, workspace: Workspace, lock: Lock, options: LockOptions
) -> None:
    with client.notices.waiting(
        f"the lock of {workspace.name}", limit_seconds=options.timeout_seconds or None
    ) as waiting:
        await _wait_for_lock(client, workspace, lock, options, waiting)


async def _wait_for_lock(
    client: Client, workspace: Workspace, lock: Lock, options: LockOptions, waiting: Wait
) -> None:
    began = anyio.current_time()
    wait_seconds = 1.0
    ambiguous_count = 0
    holder: Workspace | None = None
    while True:
        attempt = partial(_try_to_lock, client, workspace, lock)
        refused = await run_shielded(attempt, grace_seconds=_INTERRUPTED_SECONDS)
        if refused is None:
            return
        error, current = refused
        ambiguous_count += not isinstance(error, Conflict)
        remaining_seconds = options.timeout_seconds - (anyio.current_time() - began)
        if isinstance(error, Conflict) and remaining_seconds <= 0:
            raise await _locked_out(client, current, lock) from None
        if ambiguous_count >= _AMBIGUOUS_ATTEMPTS:
            raise LockError(
                f"it is unknown whether {workspace.name} is locked now: {error}; the lock may be "
                f"our own ({lock.mark})",
                lock_id=_lock_id(client, workspace),
            ) from error
        if holder is None and isinstance(error, Conflict):
            holder = await _holder(client, current)
            waiting.what = f"{workspace.name}, {holder.lock_text or 'which was locked'}"
        await options.sleep(
            wait_seconds if remaining_seconds <= 0 else min(wait_seconds, remaining_seconds)
        )
        wait_seconds = min(_LONGEST_LOCK_WAIT_SECONDS, wait_seconds * 2)


async def _try_to_lock(
    client: Client, workspace: Workspace, lock: Lock
) -> tuple[Exception, Workspace] | None:
    """Request the lock; return None when it is held, or the error and the workspace."""
    was_uncertain, lock.is_uncertain = lock.is_uncertain, True
    try:
        current = await client.lock_workspace(workspace.id, lock.mark)
        lock.is_held, lock.is_uncertain = True, False
        lock.is_marked = current.locked_reason == lock.mark
        return None
    except _UNSURE as error:
        if not isinstance(error, Conflict) and not may_have_happened(error):
            lock.is_uncertain = was_uncertain
            raise
        current = await client.find_workspace(workspace.name) or workspace
        lock.is_held = current.locked and current.locked_reason == lock.mark
        lock.is_marked = lock.is_held
        if lock.is_held or current.locked_reason:
            # The reason identifies the holder, so the outcome is known.
            lock.is_uncertain = False
        elif isinstance(error, Conflict):
            # This request did not take the lock, but an earlier one may have taken it.
            lock.is_uncertain = was_uncertain
        return None if lock.is_held else (error, current)


async def _release(
    client: Client,
    workspace: Workspace,
    lock: Lock,
    options: LockOptions,
    earlier: RemoteBackendError | None,
) -> None:
    wait_seconds, waited_seconds = 0.2, 0.0
    problem: Exception | None = None
    with (
        client.notices.waiting(
            f"the server to unlock {workspace.name}", limit_seconds=_UNLOCK_SECONDS
        ),
        anyio.move_on_after(_UNLOCK_SECONDS),
    ):
        while waited_seconds < _UNLOCK_SECONDS:
            is_late = waited_seconds >= _PATIENCE_SECONDS
            problem = await _try_to_unlock(client, workspace, lock, is_late=is_late)
            if problem is None:
                return
            if not _may_pass(problem):
                break
            await options.sleep(wait_seconds)
            waited_seconds += wait_seconds
            wait_seconds = min(_LONGEST_UNLOCK_WAIT_SECONDS, wait_seconds * 2)
    stays = f"{workspace.name} stays locked: {problem}"
    raise LockError(
        "; ".join(filter(None, [earlier.text if earlier else "", lock.stored_note, stays])),
        lock_id=_lock_id(client, workspace),
    ) from (earlier or problem)


async def _try_to_unlock(
    client: Client, workspace: Workspace, lock: Lock, *, is_late: bool
) -> Exception | None:
    """Release the lock; return None when it is not ours any more, or the error.

    Force is only used right after the lock was read with our mark: a state version whose
    upload was refused stays pending forever and prevents the release.
    """
    try:
        if is_late and await _bears_mark(client, workspace, lock):
            await client.force_unlock_workspace(workspace.id)
        else:
            await client.unlock_workspace(workspace.id)
        return None
    except _UNSURE as error:
        if not _is_unclear(error):
            return error
        problem = error
    # The response to an earlier release may have been lost, and others may hold the lock now.
    try:
        return problem if await _may_be_ours(client, workspace, lock) else None
    except _UNSURE:
        return problem


def _is_unclear(error: Exception) -> bool:
    """Whether the holder of the lock is unknown after a failed release."""
    return not is_state_version_pending(error) and (
        isinstance(error, Conflict) or may_have_happened(error)
    )


def _may_pass(error: Exception) -> bool:
    """Whether a release that failed may succeed later."""
    return (
        is_state_version_pending(error)
        or isinstance(error, Conflict)
        or may_have_happened(error)
    )


async def _bears_mark(client: Client, workspace: Workspace, lock: Lock) -> bool:
    current = await client.find_workspace(workspace.name)
    return current is not None and current.locked and current.locked_reason == lock.mark


async def _may_be_ours(client: Client, workspace: Workspace, lock: Lock) -> bool:
    current = await client.find_workspace(workspace.name)
    if current is None or not current.locked:
        return False
    if lock.is_marked:
        return current.locked_reason == lock.mark
    return current.locked_reason in (None, "", lock.mark)


async def _locked_out(client: Client, workspace: Workspace, lock: Lock) -> StateLocked:
    lock_id = _lock_id(client, workspace)
    holder = await _holder(client, workspace)
    reason = f" ({holder.locked_reason})" if holder.locked_reason else ""
    if holder.locked_by and holder.locked_by.startswith("run "):
        return LockedByRun(
            f"{workspace.name} is locked by {holder.locked_by}{reason}",
            lock_id=lock_id,
            advice="wait longer with timeout_seconds, or stop the run on the server",
        )
    by = holder.locked_by or "someone else"
    doubt = (
        "; the response to a request for the lock was lost, so it may also be our own"
        if lock.is_uncertain
        else ""
    )
    return StateLocked(
        f"{workspace.name} is locked by {by}{reason}{doubt}",
        lock_id=lock_id,
        advice="wait longer with timeout_seconds, or call break_lock if nobody works on it",
    )


async def _holder(client: Client, workspace: Workspace) -> Workspace:
    """Return the workspace with the holder of its lock, where that can be read."""
    try:
        return await client.find_lock_holder(workspace.name) or workspace
    except _UNSURE:
        return workspace


def _lock_id(client: Client, workspace: Workspace) -> str:
    return f"{client.organization}/{workspace.name}"


def _mark(options: LockOptions) -> str:
    return f"{options.operation} by {person()} with remote-backend ({secrets.token_hex(4)})"


def person() -> str:
    """Return the user and machine name, as the holder of a lock."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):
        name = "someone"
    return f"{name}@{socket.gethostname()}"
