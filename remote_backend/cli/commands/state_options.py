"""What the commands about states share: whose state, under which lock, and what is saved."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio

from remote_backend.backend import Backend
from remote_backend.cli.commands.errored_state import keep_errored_state
from remote_backend.cli.hints import message_of
from remote_backend.cli.opening import opened_backend
from remote_backend.cli.output.screen import process_screen
from remote_backend.cli.output.streams import write_bytes
from remote_backend.cli.signals import run_interruptibly
from remote_backend.cli.terraform_flags import Duration, flag, value
from remote_backend.errors import StateError, StateUnconfirmed
from remote_backend.formats.ansi import physical_lines
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.locks import LockOptions

__all__ = (
    "for_each_workspace",
    "lock_flags",
    "lock_options",
    "parse_named_state",
    "read_state_file",
    "run_with_backend",
    "saved_when_doubtful",
    "with_workspace",
)

Function = TypeVar("Function", bound=Callable[..., Any])
Value = TypeVar("Value")


def lock_flags(function: Function) -> Function:
    """Declare -lock and -lock-timeout."""
    function = flag("lock", "Take no lock.", default=True)(function)
    return value(
        "lock-timeout",
        "How long to wait for the lock.",
        type=Duration(),
        default="0s",
        metavar="TIME",
    )(function)


def lock_options(flags: dict[str, Any], operation: str) -> LockOptions:
    """Return what the flags of `lock_flags` say."""
    return LockOptions(
        lock=flags["lock"], timeout_seconds=flags["lock_timeout"], operation=operation
    )


def run_with_backend(
    directory: Path, work: Callable[[Backend], Awaitable[int]], *, locks: bool = False
) -> int:
    """Open the backend of a directory and do some work with it; return its exit code.

    `locks` says that the work changes something under a lock, so that a signal is answered with
    what becomes of that.
    """
    codes: list[int] = []

    async def run() -> int:
        async with opened_backend(directory) as backend:
            codes.append(await work(backend))
        return codes[0]

    code = anyio.run(partial(run_interruptibly, run, announces=locks))
    # A signal that came while connections were closed has stopped nothing.
    return codes[0] if codes else code


def for_each_workspace(
    results: Mapping[str, Value | StateError], write: Callable[[str, Value], None]
) -> int:
    """Write what was found of each workspace; return 1 when something could not be, else 0.

    Errors, also those that `write` raises, are reported with the name of their workspace.
    """
    code = 0
    for short, result in results.items():
        try:
            if isinstance(result, StateError):
                raise result
            write(short, result)
        except StateError as error:
            process_screen().note(f"{short}: {message_of(error)}")
            code = 1
    return code


def with_workspace(short: str, text: str) -> str:
    """Return a text with the name of its workspace before each line that a terminal shows."""
    return "\n".join(f"{short} | {line}" for line in physical_lines(text))


def read_state_file(path: Path, display_name: str) -> StateFile:
    """Return the state in a file; raises `StateError` that names it as it is shown."""
    try:
        return parse_named_state(path.read_bytes(), display_name)
    except OSError as error:
        raise StateError(f"{display_name} cannot be read: {error.strerror}") from None


def parse_named_state(data: bytes, display_name: str) -> StateFile:
    """Return a state from bytes; raises `StateError` that says where they came from."""
    try:
        return parse_state(data)
    except StateError as error:
        raise StateError(f"{display_name}: {error}") from None


async def saved_when_doubtful(directory: Path, work: Awaitable[Any]) -> None:
    """Do some work; a state that may not have been stored is kept in the directory of the configuration.

    Where no file can be written it goes to standard output. Raises `StateError` that says what
    is in doubt and how to recover, whatever else fails.
    """
    try:
        await work
    except StateUnconfirmed as error:
        raise StateError(f"{message_of(error)}\n{_kept(directory, error)}") from None


def _kept(directory: Path, error: StateUnconfirmed) -> str:
    """Keep a state somewhere and return where it is and how to go on."""
    unlock = (
        f"`remote-backend force-unlock {error.lock_id}`, then " if error.lock_id else ""
    )
    push = f"When the server is well again: {unlock}`remote-backend state push"
    try:
        path = keep_errored_state(directory, error.state)
        return f"The state is in {path}. {push} {path.name}`"
    except OSError as problem:
        refused = (
            f"The state could not be written to a file ({problem.strerror or problem})"
        )
    try:
        write_bytes(error.state)
        return f"{refused}; it stands on standard output. Put it into a file. {push} FILE`"
    except OSError as problem:
        return f"{refused}, nor to standard output ({problem.strerror or problem}); it is lost here"
