"""The echo of a terminal, which is off while something is drawn on it.

Echoed keys would stand in the middle of the drawing, and Enter would leave a copy of it above.
Lines that are typed meanwhile are not lost: whatever reads the terminal next gets them.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, TextIO

__all__ = ("TerminalEcho", "discard_typed", "restore_echo")

_LEAVING = ("SIGQUIT", "SIGTSTP")
_LOCAL_MODES = 3
_switched_off: "list[TerminalEcho]" = []


class TerminalEcho:
    """Switches the echo of a terminal off, and on again on every way out.

    Without a terminal, without POSIX and in the background it does nothing: a process in the
    background that changes a terminal is stopped.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._mode: list[Any] | None = None
        self._handlers: dict[signal.Signals, Any] = {}

    def switch_off(self) -> None:
        """Switch the echo off until `restore`, also when the process is suspended meanwhile."""
        self._change()
        if self._mode is None:
            return
        _switched_off.append(self)
        # Only the main thread may set these, and it is the one that a command runs in.
        if threading.current_thread() is threading.main_thread():
            self._handle_signals()

    def restore(self) -> None:
        """Give the terminal the mode that it had."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()
        if self in _switched_off:
            _switched_off.remove(self)
        self._change_back()

    def _change(self) -> None:
        def change(descriptor: int, termios: Any) -> None:
            mode = termios.tcgetattr(descriptor)
            self._mode = list(mode)
            mode[_LOCAL_MODES] &= ~termios.ECHO
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
        self._change_back()
        handler = signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        signal.signal(number, handler)
        self._change()


def restore_echo() -> None:
    """Give every terminal the mode that it had, before a process ends at once."""
    for echo in tuple(_switched_off):
        echo.restore()


def discard_typed(stream: TextIO) -> None:
    """Forget what was typed on a terminal before a question, which it does not answer."""
    _on_terminal(
        stream,
        lambda descriptor, termios: termios.tcflush(descriptor, termios.TCIFLUSH),
    )


def _on_terminal(stream: TextIO, change: Callable[[int, Any], None]) -> None:
    try:
        import termios
    except ImportError:  # Windows, where nothing is echoed unless somebody reads
        return
    try:
        descriptor = stream.fileno()
        if os.isatty(descriptor) and not _is_in_background(descriptor):
            change(descriptor, termios)
    except (OSError, ValueError, termios.error):
        return  # it is not a terminal, or it has hung up


def _is_in_background(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) != os.getpgrp()
    except OSError:  # it controls no processes, so it stops none
        return False
