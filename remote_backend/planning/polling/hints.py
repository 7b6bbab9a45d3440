"""Hints that runs of a batch may have moved, and when they wake the poller.

A log tail gives a hint when its log seems to be over. One run is not worth a round for all of
them, so the poller wakes when half of the runs that are left are hinted. A notification of the
server wakes it at once, and the run is polled by itself.

The wake-up stays set until the poller clears it with `clear_wake_up`, just before it polls, so that
no hint is missed while the poller works.
"""

import math
from collections.abc import Mapping

import anyio

from remote_backend.planning.polling.tracker import RunTracker

__all__ = ("Hints",)


class Hints:
    """The hints for the runs of a batch since they were last polled."""

    def __init__(self, runs: Mapping[str, RunTracker]) -> None:
        self.to_poll: set[str] = set()
        """Ids of the runs with a notification since they were polled."""

        self._runs = runs
        self._hinted: set[str] = set()
        self._notified: set[str] = set()
        self._wake = anyio.Event()

    def hint(self, run_id: str) -> None:
        """Take a hint that a run may have moved."""
        self._hinted.add(run_id)
        if self.are_many:
            self._wake.set()

    def notify(self, run_id: str) -> None:
        """Take a notification of the server: poll this run now."""
        self._notified.add(run_id)
        self.to_poll.add(run_id)
        self._wake.set()

    @property
    def are_many(self) -> bool:
        """Whether at least half of the runs that are not over are hinted."""
        moving = [run_id for run_id, run in self._runs.items() if not run.latest.is_over]
        return 2 * sum(run_id in self._hinted for run_id in moving) >= len(moving)

    @property
    def all_notified(self) -> bool:
        """Whether the server sends notifications for all runs that are not over."""
        return all(
            run_id in self._notified
            for run_id, run in self._runs.items()
            if not run.latest.is_over
        )

    @property
    def is_awake(self) -> bool:
        """Whether the poller was woken since it last slept."""
        return self._wake.is_set()

    def clear_hints(self) -> None:
        """Forget hints and notifications, because all runs are polled now."""
        self._hinted.clear()
        self.to_poll.clear()

    def wake(self) -> None:
        """Wake the poller."""
        self._wake.set()

    def clear_wake_up(self) -> None:
        """Make the next `wait` wait for a hint or notification that comes from now on."""
        self._wake = anyio.Event()

    async def wait(self, at_most_seconds: float = math.inf) -> None:
        """Wait until the poller is woken, or for a time."""
        with anyio.move_on_after(at_most_seconds):
            await self._wake.wait()
