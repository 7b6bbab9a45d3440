"""Names of keys, read from the bytes that a terminal sends for them."""

import re
from collections.abc import Iterator

__all__ = ("ESCAPE", "KeyReader")

ESCAPE = "escape"

_NAMES = {
    b"\r": "enter",
    b"\n": "enter",
    b"\x03": "ctrl-c",
    b"\x7f": "backspace",
    b"\x08": "backspace",
    b"\t": "tab",
}
# xterm's "PC-style function keys", in normal and in application mode:
# https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h3-PC-Style-Function-Keys
_SEQUENCES = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[C": "right",
    b"\x1b[D": "left",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1bOC": "right",
    b"\x1bOD": "left",
    b"\x1b[5~": "page-up",
    b"\x1b[6~": "page-down",
    b"\x1b[H": "home",
    b"\x1b[F": "end",
    b"\x1bOH": "home",
    b"\x1bOF": "end",
    b"\x1b[1~": "home",
    b"\x1b[4~": "end",
    b"\x1b[7~": "home",
    b"\x1b[8~": "end",
}
_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|\[\[[ -~])")
_BEGUN = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|O|\[\[)?\Z")


class KeyReader:
    """Turns bytes into names of keys: a character stands for itself, others have a word.

    Bytes of a key can come in several reads, so what may be the beginning of one is kept. A lone
    escape character is a key of its own, which only time shows: the caller calls `end_escape`
    when nothing has followed for a moment. Sequences that nobody knows are dropped whole, so that
    no part of them is taken for a key.
    """

    def __init__(self) -> None:
        self._kept = b""

    @property
    def waits(self) -> bool:
        """Whether the beginning of a key was read, and its rest may follow."""
        return bool(self._kept)

    def feed(self, data: bytes) -> Iterator[str]:
        """Give the keys that are complete."""
        data, self._kept = self._kept + data, b""
        while data:
            if data[:1] == b"\x1b":
                match = _SEQUENCE.match(data)
                if match is None and _BEGUN.match(data):
                    self._kept = data
                    return
                if match is None:
                    # Alt and a key, or Escape and a key that was typed very fast.
                    yield ESCAPE
                    data = data[1:]
                    continue
                if match[0] in _SEQUENCES:
                    yield _SEQUENCES[match[0]]
                data = data[match.end() :]
                continue
            size = _character_bytes(data[0])
            if size > len(data):
                self._kept = data
                return
            yield from _keys_of(data[:size])
            data = data[size:]

    def end_escape(self) -> Iterator[str]:
        """Give the escape key if only its character was read, and forget what was begun."""
        kept, self._kept = self._kept, b""
        if kept == b"\x1b":
            yield ESCAPE


def _character_bytes(first: int) -> int:
    if first < 0xC0:
        return 1
    return 2 if first < 0xE0 else 3 if first < 0xF0 else 4


def _keys_of(data: bytes) -> Iterator[str]:
    if data in _NAMES:
        yield _NAMES[data]
        return
    text = data.decode("utf-8", "ignore")
    if text and text.isprintable():
        yield text
