"""A run that is polled together with others."""

from collections.abc import AsyncIterator, Callable

import anyio

from remote_backend.api.client import Client
from remote_backend.models.plan import Plan
from remote_backend.models.run import Run
from remote_backend.planning.polling.hints import Hints
from remote_backend.planning.polling.settings import PollSettings
from remote_backend.planning.polling.snapshot import RunSnapshot
from remote_backend.planning.polling.tracker import RunTracker

__all__ = ("PolledRun",)


class PolledRun(RunTracker):
    """A run of a `BatchPoller`."""

    def __init__(
        self,
        client: Client,
        run: Run,
        *,
        settings: PollSettings,
        hints: Hints,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        super().__init__(client, run, settings=settings, clock=clock)
        self.missed_lists = 0
        """How many lists in a row did not show the run."""

        self._hints = hints

    def update(self, run: Run, plan: Plan | None) -> None:
        """Take the result of a poll; an older response never takes an end back."""
        self.missed_lists = 0
        super().update(run, plan)

    async def snapshots(self) -> AsyncIterator[RunSnapshot]:
        """Yield each snapshot that differs from the one before; the last one is over.

        Raises `PollingFailed` when polls fail for too long, or when the run stays in a status
        that is not known as an end.
        """
        yielded: RunSnapshot | None = None
        with self._long_wait.followed():
            while True:
                await self.complete()
                snapshot = self.latest
                if snapshot != yielded:
                    yielded = snapshot
                    yield snapshot
                    if snapshot.is_over:
                        return
                elif (failure := self.polling_failure()) is not None:
                    raise failure
                else:
                    await self.next_snapshot()

    def poll_soon(self) -> None:
        """Poll the run soon, because it may have moved."""
        self._hints.hint(self.latest.run.id)

    def notified(self) -> None:
        """Poll the run now, because the server sent a notification, and seldom until the next."""
        self._hints.notify(self.latest.run.id)
