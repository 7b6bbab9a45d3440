"""Events to standard output as lines of JSON, for programs."""

from collections.abc import Awaitable, Callable, Iterable

import anyio
from attrs import define

from remote_backend import events
from remote_backend.cli.output.ci_commands import disarm_json
from remote_backend.cli.output.screen import Screen
from remote_backend.reports.event_stream import EventStream

__all__ = ("JsonConsole",)

_PROGRESS_SECONDS = 5.0


@define
class JsonConsole:
    """Writes every event as a line of JSON."""

    screen: Screen
    stream: EventStream

    def show(self, event: events.Event) -> None:
        """Show an event."""
        self._write(self.stream.lines(event))

    def interrupted(self, answer: str) -> None:
        """Report that a signal came, and what becomes of the runs: `cancel` or `detach`."""
        self._write(self.stream.interrupted(answer))

    async def report_progress(
        self, sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    ) -> None:
        """Report every five seconds how far the batch has come."""
        while True:
            await sleep(_PROGRESS_SECONDS)
            self._write(self.stream.progress())

    def _write(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.screen.out.write(f"{disarm_json(line, self.screen.services)}\n")
        self.screen.out.flush()
