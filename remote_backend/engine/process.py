"""Run a program and stream its output; cancellation ends it with all its children."""

import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import anyio
from anyio.abc import Process

from remote_backend.errors import EngineError

__all__ = ("run_process",)

_SECONDS_TO_STOP = 5.0


async def run_process(
    command: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    write: Callable[[bytes], Awaitable[None]],
    with_errors: bool = True,
) -> int:
    """Run a program, pass its output to `write` as it arrives, and return the exit code.

    Standard error joins standard output, or is discarded. After a cancellation the program gets
    SIGINT, and five seconds later SIGKILL. Raises `EngineError` if it cannot be started.
    """
    try:
        process = await anyio.open_process(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if with_errors else subprocess.DEVNULL,
            cwd=folder,
            env=environ,
            # Ctrl-C in a terminal must reach the server alone, which then ends its programs in order.
            start_new_session=True,
        )
    except OSError as error:
        raise EngineError(f"{command[0]} cannot be started: {error.strerror}") from error
    try:
        assert process.stdout is not None
        async for data in process.stdout:
            await write(data)
        return await process.wait()
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)
            await process.aclose()


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    _signal(process, "SIGINT")
    with anyio.move_on_after(_SECONDS_TO_STOP):
        await process.wait()
    if process.returncode is None:
        _signal(process, "SIGKILL")
        await process.wait()


def _signal(process: Process, name: str) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, getattr(signal, name))
        else:
            process.kill()
    except ProcessLookupError:
        pass
