"""Bodies have limits on size, pace and silence, whatever their headers announce."""

import asyncio
import gzip
import zlib
from pathlib import Path

import aiohttp
import pytest
from attrs import evolve

from remote_backend.api.messages import FileBody, Request, Response
from remote_backend.api.transport.bodies import UnreadableBody, read_body
from remote_backend.api.transport.session import open_transport
from remote_backend.api.transport_settings import TransportSettings
from remote_backend.errors import TransportError
from remote_backend.models.addresses import PublicUrl, SignedUrl
from tests.support.servers import Handler, listening, replying

SETTINGS = TransportSettings(user_agent="tests", read_seconds=5)
TEXT = b"one line of a log\n" * 1000


def answering(body: bytes, *headers: str, length: str | None = None) -> Handler:
    """Return a handler that responds with a body and an announced length."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {length or len(body)}", *headers, "", ""]
    return replying("\r\n".join(lines).encode(), body)


async def read(handle: Handler, *, max_bytes: int = 1 << 20) -> Response:
    """Return the response of a handler."""
    async with listening(handle) as port, open_transport(SETTINGS) as transport:
        target = PublicUrl(f"http://127.0.0.1:{port}/x")
        return await transport.send(
            Request(method="GET", target=target, max_bytes=max_bytes)
        )


def deflated(data: bytes) -> bytes:
    """Return data in the form that HTTP calls deflate."""
    return zlib.compress(data)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TEXT, "identity"),
        (gzip.compress(TEXT, mtime=0), "gzip"),
        (gzip.compress(TEXT, mtime=0), "GZIP "),
        (gzip.compress(TEXT[:50], mtime=0) + gzip.compress(TEXT[50:], mtime=0), "x-gzip"),
        (deflated(TEXT), "deflate"),
    ],
)
async def test_a_compressed_body_is_read(body: bytes, encoding: str) -> None:
    """To its end, even if it has several members."""
    answer = await read(answering(body, f"Content-Encoding: {encoding}"))

    assert answer.body == TEXT


async def test_an_empty_body_needs_no_compression() -> None:
    """Some servers name an encoding for an empty body."""
    assert (await read(answering(b"", "Content-Encoding: gzip"))).body == b""


@pytest.mark.parametrize(
    ("handle", "text"),
    [
        (answering(b"x" * 2048), "more than 1 KiB"),
        (answering(b"x", length=str(10**12)), "more than 1 KiB"),
        (answering(b"x", length=str(10**19)), "more than 1 KiB"),
        (replying(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 2048), "more than 1 KiB"),
        (
            answering(gzip.compress(bytes(1 << 22), mtime=0), "Content-Encoding: gzip"),
            "more than 1",
        ),
        (answering(b"no gzip", "Content-Encoding: gzip"), "not compressed as it says"),
        (answering(b"x", "Content-Encoding: br"), "compressed as 'br'"),
        (replying(b"not HTTP at all\r\n\r\n"), "invalid HTTP"),
        (answering(b"x", length="-5"), "invalid HTTP"),
    ],
)
async def test_a_response_that_cannot_be_read_is_permanent(
    handle: Handler, text: str
) -> None:
    """It is too large or garbled, its host is named, and there is no retry (L1, M8)."""
    with pytest.raises(TransportError, match=text) as caught:
        await read(handle, max_bytes=1024)

    assert caught.value.is_permanent and caught.value.may_have_happened
    assert "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize(
    "handle",
    [
        answering(b"half", length="8"),
        answering(gzip.compress(TEXT, mtime=0)[:40], "Content-Encoding: gzip"),
    ],
)
async def test_half_a_body_is_never_taken_for_a_whole_one(handle: Handler) -> None:
    """Even if only the compression shows that the end is missing."""
    with pytest.raises(TransportError, match="broke") as caught:
        await read(handle)

    assert not caught.value.is_permanent


async def test_a_response_that_trickles_ends() -> None:
    """A byte from time to time keeps a connection alive, and would never end it (M8)."""
    parts = [b"x" * 1000] * 10
    times = iter([0.0, 100.0, 301.0, 303.0, 305.0])

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        while parts:
            writer.write(parts.pop())
            await writer.drain()
            await turn.wait()
            turn.clear()

    def clock() -> float:
        turn.set()
        return next(times)

    turn = asyncio.Event()
    async with (
        listening(handle) as port,
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(f"http://127.0.0.1:{port}/") as answer,
    ):
        with pytest.raises(UnreadableBody, match="only 4000 bytes of it came in 305 s"):
            await read_body(answer, 1 << 20, clock=clock)


async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the head of a request and nothing else."""
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.Event().wait()


@pytest.mark.parametrize("is_file", [True, False])
async def test_an_upload_without_progress_ends(is_file: bool, tmp_path: Path) -> None:
    """The limit applies to silence, and only large bodies can be silent (P48, M8)."""
    size = 16 << 20
    path = tmp_path / "archive"
    path.write_bytes(bytes(size))
    body = FileBody(path, size) if is_file else bytes(size)
    async with (
        listening(drop) as port,
        open_transport(evolve(SETTINGS, upload_seconds=0.2)) as transport,
    ):
        target = SignedUrl(f"http://127.0.0.1:{port}/x")
        with pytest.raises(TransportError, match="no progress for 0.2 s") as caught:
            await transport.send(Request(method="PUT", target=target, body=body))

    assert caught.value.may_have_happened


async def test_an_upload_may_take_longer_than_a_response(tmp_path: Path) -> None:
    """Each sent piece counts as progress, and the response has the same time (P48)."""
    size = 8 << 20
    path = tmp_path / "archive"
    path.write_bytes(bytes(size))

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(size)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    settings = evolve(SETTINGS, read_seconds=1e-4, upload_seconds=5)
    async with listening(take) as port, open_transport(settings) as transport:
        target = SignedUrl(f"http://127.0.0.1:{port}/x")
        request = Request(method="PUT", target=target, body=FileBody(path, size))
        assert (await transport.send(request)).status == 200
