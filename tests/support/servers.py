"""Servers as fixtures, and time that does not pass."""

import asyncio
import selectors
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio import to_thread

from remote_backend.server.embedded import EmbeddedServer, ServerSettings, serve

__all__ = ("hosted", "listening", "replying", "run_virtually", "running_server")

Value = TypeVar("Value")


@asynccontextmanager
async def hosted(manager: AbstractAsyncContextManager[Value]) -> AsyncIterator[Value]:
    """Enter and leave a context manager in one task of its own.

    pytest-asyncio tears a fixture down in another task than it was set up in, and task
    groups must be left by the task that entered them.
    """
    entered: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
    leave = asyncio.Event()

    async def host() -> None:
        try:
            async with manager as value:
                entered.set_result(value)
                await leave.wait()
        except BaseException as error:
            if entered.done():
                raise
            entered.set_exception(error)

    task = asyncio.create_task(host())
    try:
        yield await entered
    finally:
        leave.set()
        await task


@asynccontextmanager
async def running_server(folder: Path, **settings: Any) -> AsyncIterator[EmbeddedServer]:
    """Run a server of the organization acme with simulated plans; change it by its settings."""
    usual = {"data": folder / "data", "organization": "acme", "engine": "simulated"}
    async with hosted(serve(ServerSettings(**{**usual, **settings}), {})) as server:
        yield server


class _JumpingSelector(selectors.SelectSelector):
    """Never waits for a timer: when nothing else is to be done, the time jumps to it."""

    now = 0.0
    threads: anyio.CapacityLimiter | None = None

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, or let the timeout pass at once."""
        if timeout and self.threads is not None and self.threads.borrowed_tokens:
            # A thread is at work, and its end is an event like any other.
            return super().select()
        ready = super().select(None if timeout is None else 0)
        if not ready and timeout is not None:
            self.now += max(0.0, timeout)
        return ready


class _VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop for programs that wait for minutes, in milliseconds."""

    def __init__(self) -> None:
        self.jumping = _JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self.jumping.now


def run_virtually(main: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
    """Run a coroutine function in virtual time and return its result."""

    async def run() -> Value:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _VirtualTimeLoop)
        loop.jumping.threads = to_thread.current_default_thread_limiter()
        return await main()

    with asyncio.Runner(loop_factory=_VirtualTimeLoop) as runner:
        return runner.run(run())


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def replying(*parts: bytes) -> Handler:
    """Return a handler that reads a head, writes some bytes as they are, and closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
        writer.close()

    return handle


@asynccontextmanager
async def listening(
    handle: Handler, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve raw connections on loopback; give the port."""

    tasks: set[asyncio.Task[None]] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handle(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has left
        except asyncio.CancelledError:
            # The test is over; asyncio would complain of a handler that says so.
            writer.transport.abort()
        finally:
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
