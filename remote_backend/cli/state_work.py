"""What the commands about states share: whose state, under which lock, and what is saved."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio

from remote_backend.backend import Backend
from remote_backend.cli.arguments import Duration, flag, value
from remote_backend.cli.opening import opened_backend
from remote_backend.errors import StateError, StateUnconfirmed
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.locks import LockOptions

__all__ = (
    "lock_flags",
    "lock_options",
    "parse_shown",
    "read_state_file",
    "run_with_backend",
    "saved_when_doubtful",
)

Function = TypeVar("Function", bound=Callable[..., Any])

_ERRORED = "errored.tfstate"


def lock_flags(function: Function) -> Function:
    """Declare -lock and -lock-timeout."""
    function = flag("lock", "Lock the workspace meanwhile.", default=True)(function)
    return value(
        "lock-timeout",
        "How long to wait for the lock.",
        type=Duration(),
        default="0s",
        metavar="TIME",
    )(function)


def lock_options(given: dict[str, Any], operation: str) -> LockOptions:
    """Return what the flags of `lock_flags` say."""
    return LockOptions(
        lock=given["lock"], timeout_seconds=given["lock_timeout"], operation=operation
    )


def run_with_backend(directory: Path, work: Callable[[Backend], Awaitable[int]]) -> int:
    """Open the backend of a directory and do some work with it; return its exit code."""

    async def run() -> int:
        async with opened_backend(directory) as backend:
            return await work(backend)

    return anyio.run(run)


def read_state_file(path: Path, shown: str) -> StateFile:
    """Return the state in a file; raises `StateError` that names it as it is shown."""
    try:
        return parse_shown(path.read_bytes(), shown)
    except OSError as error:
        raise StateError(f"{shown} cannot be read: {error.strerror}") from None


def parse_shown(data: bytes, shown: str) -> StateFile:
    """Return a state from bytes; raises `StateError` that says where they came from."""
    try:
        return parse_state(data)
    except StateError as error:
        raise StateError(f"{shown}: {error}") from None


async def saved_when_doubtful(directory: Path, work: Awaitable[Any]) -> None:
    """Do some work; a state that may not have been stored is saved beside the configuration.

    Raises `StateError` that tells how to recover.
    """
    try:
        await work
    except StateUnconfirmed as error:
        path = _save(directory, error.state)
        raise StateError(
            f"{error}\nThe state is in {path}, and the workspace stays locked. When the server is "
            "well again: `remote-backend force-unlock ID` with the id that it tells, then "
            f"`remote-backend state push {path.name}`"
        ) from error


def _save(directory: Path, state: bytes) -> Path:
    number = 0
    while True:
        path = directory / (_ERRORED if not number else f"{_ERRORED}.{number}")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            descriptor = os.open(path, flags, 0o600)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(descriptor, "wb") as file:
            file.write(state)
            file.flush()
            os.fsync(file.fileno())
        return path
