"""Commands and servers as processes that can be killed."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import Process

from tests.support.paths import REPOSITORY


@asynccontextmanager
async def planning(
    command: list[str], directory: Path, environ: dict[str, str]
) -> AsyncIterator[Process]:
    """Run a command line as a process that can be killed."""
    environ = {**environ, "PYTHONPATH": str(REPOSITORY)}
    async with await anyio.open_process(command, cwd=directory, env=environ) as process:
        yield process


@asynccontextmanager
async def server_process(folder: Path, port: int) -> AsyncIterator[tuple[Process, Path]]:
    """Run a server as a process and give it, and its ready file, once it serves."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    command = [
        *(sys.executable, "-m", "remote_backend", "serve", "-engine=simulated"),
        *(f"-data={folder / 'data'}", f"-listen=127.0.0.1:{port}", "-workers=20"),
        *(f"-seed={folder / 'seed.json'}", f"-ready-file={ready}"),
    ]
    async with planning(command, folder, {"HOME": str(folder), "PATH": ""}) as process:
        with anyio.fail_after(60):
            while not ready.exists():  # noqa: ASYNC110 # another process writes it
                await anyio.sleep(0.01)
        yield process, ready
        if process.returncode is None:
            process.kill()
