"""One run, from its creation to its end: its statuses on one side, its log on the other.

Three tasks work on a run at the same time. `_follow_statuses` reads the snapshots of the poller,
`_follow_log` reads the log, and each wait limit sleeps until it may stop the run. The statuses
decide: when they end, the limits are canceled, and the log is read to its end, which the poller
announces to it. A `Trial` (see `planning.upload_canary`) sees all snapshots and holds the log back
until its run has planned.

Invariant: a run is in `OnExit.unfinished` from `until_over` on until a snapshot shows its end, and a
log that was shown has exactly one `LogEnded`, behind its last chunk.
"""

import anyio

from remote_backend.errors import RemoteBackendError
from remote_backend.events import LogChunkRead, LogEnded, RunStatusChanged
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.run import Run
from remote_backend.planning.log_tail import LogTail
from remote_backend.planning.pending_runs import explains_pending, report_pending
from remote_backend.planning.polling import RunSnapshot
from remote_backend.planning.requested_options import require_as_requested
from remote_backend.planning.run_creation import stop_run
from remote_backend.planning.running_batch import RunningBatch
from remote_backend.planning.upload_canary import Trial
from remote_backend.plans.log_facts import LogFacts
from remote_backend.structured_logging import Log
from remote_backend.workspaces import LocalWorkspace

__all__ = ("FollowedRun",)

log = Log()


class FollowedRun:
    """A run that was made, and what was seen of it so far."""

    def __init__(
        self, batch: RunningBatch, workspace: LocalWorkspace, run: Run, trial: Trial | None
    ) -> None:
        self.is_over = False
        self.facts = LogFacts()
        self.first_seen: dict[str, float] = {}
        """When each status was seen first, by the clock of the event loop."""

        self.stopped_by_limit: Failure | None = None
        """Set when it was stopped because it waited too long."""

        self._batch = batch
        self._workspace = workspace
        self._trial = trial
        self._poller = batch.pollers.track(run)
        self._tail = LogTail(batch.client, self._poller, batch.log_settings)
        self._log_has_ended = False

    @property
    def latest(self) -> RunSnapshot:
        """What the last poll showed."""
        return self._poller.latest

    @property
    def log_is_complete(self) -> bool:
        """Whether the log was read to its end."""
        return self._tail.is_complete

    async def until_over(self) -> None:
        """Report statuses and log until both have ended, and judge the trial that the run is."""
        batch, run = self._batch, self.latest.run
        batch.on_exit.unfinished.add(run.id)
        async with anyio.create_task_group() as group:
            group.start_soon(self._follow_log, name=f"log of {self._workspace.name}")
            async with anyio.create_task_group() as limits:
                for label, seconds, statuses in batch.options.limits.all():
                    limits.start_soon(self._stop_later, label, seconds, statuses)
                is_alone = batch.pollers.polls_singly
                if explains_pending(run, self._workspace.remote, is_alone=is_alone):
                    limits.start_soon(self._report_pending)
                await self._follow_statuses(run)
                limits.cancel_scope.cancel()
        if self._trial is not None:
            self._trial.judge(self.latest)
        is_refused = self._trial is not None and self._trial.is_refused
        if not self._log_has_ended and not is_refused:
            self._end_log()

    async def _follow_statuses(self, run: Run) -> None:
        self._report_status(run)
        status = run.status
        async for snapshot in self._poller.snapshots():
            require_as_requested(snapshot.run, self._batch.requested)
            if self._trial is not None:
                self._trial.update(snapshot)
            if snapshot.run.status != status:
                status = snapshot.run.status
                self._report_status(snapshot.run)
        self.is_over = True
        self._batch.on_exit.unfinished.discard(run.id)

    def _report_status(self, run: Run) -> None:
        self.first_seen.setdefault(run.status, anyio.current_time())
        self._batch.events.put(RunStatusChanged(self._workspace.name, run.id, run.status))

    async def _follow_log(self) -> None:
        trial, size_bytes = self._trial, 0
        with self._batch.context.telemetry.span("read log") as span:
            async for data in self._tail.chunks():
                self.facts.feed(data)
                size_bytes += len(data)
                self._put_log(data if trial is None else trial.take(data))
            span.set({"remote_backend.size_bytes": size_bytes})
        if trial is None or trial.has_planned:
            self._end_log()

    def _end_log(self) -> None:
        self._log_has_ended = True
        if self._trial is not None:
            self._put_log(self._trial.release())
        tail = self._tail
        self._batch.events.put(
            LogEnded(self._workspace.name, tail.is_complete, tail.problem)
        )

    def _put_log(self, data: bytes) -> None:
        if data:
            self._batch.events.put(LogChunkRead(self._workspace.name, data))

    async def _stop_later(
        self, label: str, seconds: float, statuses: frozenset[str]
    ) -> None:
        """Stop the run when it still has one of these statuses after a time."""
        await anyio.sleep(seconds)
        run_id = self.latest.run.id
        try:
            # Polls can be some seconds old, and a plan that has begun is never stopped.
            run, _ = await self._batch.client.read_run(run_id)
            if run.status not in statuses:
                return
            if await stop_run(self._batch.client, run_id) is None:
                title = (
                    f"it still waited ({run.status}) after {label}={seconds:g}s, "
                    "so it was stopped"
                )
                self.stopped_by_limit = Failure(kind=FailureKind.TIMEOUT, title=title)
        except RemoteBackendError as error:
            log.warning("run.not_stopped", problem=str(error))
        self._poller.poll_soon()

    async def _report_pending(self) -> None:
        batch = self._batch
        is_alone = batch.pollers.polls_singly
        await report_pending(
            batch.client, self._workspace.remote, self._poller, is_alone=is_alone
        )
