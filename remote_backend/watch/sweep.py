"""Looking at all runs of a batch together, by the lists of their organization."""

import math
from collections.abc import AsyncIterator, Callable

import anyio

from remote_backend.client import Client
from remote_backend.errors import NotFound, Rejected, RemoteBackendError
from remote_backend.log import Log
from remote_backend.models.run import Run, RunRequest
from remote_backend.watch.look import Look, Tracked, WatchSettings

__all__ = ("Sweep", "SweptRun")

log = Log()

_PAGE_SIZE = 100
_FIRST_SECONDS = 0.5
_SHORTEST_SECONDS = 0.3
_SHORTEST_UNLIMITED = 0.05
# Reading as few as these costs less than a list does.
_FEW = 3
_READ_AT_ONCE = 10
_READ_PER_SECOND = 15.0
# A run that the lists do not show for so many rounds is read by itself.
_PATIENCE_ROUNDS = 3
# Once all runs are made, rounds follow each other sooner at first.
_FIRST_SHARE = 0.15
_SHARE_GROWTH = 1.5
# Servers that limit nobody are asked more often.
_UNLIMITED_SHARE = 0.03


class SweptRun(Tracked):
    """A run that a sweep looks at."""

    def __init__(
        self,
        client: Client,
        run: Run,
        *,
        settings: WatchSettings,
        hurried: Callable[[str], None],
        told: Callable[[str], None],
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        super().__init__(client, run, settings=settings, clock=clock)
        self._tell_hurry = hurried
        self._tell_told = told
        self.is_told = False
        self._error: RemoteBackendError | None = None
        self.missed_rounds = 0

    async def looks(self) -> AsyncIterator[Look]:
        """Give every look that differs, the last one at the end.

        Raises what keeps the sweep from looking at the run.
        """
        shown: Look | None = None
        while True:
            await self.complete()
            look = self.latest
            if look == shown:
                if self._error is not None:
                    raise self._error
                await self.next_look()
                continue
            shown = look
            yield look
            if look.is_over:
                return

    def hurry(self) -> None:
        """Look soon, because something suggests that the run has moved."""
        self._tell_hurry(self.latest.run.id)

    def tell(self) -> None:
        """Look now, because the server told about the run, and seldom until it tells again."""
        self.is_told = True
        self._tell_told(self.latest.run.id)

    def fail(self, error: RemoteBackendError) -> None:
        """Tell everyone who waits that there will be no more looks."""
        self._error = error
        self.saw(self.latest.run, None)


class Sweep:
    """Watches the runs whose messages hold a token, a hundred with each request."""

    def __init__(
        self,
        client: Client,
        token: str,
        *,
        total: int = 0,
        expected: int = 0,
        settings: WatchSettings | None = None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._client = client
        self._token = token
        # How many runs the batch can have: while lists are read, more of them are made.
        self._total = total
        # How many runs are about to be made; 0 where they are made one after the other.
        self._expected = expected
        self._calm_rounds = 0
        self._settings = settings or WatchSettings()
        self._clock = clock
        self._watched: dict[str, SweptRun] = {}
        self._hurried: set[str] = set()
        self._told: set[str] = set()
        self._due = -math.inf
        self._found: dict[tuple[str, str], Run] = {}
        self._lists_work = True
        self._finders = 0
        self._begun = 0
        self._whole = 0
        self._wake = anyio.Event()
        self._ended_round = anyio.Event()

    def watch(self, run: Run) -> SweptRun:
        """Begin to look at a run."""
        swept = SweptRun(
            self._client,
            run,
            settings=self._settings,
            hurried=self._hurry,
            told=self._look_at,
            clock=self._clock,
        )
        # It may sleep for good while nothing moves; otherwise the next round is soon enough.
        if not self._unfinished():
            self._wake.set()
        self._watched[run.id] = swept
        self._calm_rounds = 0
        if len(self._watched) == self._expected:
            self._wake.set()
        return swept

    def expect_one_less(self) -> None:
        """Be told that one of the expected runs is not made."""
        self._expected -= 1
        if len(self._watched) == self._expected:
            self._wake.set()

    async def find(self, request: RunRequest) -> Run | None:
        """Return the run that was made for a request whose answer was lost, or None.

        Lists may lag, so a run counts as missing only after some time.
        """
        key = (request.workspace_id, request.configuration_version_id)
        until = self._clock() + self._settings.find_seconds
        self._finders += 1
        try:
            while self._lists_work:
                # Only lists that are asked for after that time show all that there is.
                is_last = self._clock() >= until
                begun = self._begun
                self._wake.set()
                while self._whole <= begun and self._lists_work:
                    await self._ended_round.wait()
                if key in self._found:
                    return self._found[key]
                if is_last:
                    return None
        finally:
            self._finders -= 1
        return await self._client.find_run(request)

    async def run(self) -> None:
        """Look at what is watched until canceled."""
        while True:
            if not self._unfinished() and not self._is_asked():
                await self._wake.wait()
                # More runs of the batch are about to be made.
                await anyio.sleep(0 if self._is_asked() else _FIRST_SECONDS)
            self._wake = anyio.Event()
            if self._told and not self._is_round_due():
                await self._read_told()
            else:
                await self._whole_round()
            await anyio.sleep(self._shortest_seconds())
            if not self._told:
                with anyio.move_on_after(self._due - self._clock()):
                    await self._wake.wait()

    async def _whole_round(self) -> None:
        self._hurried.clear()
        self._told.clear()
        unfinished = self._unfinished()
        try:
            await self._round(unfinished)
        except RemoteBackendError as error:
            log.warning("sweep.failed", problem=str(error))
            for swept in unfinished:
                swept.fail(error)
                del self._watched[swept.latest.run.id]
        self._ended_round.set()
        self._ended_round = anyio.Event()
        self._due = self._clock() + self._shortest_seconds() + self._pause_seconds()

    async def _read_told(self) -> None:
        told = [self._watched[id] for id in self._told if id in self._watched]
        self._told.clear()
        await self._read_each([swept for swept in told if not swept.latest.is_over])
        if all(swept.is_told for swept in self._unfinished()):
            self._due = self._clock() + self._settings.told_seconds

    def _is_round_due(self) -> bool:
        return self._is_asked() or self._clock() >= self._due or self._many_hurried()

    async def _round(self, unfinished: list[SweptRun]) -> None:
        self._begun += 1
        whole = self._is_asked()
        if self._lists_work and (whole or len(unfinished) > _FEW):
            try:
                await self._read_lists(unfinished, whole=whole)
            except (NotFound, Rejected) as error:
                log.info("sweep.lists_missing", problem=str(error))
                self._lists_work = False
            if whole:
                self._whole = self._begun
            lost = [one for one in unfinished if one.missed_rounds >= _PATIENCE_ROUNDS]
            await self._read_each(lost if self._lists_work else unfinished)
        else:
            await self._read_each(unfinished)

    async def _read_lists(self, unfinished: list[SweptRun], *, whole: bool) -> None:
        wanted = {swept.latest.run.id for swept in unfinished}
        # A server that does not know the search would give everything it ever ran.
        most_pages = 2 + max(self._total, len(self._watched)) // _PAGE_SIZE
        page_number: int | None = 1
        pages = 0
        while page_number is not None and pages < most_pages and (wanted or whole):
            page = await self._client.list_batch_runs(self._token, page=page_number)
            pages += 1
            for run, plan in page.items:
                wanted.discard(run.id)
                key = (run.workspace_id or "", run.configuration_version_id or "")
                self._found[key] = run
                if run.id in self._watched:
                    self._watched[run.id].missed_rounds = 0
                    self._watched[run.id].saw(run, plan)
            page_number = page.next_number
        for swept in unfinished:
            swept.missed_rounds += swept.latest.run.id in wanted

    async def _read_each(self, runs: list[SweptRun]) -> None:
        gate = anyio.CapacityLimiter(_READ_AT_ONCE)

        async def read(swept: SweptRun) -> None:
            async with gate:
                try:
                    swept.saw(*await self._client.read_run(swept.latest.run.id))
                    swept.missed_rounds = 0
                except RemoteBackendError as error:
                    swept.fail(error)
                    self._watched.pop(swept.latest.run.id, None)

        async with anyio.create_task_group() as group:
            for swept in runs:
                group.start_soon(read, swept)

    def _is_asked(self) -> bool:
        return self._finders > 0

    def _unfinished(self) -> list[SweptRun]:
        return [swept for swept in self._watched.values() if not swept.latest.is_over]

    def _hurry(self, run_id: str) -> None:
        self._hurried.add(run_id)
        # One run alone is not worth a look at all of them; half of those that are left are.
        if self._many_hurried():
            self._wake.set()

    def _many_hurried(self) -> bool:
        unfinished = self._unfinished()
        hurried = sum(swept.latest.run.id in self._hurried for swept in unfinished)
        return 2 * hurried >= len(unfinished)

    def _look_at(self, run_id: str) -> None:
        self._told.add(run_id)
        self._wake.set()

    def _shortest_seconds(self) -> float:
        return _SHORTEST_SECONDS if self._client.tells_limits else _SHORTEST_UNLIMITED

    def _pause_seconds(self) -> float:
        unfinished = self._unfinished()
        count = len(unfinished)
        if self._is_asked():
            return 1.0
        if unfinished and all(swept.is_told for swept in unfinished):
            return self._settings.told_seconds
        pages = self._pages()
        if self._lists_work and not self._client.tells_limits:
            return self._settings.sweep_seconds * _UNLIMITED_SHARE * pages
        if not self._lists_work or count <= _FEW:
            return max(self._settings.longest_wait_seconds, count / _READ_PER_SECOND)
        # Lists of runs have a limit of their own where there are limits at all. As long as runs
        # are made it is spared for their ends, which often come together.
        if len(self._watched) < self._expected:
            return self._settings.sweep_seconds * pages**2
        share = min(1.0, _FIRST_SHARE * _SHARE_GROWTH**self._calm_rounds)
        self._calm_rounds += 1
        return self._settings.sweep_seconds * pages * share

    def _pages(self) -> int:
        """Return how many pages lead to the oldest run that is not over; new ones come first."""
        newer = len(self._watched)
        for swept in self._watched.values():
            if not swept.latest.is_over:
                break
            newer -= 1
        return math.ceil(newer / _PAGE_SIZE)
