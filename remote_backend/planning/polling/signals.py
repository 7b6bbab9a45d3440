"""Signals that are sent again and again, where an `anyio.Event` is set only once."""

import math
from typing import Generic, TypeVar

import anyio

__all__ = ("ChangeSignal", "Signal")

Value = TypeVar("Value")


class Signal:
    """Wakes all tasks that wait for it; a task that waits later waits for the next one."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def send(self) -> None:
        """Wake all waiting tasks."""
        self._event.set()
        self._event = anyio.Event()

    async def wait(self, at_most_seconds: float = math.inf) -> None:
        """Wait for the signal, or for a time."""
        with anyio.move_on_after(at_most_seconds):
            await self._event.wait()


class ChangeSignal(Signal, Generic[Value]):
    """A signal that is sent when a value changes."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self._value = value

    def update(self, value: Value) -> None:
        """Take the current value; wake all waiting tasks if it differs from the last one."""
        if value != self._value:
            self._value = value
            self.send()
