"""Bodies of requests and responses: in pieces, with limits on size, speed and silence."""

import os
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import anyio

from remote_backend.api.messages import FileBody

__all__ = ("CutBody", "UnreadableBody", "is_streamed", "open_body", "read_body")

_BLOCK_BYTES = 1 << 16
# Any response may take this long; a longer one must keep this average pace.
_SLOW_SECONDS = 300.0
_SLOWEST_BYTES_PER_SECOND = 1000
# With this window zlib accepts the headers of gzip and of zlib.
_ANY_HEADER = 47
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})


class UnreadableBody(Exception):
    """A body cannot be read, and a retry would not help."""


class CutBody(Exception):
    """A compressed body ended early."""


async def read_body(
    response: aiohttp.ClientResponse,
    max_bytes: int,
    *,
    clock: Callable[[], float] = anyio.current_time,
) -> bytes:
    """Read a body to its end and decompress it.

    Raises `UnreadableBody` when it has more than `max_bytes`, cannot be decompressed, or
    trickles in; `CutBody` when it is compressed and ends early.
    """
    length = response.content_length
    if length is not None and length > max_bytes:
        raise UnreadableBody(_too_large(max_bytes))
    inflater = _inflater_of(response.headers.get("Content-Encoding", ""), max_bytes)
    content = response.content
    began: float | None = None
    size = 0
    parts: list[bytes] = []
    while part := await content.readany():
        size += len(part)
        if inflater is None and size > max_bytes:
            raise UnreadableBody(_too_large(max_bytes))
        parts.append(inflater.feed(part) if inflater else part)
        if content.at_eof():
            break
        # Most responses come in one part, for which the clock is not read.
        began = clock() if began is None else began
        _require_progress(size, clock() - began)
    if inflater is not None and size:
        inflater.finish()
    return b"".join(parts)


def is_streamed(body: bytes | FileBody | None) -> bool:
    """Return whether a request body is sent in pieces, each of which counts as progress."""
    return isinstance(body, FileBody) or (body is not None and len(body) > _BLOCK_BYTES)


@asynccontextmanager
async def open_body(
    body: bytes | FileBody | None, headers: dict[str, str], on_part_sent: Callable[[], None]
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Open a body that is sent in pieces; `on_part_sent` is called before each piece."""
    if not isinstance(body, FileBody):
        body = body or b""
        headers["Content-Length"] = str(len(body))
        yield _parts(body, on_part_sent)
        return
    headers["Content-Length"] = str(body.size_bytes)
    # Closed here, because aiohttp stops reading after the announced length.
    async with await anyio.open_file(os.fspath(body.path), "rb") as file:
        yield _blocks(file, body, on_part_sent)


async def _parts(body: bytes, on_part_sent: Callable[[], None]) -> AsyncIterator[bytes]:
    # A single piece would be copied into the buffer of the connection.
    for start in range(0, len(body), _BLOCK_BYTES):
        on_part_sent()
        yield body[start : start + _BLOCK_BYTES]
    on_part_sent()


async def _blocks(
    file: anyio.AsyncFile[bytes], body: FileBody, on_part_sent: Callable[[], None]
) -> AsyncIterator[bytes]:
    sent = 0
    while block := await file.read(_BLOCK_BYTES):
        on_part_sent()
        sent += len(block)
        yield block
        if body.progress is not None:
            body.progress(sent)
    on_part_sent()


class _Inflater:
    """Decompresses gzip or zlib data piece by piece, up to a size."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._left = max_bytes
        self._member = zlib.decompressobj(_ANY_HEADER)

    def feed(self, data: bytes) -> bytes:
        """Return the next part."""
        parts: list[bytes] = []
        try:
            while data:
                if self._member.eof:
                    self._member = zlib.decompressobj(_ANY_HEADER)
                parts.append(self._member.decompress(data, self._left + 1))
                self._left -= len(parts[-1])
                if self._left < 0:
                    raise UnreadableBody(_too_large(self._max_bytes))
                data = self._member.unused_data
        except zlib.error:
            raise UnreadableBody("it is not compressed as it says") from None
        return b"".join(parts)

    def finish(self) -> None:
        """Raise `CutBody` when the end is missing."""
        if not self._member.eof:
            raise CutBody


def _inflater_of(encoding: str, max_bytes: int) -> _Inflater | None:
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding in _COMPRESSED:
        return _Inflater(max_bytes)
    raise UnreadableBody(f"it is compressed as {encoding[:20]!r}, which was not requested")


def _require_progress(size: int, seconds: float) -> None:
    if seconds > _SLOW_SECONDS + size / _SLOWEST_BYTES_PER_SECOND:
        raise UnreadableBody(f"only {size} bytes of it came in {seconds:.0f} s")


def _too_large(max_bytes: int) -> str:
    return f"it has more than {max_bytes >> 10} KiB"
