"""The mode of a terminal while something is drawn on it: no echo, and keys one by one if wanted.

Echoed keys would stand in the middle of the drawing, and Enter would leave a copy of it above.
Signals stay on, so Ctrl-C is always a SIGINT. The mode is given back on every way out: the end of
the block, an error, SIGQUIT, SIGTSTP (and taken again after SIGCONT), and, by
`restore_terminals`, before a process ends at once.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, TextIO

__all__ = ("TerminalMode", "discard_typed", "is_in_background", "restore_terminals")

_LEAVING = ("SIGQUIT", "SIGTSTP")
_LOCAL_MODES = 3
_CONTROL_CHARACTERS = 6
_changed: "list[TerminalMode]" = []


def _nothing() -> None:
    return None


class TerminalMode:
    """Switches the echo of a terminal off, and with `by_key` also the waiting for whole lines.

    Without a terminal, without POSIX and in the background it does nothing: a process in the
    background that changes a terminal is stopped. `before_leaving` takes a drawing away, and
    `after_return` draws it anew.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        by_key: bool = False,
        before_leaving: Callable[[], None] = _nothing,
        after_return: Callable[[], None] = _nothing,
    ) -> None:
        self._stream = stream
        self._by_key = by_key
        self._before_leaving = before_leaving
        self._after_return = after_return
        self._mode: list[Any] | None = None
        self._handlers: dict[signal.Signals, Any] = {}

    def switch(self) -> bool:
        """Change the mode until `restore`; return whether there was a terminal to change."""
        self._change()
        if self._mode is None:
            return False
        _changed.append(self)
        # Only the main thread may set these, and it is the one that a command runs in.
        if threading.current_thread() is threading.main_thread():
            self._handle_signals()
        return True

    def restore(self) -> None:
        """Give the terminal the mode that it had."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()
        if self in _changed:
            _changed.remove(self)
        self._change_back()

    def leave_at_once(self) -> None:
        """Take the drawing away and give the mode back, because the process ends now."""
        self._before_leaving()
        self.restore()

    def _change(self) -> None:
        def change(descriptor: int, termios: Any) -> None:
            mode = termios.tcgetattr(descriptor)
            self._mode = termios.tcgetattr(descriptor)
            mode[_LOCAL_MODES] &= ~termios.ECHO
            if self._by_key:
                mode[_LOCAL_MODES] &= ~termios.ICANON
                mode[_CONTROL_CHARACTERS][termios.VMIN] = 1
                mode[_CONTROL_CHARACTERS][termios.VTIME] = 0
            termios.tcsetattr(descriptor, termios.TCSANOW, mode)

        _on_terminal(self._stream, change)

    def _change_back(self) -> None:
        mode, self._mode = self._mode, None
        if mode is not None:
            _on_terminal(
                self._stream,
                lambda descriptor, termios: termios.tcsetattr(
                    descriptor, termios.TCSANOW, mode
                ),
            )

    def _handle_signals(self) -> None:
        for name in _LEAVING:
            number = getattr(signal, name)
            if signal.getsignal(number) is signal.SIG_DFL:
                self._handlers[number] = signal.signal(number, self._leave)

    def _leave(self, number: int, frame: FrameType | None) -> None:
        """Do what the signal does, with the terminal as it was; go on after a suspension."""
        self._before_leaving()
        self._change_back()
        handler = signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        signal.signal(number, handler)
        self._change()
        self._after_return()


def restore_terminals() -> None:
    """Give every terminal the mode that it had, before a process ends at once."""
    for mode in tuple(_changed):
        mode.leave_at_once()


def discard_typed(stream: TextIO) -> None:
    """Forget what was typed on a terminal before a question, which it does not answer."""
    _on_terminal(
        stream,
        lambda descriptor, termios: termios.tcflush(descriptor, termios.TCIFLUSH),
    )


def is_in_background(stream: TextIO) -> bool:
    """Return whether the process would be stopped if it read from or changed its terminal."""
    try:
        return hasattr(os, "tcgetpgrp") and _is_behind(stream.fileno())
    except (OSError, ValueError):
        return False


def _on_terminal(stream: TextIO, change: Callable[[int, Any], None]) -> None:
    try:
        import termios
    except ImportError:  # Windows, where nothing is echoed unless somebody reads
        return
    try:
        descriptor = stream.fileno()
        if os.isatty(descriptor) and not _is_behind(descriptor):
            change(descriptor, termios)
    except (OSError, ValueError, termios.error):
        return  # it is not a terminal, or it has hung up


def _is_behind(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) != os.getpgrp()
    except OSError:  # it controls no processes, so it stops none
        return False
