"""Looking at one run by itself."""

from collections.abc import AsyncIterator, Callable

import anyio

from remote_backend.client import Client
from remote_backend.models.run import Run
from remote_backend.watch.look import Look, Tracked, WatchSettings

__all__ = ("RunWatch",)


class RunWatch(Tracked):
    """Reads one run again and again."""

    def __init__(
        self,
        client: Client,
        run: Run,
        *,
        settings: WatchSettings | None = None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        super().__init__(client, run, settings=settings, clock=clock)
        self._hurried = anyio.Event()
        self._is_told = False

    async def looks(self) -> AsyncIterator[Look]:
        """Look again and again; give every look that differs, the last one at the end."""
        wait_seconds = self._settings.first_wait_seconds
        shown: Look | None = None
        while True:
            await self._look()
            await self.complete()
            look = self.latest
            if shown is None or look.run.status != shown.run.status:
                wait_seconds = self._settings.first_wait_seconds
            if look != shown:
                shown = look
                yield look
            if look.is_over:
                return
            told_seconds = self._settings.told_seconds if self._is_told else 0.0
            with anyio.move_on_after(max(wait_seconds, told_seconds)):
                await self._hurried.wait()
                wait_seconds = self._settings.first_wait_seconds
            self._hurried = anyio.Event()
            longest = self._settings.longest_wait_seconds
            wait_seconds = min(longest, wait_seconds * self._settings.growth)

    def hurry(self) -> None:
        """Look soon, because something suggests that the run has moved."""
        self._hurried.set()

    def tell(self) -> None:
        """Look now, because the server told about the run, and seldom until it tells again."""
        self._is_told = True
        self.hurry()

    async def _look(self) -> None:
        run, plan = await self._client.read_run(self.latest.run.id)
        if plan is None and run.plan_id is not None:
            plan = await self._client.read_plan(run.plan_id)
        self.saw(run, plan)
