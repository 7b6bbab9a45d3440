"""Keys of a terminal, as they are pressed."""

import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

import anyio

from remote_backend.cli.output.view.keys import KeyReader

__all__ = ("read_keys",)

_ESCAPE_SECONDS = 0.05
"""How long the rest of a sequence is waited for; terminals send it in one piece."""

_WINDOWS_PAUSE_SECONDS = 0.05
_BLOCK_BYTES = 1024


async def read_keys(stream: TextIO, press: Callable[[str, bool], None]) -> None:
    """Give every key until the stream ends, and whether it was read alone.

    The terminal has to be in a mode that gives keys one by one.
    """
    if sys.platform == "win32":
        await _read_console(press)
        return
    reader = KeyReader()
    descriptor = stream.fileno()
    while True:
        if not await _has_more(descriptor, reader):
            keys = list(reader.end_escape())
        else:
            try:
                data = os.read(descriptor, _BLOCK_BYTES)
            except OSError:
                # The terminal has hung up.
                return
            if not data:
                return
            keys = list(reader.feed(data))
        for key in keys:
            press(key, len(keys) == 1)


async def _has_more(descriptor: int, reader: KeyReader) -> bool:
    """Wait for bytes; return False if the beginning of a key was all there is."""
    if not reader.waits:
        await anyio.wait_readable(descriptor)
        return True
    with anyio.move_on_after(_ESCAPE_SECONDS) as scope:
        await anyio.wait_readable(descriptor)
    return not scope.cancelled_caught


async def _read_console(press: Callable[[str, bool], None]) -> None:
    """Poll the console of Windows, which cannot be waited for."""
    import msvcrt

    console: Any = msvcrt
    reader = KeyReader()
    while True:
        await anyio.sleep(_WINDOWS_PAUSE_SECONDS)
        data = b""
        while console.kbhit():
            data += _sequence_of(console.getwch(), console)
        keys = [*reader.feed(data), *reader.end_escape()]
        for key in keys:
            press(key, len(keys) == 1)


_SCAN_CODES = {
    "H": b"\x1b[A",
    "P": b"\x1b[B",
    "I": b"\x1b[5~",
    "Q": b"\x1b[6~",
    "G": b"\x1b[H",
    "O": b"\x1b[F",
}
"""What Windows gives for keys without a character, behind a zero or U+00E0."""


def _sequence_of(character: str, console: Any) -> bytes:
    if character in ("\x00", "\xe0"):
        return _SCAN_CODES.get(console.getwch(), b"")
    return character.encode("utf-8", "ignore")
