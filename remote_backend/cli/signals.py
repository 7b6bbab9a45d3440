"""Ctrl-C, SIGTERM and SIGHUP: the first asks to stop in order, the second means now."""

import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
from attrs import define

from remote_backend.cli.hints import message_of
from remote_backend.cli.output.screen import echo
from remote_backend.cli.output.terminal_mode import restore_terminals
from remote_backend.cli.process import leave
from remote_backend.errors import RemoteBackendError
from remote_backend.exception_groups import raise_lone_exception

__all__ = ("Interrupts", "run_interruptibly", "show_progress")

_PROGRESS_SECONDS = 1.0

_STOPPING = (
    "Stopping: what has begun is finished or undone, and the lock is given back. A second signal "
    "ends at once, and the workspace may stay locked."
)


@define(eq=False)
class Interrupts:
    """Watches for signals, and remembers the one that came."""

    first: Callable[[], Awaitable[bool]]
    """Called when the first one comes; it may take its time, and returns whether what still
    goes on is to be canceled then."""

    last_words: Callable[[], None] = lambda: None
    """Called when the second one comes, just before the process ends."""

    _number: int = 0

    def forget(self) -> None:
        """Go on as if no signal had come; the next one is the first again."""
        self._number = 0

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
                            restore_terminals()
                            with suppress(OSError):
                                self.last_words()
                            leave(128 + number)
                        self._number = number
                        group.start_soon(stop)
        except NotImplementedError:
            # Windows: the event loop cancels everything itself and raises KeyboardInterrupt.
            await anyio.sleep_forever()


async def run_interruptibly(
    work: Callable[[], Awaitable[int]], *, announces: bool = False
) -> int:
    """Carry out a command and return its exit code.

    The first signal cancels it. Work that must not be cut off goes on to its end, and when the
    whole command does so its own exit code is returned, else the one of the signal. With
    `announces` the signal is answered with a sentence about locks.
    """

    async def stop() -> bool:
        # After SIGHUP the terminal may be gone.
        with suppress(OSError):
            if announces:
                echo(_STOPPING, err=True)
        return True

    interrupts = Interrupts(stop)
    codes: list[int] = []
    try:
        with raise_lone_exception():
            async with anyio.create_task_group() as group:
                # Outside of the scope of the work, so that the second signal is seen as well.
                with anyio.CancelScope() as scope:
                    group.start_soon(interrupts.watch, scope)
                    codes.append(await work())
                group.cancel_scope.cancel()
    except RemoteBackendError as error:
        if not interrupts.exit_code:
            raise
        echo(f"Error: {message_of(error)}", err=True)
        return interrupts.exit_code
    return codes[0] if codes else interrupts.exit_code


def _signals() -> list[signal.Signals]:
    """Return the signals that ask to stop; nohup lets its command ignore SIGHUP."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    hang_up = getattr(signal, "SIGHUP", None)
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        numbers.append(hang_up)
    return numbers


async def show_progress(
    stopped: Callable[[], tuple[int, int]], note: Callable[[str], None]
) -> None:
    """Say each second how many runs are canceled, until this is canceled itself."""
    shown = 0
    while True:
        await anyio.sleep(_PROGRESS_SECONDS)
        done, count = stopped()
        if done != shown:
            note(f"{done} of {count} runs are canceled.")
        shown = done
