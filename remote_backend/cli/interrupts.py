"""Ctrl-C, SIGTERM and SIGHUP: the first asks to stop in order, the second means now."""

import os
import signal
from collections.abc import Awaitable, Callable

import anyio
from attrs import define

__all__ = ("Interrupts",)


@define(eq=False, repr=False)
class Interrupts:
    """Watches for signals, and remembers the one that came."""

    first: Callable[[], Awaitable[bool]]
    """Called when the first one comes; it may take its time, and returns whether what still
    goes on is to be canceled then."""

    _number: int = 0

    @property
    def exit_code(self) -> int:
        """What a shell expects after the signal that came, or 0 when none did."""
        return 128 + self._number if self._number else 0

    @property
    def came_from_keyboard(self) -> bool:
        """Whether somebody pressed Ctrl-C, and so can answer a question."""
        return self._number == signal.SIGINT

    async def watch(self, scope: anyio.CancelScope) -> None:
        """Cancel a scope after the first signal and leave the process at the second."""

        async def stop() -> None:
            if await self.first():
                scope.cancel()

        try:
            with anyio.open_signal_receiver(*_signals()) as signals:
                async with anyio.create_task_group() as group:
                    async for number in signals:
                        if self._number:
                            os._exit(128 + number)
                        self._number = number
                        group.start_soon(stop)
        except NotImplementedError:
            # Windows: the event loop cancels everything itself and raises KeyboardInterrupt.
            await anyio.sleep_forever()


def _signals() -> list[signal.Signals]:
    """Return the signals that ask to stop; nohup lets its command ignore SIGHUP."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    hang_up = getattr(signal, "SIGHUP", None)
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        numbers.append(hang_up)
    return numbers
