"""Polling one run by itself."""

from collections.abc import AsyncIterator, Callable

import anyio
from attrs import evolve

from remote_backend.api.client import Client
from remote_backend.models.run import Run
from remote_backend.planning.polling.failures import back_off_seconds
from remote_backend.planning.polling.pace import SinglePace, shortest_seconds
from remote_backend.planning.polling.settings import PollSettings
from remote_backend.planning.polling.snapshot import RunSnapshot
from remote_backend.planning.polling.tracker import RunTracker

__all__ = ("RunPoller",)


class RunPoller(RunTracker):
    """Polls one run again and again."""

    def __init__(
        self,
        client: Client,
        run: Run,
        *,
        settings: PollSettings | None = None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        super().__init__(client, run, settings=settings, clock=clock)
        self._hint = anyio.Event()
        self._pace = SinglePace(self._settings.first_wait_seconds)

    async def snapshots(self) -> AsyncIterator[RunSnapshot]:
        """Poll again and again; yield each snapshot that differs, the last one is over.

        Failed polls are repeated. Raises `PollingFailed` when they fail for too long, or when
        the run stays in a status that is not known as an end.
        """
        yielded: RunSnapshot | None = None
        with self._long_wait.followed():
            while True:
                began = self._clock()
                await self._poll(began)
                snapshot = self.latest
                if yielded is None or snapshot.run.status != yielded.run.status:
                    self._pace = self._pace.restarted(self._settings)
                if snapshot != yielded:
                    yielded = snapshot
                    yield snapshot
                if snapshot.is_over:
                    return
                if (failure := self.polling_failure()) is not None:
                    raise failure
                await self._pause(began)

    def poll_soon(self) -> None:
        """Poll the run soon, because it may have moved."""
        self._hint.set()

    def notified(self) -> None:
        """Poll the run now, because the server sent a notification, and seldom until the next."""
        self._pace = evolve(self._pace, is_notified=True)
        self.poll_soon()

    async def _poll(self, began: float) -> None:
        try:
            self.update(*await self._client.read_run(self.latest.run.id))
        except Exception as error:  # of any kind; it says nothing about the run
            self.record_failed_poll(error, began)
        else:
            await self.complete()

    async def _pause(self, began: float) -> None:
        """Wait until the next poll, which a hint brings forward."""
        settings = self._settings
        if failed_count := self._history.failures.count:
            await anyio.sleep(back_off_seconds(failed_count, settings))
            return
        with anyio.move_on_after(self._pace.pause_seconds(settings)):
            await self._hint.wait()
            # However many hints come, polls keep a distance.
            earliest = began + shortest_seconds(settings)
            await anyio.sleep(max(0.0, earliest - self._clock()))
            self._pace = self._pace.hinted(settings)
        self._hint = anyio.Event()
        self._pace = self._pace.slowed(settings)
