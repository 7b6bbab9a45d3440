"""The events of a batch so far, in a file, for readers who come late or read slowly."""

import tempfile
from collections.abc import AsyncIterator

import anyio
from attrs import frozen

__all__ = ("Line", "StoryFile")

_MOST_AT_ONCE = 1 << 16


@frozen
class Line:
    """One line of a story, and the place at which the next one begins."""

    text: bytes
    end: int


class StoryFile:
    """Lines that are written once and read by many, each at a pace of its own.

    Nothing is kept in memory, so a reader that stalls costs nothing, and one that comes back
    goes on at the place it names. The file has no name and goes away with the process.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="remote-backend-story-")
        self._size = 0
        self._is_over = False
        self._grown = anyio.Event()

    def close(self) -> None:
        """Drop the lines; readers that are not at the end read no further."""
        self.end()
        self._file.close()

    def write(self, line: str) -> None:
        """Add a line."""
        data = line.encode() + b"\n"
        self._file.seek(self._size)
        self._file.write(data)
        self._size += len(data)
        self._tell()

    def end(self) -> None:
        """Say that no line will follow."""
        self._is_over = True
        self._tell()

    async def lines(self, start: int = 0) -> AsyncIterator[Line]:
        """Give the lines from a place on, those to come as they come, until the end."""
        place, rest = min(max(0, start), self._size), b""
        while True:
            if place + len(rest) >= self._size:
                if self._is_over:
                    return
                await self._grown.wait()
                continue
            if self._file.closed:
                return
            self._file.seek(place + len(rest))
            rest += self._file.read(min(_MOST_AT_ONCE, self._size - place - len(rest)))
            *lines, rest = rest.split(b"\n")
            for text in lines:
                place += len(text) + 1
                yield Line(text, place)

    def _tell(self) -> None:
        self._grown.set()
        self._grown = anyio.Event()
