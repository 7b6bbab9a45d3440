"""Questions to the person at the terminal."""

import sys
import threading
from contextlib import suppress

import anyio
import anyio.from_thread
import anyio.lowlevel
from attrs import frozen

from remote_backend.cli.output.screen import Screen
from remote_backend.errors import RunOptionsError

__all__ = ("Prompts", "read_line")


@frozen
class Prompts:
    """Asks on a terminal, and says what is missing where nobody can answer."""

    screen: Screen
    allowed: bool = True
    """Whether anything may be asked at all: -input and TF_INPUT."""

    @property
    def can_ask(self) -> bool:
        """Whether someone is there who can answer."""
        return self.allowed and sys.stdin is not None and sys.stdin.isatty()

    async def confirm(self, question: str, instead: str) -> bool:
        """Ask for yes or no, twice at most; anything else is a no.

        Raises `RunOptionsError` with `instead`, what to do without a terminal.
        """
        for _ in range(2):
            answer = (await self.ask(f"{question}\n  Type yes or no", instead)).lower()
            if answer in ("yes", "no"):
                return answer == "yes"
        return False

    async def ask(self, question: str, instead: str) -> str:
        """Ask for one line; raises `RunOptionsError` where nobody can answer."""
        if not self.can_ask:
            raise RunOptionsError(
                f"{question.splitlines()[0]}\nNobody can be asked; {instead}"
            )
        self.screen.ask(f"{question}: ")
        return (await read_line()).strip()


async def read_line() -> str:
    """Wait for a line of standard input without keeping the process from ending."""
    lines: list[str] = []
    done, token = anyio.Event(), anyio.lowlevel.current_token()

    def read() -> None:
        lines.append(sys.stdin.readline())
        # The work may have ended while nobody answered.
        with suppress(RuntimeError):
            anyio.from_thread.run_sync(done.set, token=token)

    # Not a thread of the pool: those are waited for when the process ends.
    threading.Thread(target=read, daemon=True, name="answer").start()
    await done.wait()
    return lines[0]
