"""An event queue that never blocks the sender; log chunks beyond 4 MiB wait in a temporary file.

An event is queued in memory, or, if it is a log chunk, spooled: its bytes are in the file and
the queue holds their position. The first chunk that exceeds the memory limit starts spooling.
From then on every chunk is spooled until the last spooled one has been read; then the file is
truncated and chunks are kept in memory again. A chunk that cannot be written to the file stays
in memory, and a warning is queued once for each text.

`put` and `close` set `_changed`. `get` replaces it just before it waits, with no await in
between, so that no event is missed. The queue is open until `close`; after that `get` returns
the remaining events and then None. Only one task can wait in `get`.

Invariant: `_events` holds all waiting events in the order in which they were put, wherever
their bytes are; `_in_memory` counts the bytes of the chunks in memory and `_spooled` counts
the chunks in the file.
"""

import tempfile
from collections import deque
from types import TracebackType
from typing import IO

import anyio
from attrs import frozen

from remote_backend.events import Event, LogChunkRead, WarningRaised

__all__ = ("EventQueue",)

_BYTES_IN_MEMORY = 4 << 20


@frozen
class _Spooled:
    """A log chunk that waits in the file."""

    workspace: str
    start: int
    length: int


class EventQueue:
    """A queue of events that never blocks the sender.

    Log chunks beyond a few megabytes wait in a file without a name, which the operating system
    deletes with the process; if no file can be written, they wait in memory.
    """

    def __init__(self, bytes_in_memory: int = _BYTES_IN_MEMORY) -> None:
        self._limit = bytes_in_memory
        self._events: deque[Event | _Spooled] = deque()
        self._in_memory = 0
        self._spool: IO[bytes] | None = None
        self._spool_end = 0
        self._spooled = 0
        self._changed = anyio.Event()
        self._closed = False
        self._has_reader = False
        self._warnings: set[str] = set()

    def __enter__(self) -> "EventQueue":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._spool is not None:
            self._spool.close()

    def put(self, event: Event) -> None:
        """Add an event."""
        if not isinstance(event, LogChunkRead):
            self._events.append(event)
        elif self._spooled or self._in_memory + len(event.data) > self._limit:
            # While a chunk waits in the file, later ones are appended to it, so they stay in order.
            self._events.append(self._spool_chunk(event))
        else:
            self._in_memory += len(event.data)
            self._events.append(event)
        self._changed.set()

    def put_if_idle(self, event: Event) -> None:
        """Add an event that may be dropped, unless others wait already."""
        if not self._events:
            self.put(event)

    def warn(self, text: str) -> None:
        """Add a warning, unless the same one was added before."""
        if text not in self._warnings:
            self._warnings.add(text)
            self.put(WarningRaised(text))

    def close(self) -> None:
        """Mark the end: no event follows."""
        self._closed = True
        self._changed.set()

    async def get(self) -> Event | None:
        """Wait for the next event; return None when there are no more.

        Raises `RuntimeError` while another task waits: each would miss the events of the other.
        """
        if self._has_reader:
            raise RuntimeError(
                "the events of a batch can be read once at a time; another task is reading them"
            )
        self._has_reader = True
        try:
            while not self._events:
                if self._closed:
                    return None
                self._changed = anyio.Event()
                await self._changed.wait()
        finally:
            self._has_reader = False
        event = self._events.popleft()
        if isinstance(event, _Spooled):
            return self._unspool(event)
        if isinstance(event, LogChunkRead):
            self._in_memory -= len(event.data)
        return event

    def _spool_chunk(self, event: LogChunkRead) -> LogChunkRead | _Spooled:
        """Write a log chunk to the file; if that fails it stays in memory."""
        try:
            if self._spool is None:
                # Without a buffer, because a chunk would be lost if its buffer could not be written.
                self._spool = tempfile.TemporaryFile(
                    prefix="remote-backend-log-", buffering=0
                )
            self._spool.seek(self._spool_end)
            unwritten = memoryview(event.data)
            while unwritten:
                unwritten = unwritten[self._spool.write(unwritten) :]
        except OSError as error:
            self._in_memory += len(event.data)
            self.warn(
                "logs that wait to be read are kept in memory, because no temporary file can "
                f"be written: {error.strerror}"
            )
            return event
        spooled = _Spooled(event.workspace, self._spool_end, len(event.data))
        self._spool_end += len(event.data)
        self._spooled += 1
        return spooled

    def _unspool(self, spooled: _Spooled) -> LogChunkRead:
        assert self._spool is not None
        self._spool.seek(spooled.start)
        data = b""
        while len(data) < spooled.length and (
            part := self._spool.read(spooled.length - len(data))
        ):
            data += part
        self._spooled -= 1
        if not self._spooled:
            self._spool.truncate(0)
            self._spool_end = 0
        return LogChunkRead(spooled.workspace, data)
