"""What the commands about states share: whose state, under which lock, and what is saved."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
import click

from remote_backend.backend import Backend, open_backend
from remote_backend.cli.arguments import Duration, flag, value
from remote_backend.errors import StateError, StateUnconfirmed
from remote_backend.state.storage import LockOptions

__all__ = ("lock_flags", "lock_options", "run_with_backend", "saved_when_doubtful")

Function = TypeVar("Function", bound=Callable[..., Any])

_ERRORED = "errored.tfstate"


def lock_flags(function: Function) -> Function:
    """Declare -lock and -lock-timeout."""
    function = flag("lock", "Lock the workspace while its state changes.", default=True)(
        function
    )
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


def run_with_backend(
    directory: Path, work: Callable[[Backend], Awaitable[int]], *, warn: bool = True
) -> int:
    """Open the backend of a directory and do some work with it; return its exit code."""

    async def run() -> int:
        async with open_backend(directory) as backend:
            for warning in backend.connection.warnings if warn else ():
                click.echo(f"Warning: {warning}", err=True)
            return await work(backend)

    return anyio.run(run)


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
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(descriptor, "wb") as file:
            file.write(state)
            file.flush()
            os.fsync(file.fileno())
        return path
