"""The newest snapshot of one run, for all tasks that wait for it.

A poller calls `update` or `failed` after each poll. Both send `_polled`, for tasks that wait for
the next snapshot, and `_log_change` if the log became readable or complete, for the log tail.
`complete` reads the plan by its id where that is needed (`snapshot.needs_plan`).

Invariant: once `latest` is over it stays so; an older response that arrives later changes the
plan at most. All decisions are in `snapshot`, where the time is an argument.
"""

import math
from collections.abc import Callable

import anyio
from attrs import evolve

from remote_backend.api.client import Client
from remote_backend.errors import PollingFailed, text_of
from remote_backend.models.plan import Plan
from remote_backend.models.run import Run
from remote_backend.planning.polling.failures import concerns_one_run
from remote_backend.planning.polling.long_wait import LongWait
from remote_backend.planning.polling.settings import PollSettings
from remote_backend.planning.polling.signals import ChangeSignal, Signal
from remote_backend.planning.polling.snapshot import (
    PollHistory,
    RunSnapshot,
    needs_plan,
    reason_to_stop,
    rests,
    stalls,
)
from remote_backend.structured_logging import Log

__all__ = ("RunTracker",)

log = Log()

_PLAN_READS = 3


class RunTracker:
    """Keeps the newest snapshot of a run and wakes the tasks that wait for it."""

    def __init__(
        self,
        client: Client,
        run: Run,
        *,
        settings: PollSettings | None = None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self.latest = RunSnapshot(run, None)
        self._client = client
        self._settings = settings or PollSettings()
        self._clock = clock
        self._history = PollHistory(status_since=clock())
        self._polled = Signal()
        self._log_change = ChangeSignal((False, False, False))
        self._long_wait = LongWait(client.notices)

    @property
    def plan(self) -> Plan | None:
        """The plan as last seen."""
        return self.latest.plan

    @property
    def plan_may_have_begun(self) -> bool:
        """Whether the plan may have written to its log."""
        return self.latest.run.may_have_begun

    @property
    def log_is_over(self) -> bool:
        """Whether the log is not written any more."""
        return self.latest.log_is_over and not self._needs_plan()

    def update(self, run: Run, plan: Plan | None) -> None:
        """Take the result of a poll; an older response never takes an end back."""
        self._history.polled()
        if not self.latest.is_over:
            if run.status != self.latest.run.status:
                self._history.status_since = self._clock()
            self.latest = RunSnapshot(run, self.latest.plan)
        if plan is not None:
            self._take_plan(plan)
            self._history.plan_seen(run.status, self._clock())
        self._settle()
        self.wake_waiters()

    def record_failed_poll(self, error: Exception, began: float) -> None:
        """Take the failure of a poll that began at a time; it says nothing about the run."""
        log.warning("poll.failed", run_id=self.latest.run.id, problem=text_of(error))
        self._history.failed(error, began)
        self.wake_waiters()

    def polling_failure(self) -> PollingFailed | None:
        """Return why the run cannot be followed to its end, or None while it can."""
        run = self.latest.run
        reason = reason_to_stop(self.latest, self._history, self._clock(), self._settings)
        return PollingFailed(run.id, run.status, reason) if reason else None

    def wake_waiters(self) -> None:
        """Wake the tasks that wait for a snapshot, or for a change that concerns the log."""
        self._report_long_wait()
        self._polled.send()
        has_address = self.plan is not None and self.plan.log_read_url is not None
        self._log_change.update((self.log_is_over, self.plan_may_have_begun, has_address))

    async def next_snapshot(self, at_most_seconds: float = math.inf) -> None:
        """Wait for the next poll, or for a time."""
        await self._polled.wait(at_most_seconds)

    async def next_log_change(self, at_most_seconds: float) -> None:
        """Wait until the log becomes readable or complete, or for a time."""
        await self._log_change.wait(at_most_seconds)

    async def read_plan_again(self) -> Plan | None:
        """Read the plan by its id, for a fresh address of its log."""
        plan_id = self.latest.run.plan_id
        if plan_id is None:
            return None
        plan = await self._client.read_plan(plan_id)
        self._take_plan(plan)
        return plan

    async def complete(self) -> None:
        """Read the plan by its id where that is needed; without a response go on without it."""
        while self._needs_plan(self._clock() - self._history.plan_seen_at):
            # The run can end while its plan is read; then that plan is not the last one.
            run_status = self.latest.run.status
            await self._try_to_read_plan()
            self._history.plan_seen(run_status, self._clock())
            self._settle()
            self.wake_waiters()

    async def _try_to_read_plan(self) -> None:
        for _ in range(_PLAN_READS):
            try:
                await self.read_plan_again()
                return
            except Exception as error:  # one odd plan must not end the polling of its run
                log.warning("plan.unreadable", problem=text_of(error))
                if not self.latest.is_over or concerns_one_run(error):
                    return
            await anyio.sleep(self._settings.longest_wait_seconds)

    def _needs_plan(self, seen_seconds_ago: float = 0.0) -> bool:
        return needs_plan(
            self.latest,
            seen_in=self._history.plan_seen_in,
            seen_seconds_ago=seen_seconds_ago,
            polled=self._history.was_polled,
        )

    def _take_plan(self, plan: Plan) -> None:
        known = self.latest.plan
        if known is None or plan.is_final or not known.is_final:
            self.latest = evolve(self.latest, plan=plan)

    def _report_long_wait(self) -> None:
        settings = self._settings
        if self._history.failures.count:
            limit_seconds = settings.failing_seconds
            self._long_wait.begin("a run to become readable", self._problem, limit_seconds)
        elif stalls(self.latest, math.inf, settings):
            limit_seconds = settings.stall_seconds
            what = "a run to end whose plan is over"
            self._long_wait.begin(what, self._status_text, limit_seconds)
        else:
            self._long_wait.end()

    def _problem(self) -> str:
        return self._history.failures.problem

    def _status_text(self) -> str:
        return f"{self.latest.run.id} is {self.latest.run.status}"

    def _settle(self) -> None:
        same_seconds = self._clock() - self._history.status_since
        is_old_server = self._client.api_version is None
        if not self.latest.is_over and rests(
            self.latest, same_seconds, is_old_server=is_old_server, settings=self._settings
        ):
            self.latest = evolve(self.latest, settled=True)
