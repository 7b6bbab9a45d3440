"""Run a program and stream its output; cancellation ends it with all its children."""

import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import anyio
from anyio.abc import Process

from remote_backend.engine.process_marker import process_marker, write_process_id
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
    marker: Path | None = None,
) -> int:
    """Run a program, pass its output to `write` as it arrives, and return the exit code.

    Standard error joins standard output, or is discarded. After a cancellation the program gets
    SIGINT, and five seconds later SIGKILL. By the file `marker` a later server finds the program
    if this one is killed. Raises `EngineError` if it cannot be started.
    """
    process = await _start(
        command,
        folder,
        environ,
        marker,
        subprocess.STDOUT if with_errors else subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async for data in process.stdout:
            await write(data)
        return await process.wait()
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)
            await process.aclose()


async def _start(
    command: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    marker: Path | None,
    stderr: int,
) -> Process:
    with process_marker(marker) as descriptor:
        try:
            process = await anyio.open_process(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=folder,
                env=environ,
                # Ctrl-C in a terminal must reach the server alone, which then ends its programs in order.
                start_new_session=True,
                pass_fds=() if descriptor is None else (descriptor,),
            )
        except OSError as error:
            raise EngineError(
                f"{command[0]} cannot be started: {error.strerror}"
            ) from error
        if descriptor is not None:
            write_process_id(descriptor, process.pid)
        return process


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
