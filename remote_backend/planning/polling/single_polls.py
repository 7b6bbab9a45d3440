"""Polling several runs of a batch with one request each."""

from collections.abc import Callable, Sequence

import anyio

from remote_backend.api.client import Client
from remote_backend.planning.polling.failures import concerns_one_run
from remote_backend.planning.polling.polled_run import PolledRun

__all__ = ("poll_each",)

_MAX_CONCURRENCY = 10


async def poll_each(
    client: Client, runs: Sequence[PolledRun], clock: Callable[[], float]
) -> bool:
    """Poll each run by itself; return whether the server responded to any poll.

    A failed poll is given to its run, so nothing is raised.
    """
    polls = _SinglePolls(client, clock())
    async with anyio.create_task_group() as group:
        for run in runs:
            group.start_soon(polls.poll, run)
    return polls.server_responded


class _SinglePolls:
    """The polls of one round."""

    def __init__(self, client: Client, began: float) -> None:
        self.server_responded = False
        self._client = client
        self._began = began
        self._limiter = anyio.CapacityLimiter(_MAX_CONCURRENCY)
        self._failures: list[Exception] = []

    async def poll(self, run: PolledRun) -> None:
        async with self._limiter:
            if self._server_is_down:
                # Each attempt can take minutes while a server is down, so the other runs
                # would wait for hours until they are polled again.
                run.record_failed_poll(self._failures[-1], self._began)
                return
            try:
                run.update(*await self._client.read_run(run.latest.run.id))
                self.server_responded = True
            except Exception as error:  # of any kind; it says nothing about the run
                run.record_failed_poll(error, self._began)
                if concerns_one_run(error):
                    self.server_responded = True
                else:
                    self._failures.append(error)

    @property
    def _server_is_down(self) -> bool:
        return len(self._failures) >= _MAX_CONCURRENCY and not self.server_responded
