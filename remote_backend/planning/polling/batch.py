"""Polling all runs of a batch together.

`BatchPoller.run` is a loop of rounds. A round reads the lists of the organization
(`run_lists.RunLists`), a hundred runs with each request, and then polls one by one the runs that
several lists in a row did not show (`single_polls.poll_each`). Where there are no lists, or while
they fail, all runs are polled one by one.

Between two rounds the poller waits for the pause that `pace.pause_after_round` returns, or until
`hints.Hints` wakes it: half of the runs that are left may have ended, the server sent a
notification, or a task searches for a run after an ambiguous failure (`run_search.RunSearch`).
A notification alone leads to a poll of its run, not to a round. While no run moves and nothing is
searched, the poller is idle, until `track` wakes it.

A round that fails is followed by longer and longer pauses. Each run decides by itself when its
polling has failed (`snapshot.reason_to_stop`), so that no response ends the polling of others.

Invariant: the wake-up is cleared before runs are polled, never afterwards, so that a hint which
comes during a round leads to another one.
"""

import math
from collections.abc import Callable, Sequence

import anyio
from attrs import evolve

from remote_backend.api.client import Client
from remote_backend.models.run import Run, RunRequest
from remote_backend.planning.polling.hints import Hints
from remote_backend.planning.polling.pace import (
    BatchPace,
    BatchView,
    delay_of_large_batch_seconds,
    minimum_pause_seconds,
    pages_to_oldest_moving,
    pause_after_round,
    polls_lists,
)
from remote_backend.planning.polling.polled_run import PolledRun
from remote_backend.planning.polling.run_lists import RunLists
from remote_backend.planning.polling.run_search import RunSearch
from remote_backend.planning.polling.settings import PollSettings
from remote_backend.planning.polling.single_polls import poll_each

__all__ = ("BatchPoller",)

_FIRST_ROUND_DELAY_SECONDS = 0.5
# A run that so many lists in a row did not show is polled by itself.
_MISSED_LISTS = 3


class BatchPoller:
    """Polls the runs whose messages hold a token, a hundred with each request.

    `total` is the number of runs that the batch can have, `expected` the number that is about
    to be made: 0 where runs are made one after the other.
    """

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
        self._expected = expected
        self._settings = settings or PollSettings()
        self._clock = clock
        self._runs: dict[str, PolledRun] = {}
        self._hints = Hints(self._runs)
        self._lists = RunLists(client, token, total=total, clock=clock)
        self._search = RunSearch(client, self._lists, self._hints, self._settings, clock)
        self._pace = BatchPace()
        self._round_due_at = -math.inf

    def track(self, run: Run) -> PolledRun:
        """Poll a run from now on."""
        polled = PolledRun(
            self._client,
            run,
            settings=self._settings,
            hints=self._hints,
            clock=self._clock,
        )
        # An idle poller waits for this run; otherwise the next round is soon enough.
        if not self._unfinished():
            self._hints.wake()
        self._runs[run.id] = polled
        self._pace = evolve(self._pace, growing_pauses=0)
        self._wake_if_all_made()
        return polled

    def expect_one_fewer(self) -> None:
        """Expect one run less, because a workspace ended without a run."""
        self._expected -= 1
        self._wake_if_all_made()

    async def find(self, request: RunRequest) -> Run | None:
        """Return the run that was made for a request whose response was lost, or None.

        Raises the last error when all attempts have failed for as long as polls may fail.
        """
        return await self._search.find(request)

    async def run(self) -> None:
        """Poll the tracked runs until canceled."""
        while True:
            if not self._unfinished() and not self._search.needs_lists:
                await self._idle()
            self._hints.clear_wake_up()
            if self._hints.to_poll and not self._is_round_due():
                await self._poll_notified()
            else:
                await self._poll_all()
            await anyio.sleep(self._minimum_pause_seconds())
            if not self._hints.to_poll:
                await self._hints.wait(self._round_due_at - self._clock())

    async def _idle(self) -> None:
        await self._hints.wait()
        # More runs of the batch are about to be made, and one list shows them all.
        await anyio.sleep(0 if self._search.needs_lists else _FIRST_ROUND_DELAY_SECONDS)
        if not self._search.needs_lists:
            await anyio.sleep(delay_of_large_batch_seconds(self._view(), self._settings))

    async def _poll_all(self) -> None:
        """Carry out a round."""
        self._hints.clear_hints()
        self._search.round_began()
        await self._poll_lists_and_runs()
        self._drop_failed()
        self._search.round_ended()
        earliest = self._clock() + self._minimum_pause_seconds()
        self._round_due_at = earliest + self._advance_pace()

    async def _poll_lists_and_runs(self) -> None:
        unfinished = self._unfinished()
        is_searched = self._search.needs_lists
        reads_lists = polls_lists(
            len(unfinished), lists_work=self._lists.are_readable, is_searched=is_searched
        )
        # A run that a task searches for can be on any page.
        if not reads_lists or not await self._try_lists(all_pages=is_searched):
            await self._poll_each(unfinished)
            return
        await self._poll_each(
            [run for run in unfinished if run.missed_lists >= _MISSED_LISTS]
        )

    async def _try_lists(self, *, all_pages: bool) -> bool:
        if not await self._lists.try_to_read(self._runs, all_pages=all_pages):
            return False
        self._pace = evolve(self._pace, failed_rounds=0)
        if all_pages:
            self._search.lists_were_read()
        return True

    async def _poll_notified(self) -> None:
        """Poll the runs for which the server sent a notification."""
        notified = [self._runs[id] for id in self._hints.to_poll if id in self._runs]
        self._hints.to_poll.clear()
        await self._poll_each([run for run in notified if not run.latest.is_over])
        self._drop_failed()
        if self._hints.all_notified:
            self._round_due_at = self._clock() + self._settings.notified_poll_seconds

    async def _poll_each(self, runs: Sequence[PolledRun]) -> None:
        if not runs:
            return
        has_response = await poll_each(self._client, runs, self._clock)
        failed_rounds = 0 if has_response else self._pace.failed_rounds + 1
        self._pace = evolve(self._pace, failed_rounds=failed_rounds)

    def _drop_failed(self) -> None:
        """Stop polling runs that cannot be followed, and wake the tasks that wait for them."""
        for run in self._unfinished():
            if run.polling_failure() is not None:
                del self._runs[run.latest.run.id]
                self._expected -= 1
                run.wake_waiters()

    def _is_round_due(self) -> bool:
        return (
            self._search.needs_lists
            or self._clock() >= self._round_due_at
            or self._hints.are_many
        )

    def _unfinished(self) -> list[PolledRun]:
        return [run for run in self._runs.values() if not run.latest.is_over]

    def _wake_if_all_made(self) -> None:
        if len(self._runs) == self._expected:
            self._hints.wake()

    def _minimum_pause_seconds(self) -> float:
        return minimum_pause_seconds(is_limited=self._client.announces_limits)

    def _advance_pace(self) -> float:
        """Move the pace on after a round, and return how long the pause is."""
        seconds, self._pace = pause_after_round(self._pace, self._view(), self._settings)
        return seconds

    def _view(self) -> BatchView:
        are_over = [run.latest.is_over for run in self._runs.values()]
        return BatchView(
            unfinished=are_over.count(False),
            pages=pages_to_oldest_moving(are_over),
            lists_work=self._lists.are_readable,
            is_limited=self._client.announces_limits,
            is_searched=self._search.needs_lists,
            all_notified=self._hints.all_notified,
            is_growing=len(self._runs) < self._expected,
            expected=self._expected,
        )
