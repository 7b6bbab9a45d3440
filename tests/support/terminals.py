"""A process in a pseudo terminal, seen by a terminal emulator."""

import os
import select
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyte

__all__ = ("Terminal",)


class _Screen(pyte.HistoryScreen):
    """Shows dim text as bright black, because pyte does not know it."""

    def select_graphic_rendition(self, *codes: int, **options: Any) -> None:
        """Set colors and styles for what follows."""
        super().select_graphic_rendition(
            *(90 if code == 2 else code for code in codes), **options
        )


class Terminal:
    """A process in a terminal of some size, and what a person sees of it."""

    def __init__(
        self, command: list[str], cwd: Path, environ: dict[str, str], size: tuple[int, int]
    ) -> None:
        import fcntl
        import pty
        import termios

        columns, lines = size
        self.screen = _Screen(columns, lines, history=5000, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self._file, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        self.raw = b""

    def read(self) -> bool:
        """Read what comes next; return False at the end."""
        try:
            data = os.read(self._file, 1 << 16)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def has_more(self, seconds: float) -> bool:
        """Wait at most so long for something to read; return whether there is anything."""
        return bool(select.select([self._file], [], [], seconds)[0])

    @property
    def is_drawn(self) -> bool:
        """Whether what was read does not end in the middle of a drawing."""
        return self.raw.count(b"\x1b[?2026h") == self.raw.count(b"\x1b[?2026l")

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._file, keys)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size, as a person does with the mouse."""
        import fcntl
        import termios

        fcntl.ioctl(
            self._file, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0)
        )
        self.screen.resize(lines, columns)

    def see(self, wanted: Callable[[str], bool]) -> str:
        """Read until the screen shows what is wanted; fail at the end."""
        while not wanted(self.text):
            assert self.read(), repr(self.raw[-3000:])
        return self.text

    @property
    def mode(self) -> object:
        """The mode of the terminal, as `stty` shows it."""
        import termios

        return termios.tcgetattr(self._file)

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed."""
        import termios

        return bool(termios.tcgetattr(self._file)[3] & termios.ECHO)

    def finish(self, mode: object = None) -> int:
        """Read to the end and return the exit code; the terminal has to have a mode then."""
        while self.read():
            pass
        assert mode in (None, self.mode)
        os.close(self._file)
        return self.process.wait()

    @property
    def text(self) -> str:
        """Everything on the screen, and what has left it at the top."""
        above = [
            "".join(line[x].data for x in range(self.screen.columns))
            for line in self.screen.history.top
        ]
        return "\n".join([*above, *self.screen.display])
