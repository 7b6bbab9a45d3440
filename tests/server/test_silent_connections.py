"""Clients that stop sending lose their connections, and slow ones keep them."""

import asyncio
from collections.abc import AsyncIterator

import anyio
import pytest
from aiohttp import web
from attrs import frozen

from remote_backend.server.silent_connections import SilentConnections


@frozen
class Site:
    """A server that returns how long a body is, and what watches its connections."""

    silent: SilentConnections
    runner: web.AppRunner
    port: int
    began: asyncio.Event

    async def connect(
        self, data: bytes
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection that the server has accepted, and send something."""
        count = len(self.connections())
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        with anyio.fail_after(10):
            while len(self.connections()) == count:
                await anyio.lowlevel.checkpoint()
        return reader, writer

    def connections(self) -> list[web.RequestHandler]:
        """Return the open connections."""
        assert self.runner.server is not None
        return self.runner.server.connections

    def check(self) -> None:
        """Check connections once."""
        self.silent.close_silent(self.connections())


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Wait for the end of a connection; return whether it came without a byte."""
    with anyio.fail_after(10):
        try:
            return await reader.read() == b""
        except ConnectionResetError:
            # Bytes that the server had not read make an end a reset.
            return True


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Run the server."""
    silent, began = SilentConnections(), asyncio.Event()

    async def count(request: web.Request) -> web.Response:
        began.set()
        return web.Response(text=str(len(await request.read())))

    app = web.Application(middlewares=[silent.middleware])
    app.router.add_route("*", "/", count)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Site(silent, runner, runner.addresses[0][1], began)
    await runner.cleanup()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_half_a_head_is_closed_at_the_second_check(site: Site, sent: bytes) -> None:
    """At the first one the connection may be new."""
    reader, writer = await site.connect(sent)
    site.check()
    before = len(site.connections())
    site.check()

    assert before == 1
    assert await is_closed(reader)
    writer.close()


async def test_a_body_that_stops_is_closed(site: Site) -> None:
    """One that grows between two checks is not."""
    reader, writer = await site.connect(
        b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
    )
    await site.began.wait()
    (body,) = site.silent._bodies
    site.check()
    writer.write(b"def")
    with anyio.fail_after(10):
        while body.request.content.total_bytes < 6:
            await anyio.lowlevel.checkpoint()
    site.check()
    is_open_after_growth = len(site.connections()) == 1
    site.check()

    assert is_open_after_growth
    assert await is_closed(reader)
    writer.close()


async def test_a_connection_that_sends_requests_stays(site: Site) -> None:
    """Idle time between requests is a matter of aiohttp."""
    reader, writer = await site.connect(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    for _ in range(3):
        site.check()

    assert len(site.connections()) == 1
    writer.close()


async def test_connections_are_checked_until_the_end(site: Site) -> None:
    """Every half minute."""
    sleeps: list[float] = []

    async def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        if len(sleeps) == 3:
            raise InterruptedError

    reader, writer = await site.connect(b"GET")
    with pytest.raises(InterruptedError):
        await SilentConnections(sleep=sleep).watch(site.connections)

    assert sleeps == [30.0] * 3
    assert await is_closed(reader)
    writer.close()
