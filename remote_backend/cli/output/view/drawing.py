"""Lines that are drawn in place at the end of a terminal, and a whole screen beside them.

The cursor stands at the end of the last line of the drawing. Only lines that have changed are
sent, and the terminal is asked to show all of them at once, so nothing flickers. After another
size the lines of the old drawing have been wrapped in ways that nobody knows, so the screen is
cleared then.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

__all__ = ("Drawing",)

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronized output; terminals that do not know it ignore it:
https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036"""

_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_ALTERNATE, _NORMAL = "\x1b[?1049h", "\x1b[?1049l"
_CLEAR_LINE, _CLEAR_BELOW, _CLEAR_ALL = "\x1b[K", "\x1b[J", "\x1b[H\x1b[J"


class Drawing:
    """Draws on a terminal; `size` returns its columns and lines."""

    def __init__(self, stream: TextIO, size: Callable[[], tuple[int, int]]) -> None:
        self._stream = stream
        self._size = size
        self._lines: list[str] = []
        self._drawn_size: tuple[int, int] | None = None
        self._is_open = False
        self._is_full_screen = False

    def update(self, lines: Sequence[str], *, full_screen: bool = False) -> None:
        """Draw lines in the place of those before; each has to fit the width."""
        size = self._size()
        parts = [_BEGIN] if self._is_open else [_BEGIN, _HIDE_CURSOR]
        self._is_open = True
        if full_screen != self._is_full_screen:
            parts.append(self._switch_screen(full_screen))
        elif self._drawn_size not in (None, size):
            parts.append(_CLEAR_ALL)
            self._lines = []
        parts += [*self._to_start(), *self._changed(lines), _END]
        self._lines, self._drawn_size = list(lines), size
        self._write("".join(parts))

    def above(self, lines: Iterable[str]) -> None:
        """Write lines that stay, above the drawing."""
        text = "".join(f"{line}{_CLEAR_LINE}\n" for line in lines)
        if self._is_full_screen or not self._is_open:
            # They come when the whole screen is left.
            self._write(text if not self._is_open else "")
            return
        kept = self._lines
        self._write("".join([_BEGIN, *self._to_start(), _CLEAR_BELOW, text]))
        self._lines = []
        self.update(kept)

    def clear(self) -> None:
        """Take the drawing away and show the cursor again; nothing remains of it."""
        if not self._is_open:
            return
        parts = [self._switch_screen(False)] if self._is_full_screen else []
        self._write("".join([*parts, *self._to_start(), _CLEAR_BELOW, _SHOW_CURSOR]))
        self._lines, self._is_open, self._drawn_size = [], False, None

    @property
    def is_full_screen(self) -> bool:
        """Whether the whole screen is used."""
        return self._is_full_screen

    def _switch_screen(self, full_screen: bool) -> str:
        self._is_full_screen = full_screen
        if full_screen:
            # What is drawn below stays on the normal screen, and is taken away there first.
            text = "".join([*self._to_start(), _CLEAR_BELOW, _ALTERNATE, _CLEAR_ALL])
        else:
            text = _NORMAL
        self._lines = []
        return text

    def _to_start(self) -> list[str]:
        up = len(self._lines) - 1
        return ["\r", f"\x1b[{up}A" if up > 0 else ""]

    def _changed(self, lines: Sequence[str]) -> list[str]:
        parts: list[str] = []
        for at, line in enumerate(lines):
            if at:
                parts.append("\r\n")
            if at >= len(self._lines) or self._lines[at] != line:
                parts.append(line + _CLEAR_LINE)
            elif at == len(lines) - 1:
                # The cursor has to end behind the last line, as it did before.
                parts.append(line)
        if len(self._lines) > len(lines):
            parts.append(_CLEAR_BELOW)
        return parts

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
