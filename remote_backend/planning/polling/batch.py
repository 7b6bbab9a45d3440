"""Polling all runs of a batch together, by the lists of their organization.

A round reads the lists, a hundred runs with each request, and then one by one the runs that the
lists did not show. Where there are no lists (OTF answers 404), or while they fail, runs are read
one by one. A round that fails is followed by longer and longer pauses; what ends the polling of a
run after many of them is decided for each run by itself (`polling.failures`), so that no answer
ends the polling of others.
"""

import math
from collections.abc import Callable

import anyio

from remote_backend.api.client import Client
from remote_backend.errors import ApiError, NotFound, Rejected, UnexpectedAnswer, text_of
from remote_backend.models.run import Run, RunRequest
from remote_backend.planning.polling.failures import (
    PollFailures,
    back_off_seconds,
    is_of_one_run,
)
from remote_backend.planning.polling.polled_run import PolledRun
from remote_backend.planning.polling.settings import PollSettings
from remote_backend.structured_logging import Log

__all__ = ("BatchPoller",)

log = Log()

_PAGE_SIZE = 100
_FIRST_SECONDS = 0.5
_SHORTEST_SECONDS = 0.3
_SHORTEST_UNLIMITED = 0.05
# Reading as few as these costs less than a list does.
_READ_SINGLY_UP_TO = 3
_READ_AT_ONCE = 10
_READ_PER_SECOND = 15.0
# A run that the lists do not show for so many rounds is read by itself.
_PATIENCE_ROUNDS = 3
# Once all runs are made, rounds follow each other sooner at first.
_FIRST_POLL_FRACTION = 0.15
_SHARE_GROWTH = 1.5
# Servers that limit nobody are asked more often.
_UNLIMITED_SHARE = 0.03
_LISTS_REST_SECONDS = 2.0
_LISTS_LONGEST_REST_SECONDS = 60.0
_FIND_AGAIN_SECONDS = 1.0


class BatchPoller:
    """Watches the runs whose messages hold a token, a hundred with each request."""

    def __init__(
        self,
        client: Client,
        token: str,
        *,
        total: int = 0,
        expected: int = 0,
        settings: PollSettings | None = None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._client = client
        self._token = token
        # How many runs the batch can have: while lists are read, more of them are made.
        self._total = total
        # How many runs are about to be made; 0 where they are made one after the other.
        self._expected = expected
        self._calm_rounds = 0
        self._settings = settings or PollSettings()
        self._clock = clock
        self._watched: dict[str, PolledRun] = {}
        self._hurried: set[str] = set()
        self._told: set[str] = set()
        self._due = -math.inf
        self._found: dict[tuple[str, str], Run] = {}
        self._lists_exist = True
        self._lists_failed_count = 0
        self._lists_rest_until = -math.inf
        self._failed_rounds = 0
        self._finders = 0
        self._begun = 0
        self._whole = 0
        self._wake = anyio.Event()
        self._ended_round = anyio.Event()

    def track(self, run: Run) -> PolledRun:
        """Poll a run from now on."""
        swept = PolledRun(
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

    def one_fewer_expected(self) -> None:
        """Be told that one of the expected runs is not made."""
        self._expected -= 1
        if len(self._watched) == self._expected:
            self._wake.set()

    async def find(self, request: RunRequest) -> Run | None:
        """Return the run that was made for a request whose answer was lost, or None.

        Lists may lag, so a run counts as missing only after some time. Raises the last error
        when nothing but errors came for as long as polls may fail.
        """
        until = self._clock() + self._settings.list_lag_seconds
        failures = PollFailures()
        self._finders += 1
        try:
            while True:
                # Only what is asked for after that time shows all that there is.
                began = self._clock()
                try:
                    run = await self._find_once(request)
                except Exception as error:  # whatever came, the run may be there
                    failures.add(error, began)
                    reason = failures.reason_to_stop(self._clock(), self._settings)
                    if reason is not None or isinstance(error, Rejected):
                        raise
                    await anyio.sleep(back_off_seconds(failures.count, self._settings))
                    continue
                if run is not None or began >= until:
                    return run
        finally:
            self._finders -= 1

    async def _find_once(self, request: RunRequest) -> Run | None:
        if await self._wait_for_whole_lists():
            key = (request.workspace_id, request.configuration_version_id)
            return self._found.get(key)
        run = await self._client.find_run(request)
        if run is None:
            await anyio.sleep(min(_FIND_AGAIN_SECONDS, self._settings.list_lag_seconds))
        return run

    async def _wait_for_whole_lists(self) -> bool:
        """Wait for lists that are read from now on; return False when there are none."""
        begun = self._begun
        self._wake.set()
        while self._whole <= begun and self._lists_work:
            await self._ended_round.wait()
        return self._whole > begun

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
        await self._round(self._unfinished())
        self._drop_lost()
        self._ended_round.set()
        self._ended_round = anyio.Event()
        self._due = self._clock() + self._shortest_seconds() + self._pause_seconds()

    async def _read_told(self) -> None:
        told = [self._watched[id] for id in self._told if id in self._watched]
        self._told.clear()
        await self._read_each([swept for swept in told if not swept.latest.is_over])
        self._drop_lost()
        if all(swept.is_told for swept in self._unfinished()):
            self._due = self._clock() + self._settings.notified_poll_seconds

    def _is_round_due(self) -> bool:
        return self._is_asked() or self._clock() >= self._due or self._many_hurried()

    async def _round(self, unfinished: list[PolledRun]) -> None:
        self._begun += 1
        whole = self._is_asked()
        one_by_one = unfinished
        if self._lists_work and (whole or len(unfinished) > _READ_SINGLY_UP_TO):
            if await self._try_lists(unfinished, whole=whole):
                one_by_one = [
                    swept for swept in unfinished if swept.missed_rounds >= _PATIENCE_ROUNDS
                ]
        await self._read_each(one_by_one)

    async def _try_lists(self, unfinished: list[PolledRun], *, whole: bool) -> bool:
        """Read the lists; return False when runs have to be read one by one."""
        try:
            await self._read_lists(unfinished, whole=whole)
        except Exception as error:  # no answer of a list may end the polling of runs
            log.info("sweep.lists_failed", problem=text_of(error))
            self._note_failed_lists(error)
            return False
        self._lists_failed_count = self._failed_rounds = 0
        if whole:
            self._whole = self._begun
        return True

    def _note_failed_lists(self, error: Exception) -> None:
        if _is_missing(error):
            self._lists_exist = False
        seconds = _LISTS_REST_SECONDS * 2.0 ** min(self._lists_failed_count, 10)
        self._lists_failed_count += 1
        self._lists_rest_until = self._clock() + min(_LISTS_LONGEST_REST_SECONDS, seconds)

    @property
    def _lists_work(self) -> bool:
        return self._lists_exist and self._clock() >= self._lists_rest_until

    async def _read_lists(self, unfinished: list[PolledRun], *, whole: bool) -> None:
        wanted = {swept.latest.run.id for swept in unfinished}
        # A server that does not know the search would give everything it ever ran.
        most_pages = 2 + max(self._total, len(self._watched)) // _PAGE_SIZE
        page_number: int | None = 1
        pages = 0
        while page_number is not None and pages < most_pages and (wanted or whole):
            page = await self._client.list_batch_runs(self._token, page=page_number)
            pages += 1
            if page.is_vacant:
                self._lists_exist = False
                raise UnexpectedAnswer("a list of runs that says nothing")
            for run, plan in page.items:
                wanted.discard(run.id)
                key = (run.workspace_id or "", run.configuration_version_id or "")
                self._found[key] = run
                if run.id in self._watched:
                    self._watched[run.id].missed_rounds = 0
                    self._watched[run.id].update(run, plan)
            page_number = page.next_number
        for swept in unfinished:
            swept.missed_rounds += swept.latest.run.id in wanted

    async def _read_each(self, runs: list[PolledRun]) -> None:
        """Read runs one by one, several at a time; count the round as failed if none worked."""
        gate = anyio.CapacityLimiter(_READ_AT_ONCE)
        began = self._clock()
        answered = 0
        failures: list[Exception] = []

        async def read(swept: PolledRun) -> None:
            nonlocal answered
            async with gate:
                if len(failures) >= _READ_AT_ONCE and not answered:
                    # Each attempt can take minutes while a server is down, so the others
                    # would wait for hours until they are read again.
                    swept.failed(failures[-1], began)
                    return
                try:
                    swept.update(*await self._client.read_run(swept.latest.run.id))
                    swept.missed_rounds = 0
                except Exception as error:  # whatever came, it is not a verdict
                    swept.failed(error, began)
                    if not is_of_one_run(error):
                        failures.append(error)
                        return
                answered += 1

        async with anyio.create_task_group() as group:
            for swept in runs:
                group.start_soon(read, swept)
        if runs:
            self._failed_rounds = 0 if answered else self._failed_rounds + 1

    def _drop_lost(self) -> None:
        """Poll no more what cannot be followed, and let those know who wait for it."""
        for swept in self._unfinished():
            if swept.why_lost() is not None:
                del self._watched[swept.latest.run.id]
                self._expected -= 1
                swept.wake()

    def _is_asked(self) -> bool:
        return self._finders > 0 and self._lists_work

    def _unfinished(self) -> list[PolledRun]:
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
        return _SHORTEST_SECONDS if self._client.announces_limits else _SHORTEST_UNLIMITED

    def _pause_seconds(self) -> float:
        pause = self._regular_pause_seconds()
        if self._failed_rounds:
            return max(pause, back_off_seconds(self._failed_rounds, self._settings))
        return pause

    def _regular_pause_seconds(self) -> float:
        unfinished = self._unfinished()
        count = len(unfinished)
        if self._is_asked():
            return 1.0
        if unfinished and all(swept.is_told for swept in unfinished):
            return self._settings.notified_poll_seconds
        pages = self._pages()
        if self._lists_work and not self._client.announces_limits:
            return self._settings.batch_poll_seconds * _UNLIMITED_SHARE * pages
        if not self._lists_work or count <= _READ_SINGLY_UP_TO:
            return max(self._settings.longest_wait_seconds, count / _READ_PER_SECOND)
        # Lists of runs have a limit of their own where there are limits at all. As long as runs
        # are made it is spared for their ends, which often come together.
        if len(self._watched) < self._expected:
            return self._settings.batch_poll_seconds * pages**2
        # The power of a large number of rounds would overflow.
        growth = _SHARE_GROWTH ** min(self._calm_rounds, 16)
        share = min(1.0, _FIRST_POLL_FRACTION * growth)
        self._calm_rounds += 1
        return self._settings.batch_poll_seconds * pages * share

    def _pages(self) -> int:
        """Return how many pages lead to the oldest run that is not over; new ones come first."""
        newer = len(self._watched)
        for swept in self._watched.values():
            if not swept.latest.is_over:
                break
            newer -= 1
        return math.ceil(newer / _PAGE_SIZE)


def _is_missing(error: Exception) -> bool:
    """Say whether an answer means that a server has no such list, or not for this token."""
    return isinstance(error, NotFound | Rejected) or (
        isinstance(error, ApiError) and error.status in (405, 501)
    )
