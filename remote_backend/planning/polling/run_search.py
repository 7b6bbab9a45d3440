"""Finding the run of a batch that was made although the response was lost.

After an ambiguous failure the run may exist. `RunSearch.find` looks for it in the lists that the
poller reads anyway, or where there are none with a request for its workspace. Lists may lag, so
a run counts as missing only if it is not in lists whose reading began after
`PollSettings.list_lag_seconds`.

The poller calls `round_began` and `round_ended` for each round, and `lists_were_read` in between
if it read all pages. A search waits for `_round_ended`, until a round that began after the search
has read all pages, or lists do not work any more.
"""

from collections.abc import Callable

import anyio

from remote_backend.api.client import Client
from remote_backend.errors import Rejected
from remote_backend.models.run import Run, RunRequest
from remote_backend.planning.polling.failures import NO_FAILURES, back_off_seconds
from remote_backend.planning.polling.hints import Hints
from remote_backend.planning.polling.run_lists import RunLists
from remote_backend.planning.polling.settings import PollSettings
from remote_backend.planning.polling.signals import Signal

__all__ = ("RunSearch",)

_FIND_AGAIN_SECONDS = 1.0


class RunSearch:
    """Finds runs of a batch after ambiguous failures."""

    def __init__(
        self,
        client: Client,
        lists: RunLists,
        hints: Hints,
        settings: PollSettings,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._lists = lists
        self._hints = hints
        self._settings = settings
        self._clock = clock
        self._active_count = 0
        self._rounds_begun = 0
        self._last_complete_round = 0
        self._round_ended = Signal()

    @property
    def needs_lists(self) -> bool:
        """Whether a search waits for lists that are read to their end."""
        return self._active_count > 0 and self._lists.are_readable

    def round_began(self) -> None:
        """Take note that the poller begins a round."""
        self._rounds_begun += 1

    def lists_were_read(self) -> None:
        """Take note that this round has read all pages."""
        self._last_complete_round = self._rounds_begun

    def round_ended(self) -> None:
        """Wake the searches that wait for this round."""
        self._round_ended.send()

    async def find(self, request: RunRequest) -> Run | None:
        """Return the run that was made for a request whose response was lost, or None.

        Raises the last error when all attempts have failed for as long as polls may fail.
        """
        until = self._clock() + self._settings.list_lag_seconds
        failures = NO_FAILURES
        self._active_count += 1
        try:
            while True:
                began = self._clock()
                try:
                    run = await self._find_once(request)
                except Exception as error:  # of any kind: the run may exist
                    failures = failures.with_failure(error, began)
                    reason = failures.reason_to_stop(self._clock(), self._settings)
                    if reason is not None or isinstance(error, Rejected):
                        raise
                    await anyio.sleep(back_off_seconds(failures.count, self._settings))
                    continue
                if run is not None or began >= until:
                    return run
        finally:
            self._active_count -= 1

    async def _find_once(self, request: RunRequest) -> Run | None:
        if await self._wait_for_complete_lists():
            return self._lists.run_for(request)
        run = await self._client.find_run(request)
        if run is None:
            await anyio.sleep(min(_FIND_AGAIN_SECONDS, self._settings.list_lag_seconds))
        return run

    async def _wait_for_complete_lists(self) -> bool:
        """Wait for lists that are read from now on; return False when there are none."""
        rounds_begun = self._rounds_begun
        self._hints.wake()
        while self._last_complete_round <= rounds_begun and self._lists.are_readable:
            await self._round_ended.wait()
        return self._last_complete_round > rounds_begun
