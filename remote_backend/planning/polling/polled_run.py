"""A run that is polled together with others."""

from collections.abc import AsyncIterator, Callable

import anyio

from remote_backend.api.client import Client
from remote_backend.models.run import Run
from remote_backend.planning.polling.settings import PollSettings
from remote_backend.planning.polling.snapshot import RunSnapshot, RunTracker

__all__ = ("PolledRun",)


class PolledRun(RunTracker):
    """A run that a sweep looks at."""

    def __init__(
        self,
        client: Client,
        run: Run,
        *,
        settings: PollSettings,
        hurried: Callable[[str], None],
        told: Callable[[str], None],
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        super().__init__(client, run, settings=settings, clock=clock)
        self._tell_hurry = hurried
        self._tell_told = told
        self.is_told = False
        self.missed_rounds = 0

    async def snapshots(self) -> AsyncIterator[RunSnapshot]:
        """Give every look that differs, the last one at the end.

        Raises `PollingFailed` when looks fail for too long, or when the run stays in a status
        that names no end.
        """
        shown: RunSnapshot | None = None
        with self.followed():
            while True:
                await self.complete()
                look = self.latest
                if look == shown:
                    if (lost := self.why_lost()) is not None:
                        raise lost
                    await self.next_snapshot()
                    continue
                shown = look
                yield look
                if look.is_over:
                    return

    def poll_soon(self) -> None:
        """Look soon, because something suggests that the run has moved."""
        self._tell_hurry(self.latest.run.id)

    def notified(self) -> None:
        """Look now, because the server told about the run, and seldom until it tells again."""
        self.is_told = True
        self._tell_told(self.latest.run.id)
