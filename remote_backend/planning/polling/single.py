"""Looking at one run by itself."""

from collections.abc import AsyncIterator, Callable

import anyio

from remote_backend.api.client import Client
from remote_backend.models.run import Run
from remote_backend.planning.polling.failures import back_off_seconds
from remote_backend.planning.polling.settings import PollSettings
from remote_backend.planning.polling.snapshot import RunSnapshot, RunTracker

__all__ = ("RunPoller",)

# A look that is hurried comes at once, and the next ones a little later each; a status that
# still lags behind when it is hurried again is not worth as many looks.
_HURRIED_SHARE = 0.25


class RunPoller(RunTracker):
    """Reads one run again and again."""

    def __init__(
        self,
        client: Client,
        run: Run,
        *,
        settings: PollSettings | None = None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        super().__init__(client, run, settings=settings, clock=clock)
        self._hurried = anyio.Event()
        self._is_told = False
        self._was_hurried = False
        self._wait_seconds = self._settings.first_wait_seconds

    async def snapshots(self) -> AsyncIterator[RunSnapshot]:
        """Look again and again; give every look that differs, the last one at the end.

        Failed looks are repeated. Raises `PollingFailed` when they fail for too long, or when
        the run stays in a status that names no end.
        """
        shown: RunSnapshot | None = None
        with self.followed():
            while True:
                began = self._clock()
                await self._poll(began)
                look = self.latest
                if shown is None or look.run.status != shown.run.status:
                    self._wait_seconds = self._settings.first_wait_seconds
                    self._was_hurried = False
                if look != shown:
                    shown = look
                    yield look
                if look.is_over:
                    return
                if (lost := self.why_lost()) is not None:
                    raise lost
                await self._pause(began)

    def poll_soon(self) -> None:
        """Look soon, because something suggests that the run has moved."""
        self._hurried.set()

    def notified(self) -> None:
        """Look now, because the server told about the run, and seldom until it tells again."""
        self._is_told = True
        self.poll_soon()

    async def _poll(self, began: float) -> None:
        try:
            self.update(*await self._client.read_run(self.latest.run.id))
        except Exception as error:  # whatever came, it is not a verdict
            self.failed(error, began)
        else:
            await self.complete()

    async def _pause(self, began: float) -> None:
        """Wait until the next look, which comes sooner when it is hurried."""
        settings = self._settings
        if self._failures.count:
            await anyio.sleep(back_off_seconds(self._failures.count, settings))
            return
        told_seconds = settings.notified_poll_seconds if self._is_told else 0.0
        with anyio.move_on_after(max(self._wait_seconds, told_seconds)):
            await self._hurried.wait()
            # However often it is hurried, looks keep a distance.
            shortest = settings.first_wait_seconds * _HURRIED_SHARE
            await anyio.sleep(max(0.0, began + shortest - self._clock()))
            if not self._was_hurried:
                self._was_hurried = True
                self._wait_seconds = shortest
        self._hurried = anyio.Event()
        longest = settings.longest_wait_seconds
        self._wait_seconds = min(longest, self._wait_seconds * settings.growth)
