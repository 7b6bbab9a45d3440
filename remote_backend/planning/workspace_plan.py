"""The plan of one workspace, from upload to outcome."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from attrs import evolve

from remote_backend.errors import (
    ConfigurationChanged,
    RemoteBackendError,
    SlugError,
)
from remote_backend.events import (
    CheckReported,
    ConfigurationUploaded,
    LogChunkRead,
    LogEnded,
    RunQueued,
    RunStatusChanged,
)
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.run import Run
from remote_backend.planning import run_result
from remote_backend.planning.cancellation import Stopped
from remote_backend.planning.failure_reasons import (
    canceled,
    cause_of,
    failure_of_error,
)
from remote_backend.planning.log_tail import LogTail
from remote_backend.planning.pending_runs import explains_pending, report_pending
from remote_backend.planning.polling import PolledRun, RunPoller, RunSnapshot
from remote_backend.planning.requested_options import require_as_requested
from remote_backend.planning.run_creation import stop_run
from remote_backend.planning.run_failure import failure_of_run
from remote_backend.planning.running_batch import RunningBatch
from remote_backend.planning.workspace_run import RunCreation
from remote_backend.plans.log_facts import LogFacts
from remote_backend.slug.archive import Slug
from remote_backend.structured_logging import Log
from remote_backend.workspaces import LocalWorkspace, require_plannable

__all__ = ("NOT_STARTED", "plan_workspace")

log = Log()

NOT_STARTED = "the batch was canceled before its run was made"


async def plan_workspace(
    job: RunningBatch,
    named: LocalWorkspace,
    slug: Slug | SlugError,
    end: Callable[[Outcome], Awaitable[None]],
) -> None:
    """Plan one workspace and give `end` its outcome; whatever goes wrong is part of that.

    When canceled, the run is stopped on the server, and `end` called, before the cancellation
    goes on; a run that is left running on purpose has no outcome.
    """
    plan = _WorkspacePlan(job, named, slug)
    outcome: Outcome | None
    try:
        outcome = await plan.carry_out()
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):
            outcome = await plan.canceled()
            if outcome is not None:
                await end(outcome)
        raise
    except Exception as error:
        # Of any kind: one workspace must not end the plans of the others.
        outcome = await plan.failed(cause_of(error))
    with anyio.CancelScope(shield=True):
        await end(outcome)


class _WorkspacePlan:
    def __init__(
        self, job: RunningBatch, named: LocalWorkspace, slug: Slug | SlugError
    ) -> None:
        self._job = job
        self._named = named
        self._creation = RunCreation(job, named, slug)
        self._phase = "start"
        self._seen: RunPoller | PolledRun | None = None
        self._over = False
        self._facts = LogFacts()
        self._log_has_ended = False
        self._waited_too_long: Failure | None = None
        self._times: dict[str, float] = {}
        self._started = anyio.current_time()

    @property
    def _run(self) -> Run | None:
        return self._creation.run

    async def carry_out(self) -> Outcome:
        require_plannable(self._named)
        self._phase = "upload"
        configurations = self._job.configurations
        try:
            watch, tail = await self._follow(await self._creation.create())
            trial = self._creation.trial
            if trial is not None and trial.is_refused:
                watch, tail = await self._plan_again()
                if watch.latest.succeeded:
                    await configurations.remember(works=False)
            elif trial is not None and trial.has_planned:
                await configurations.remember(works=True)
        finally:
            # Whatever has ended it: others wait until there is no canary any more.
            configurations.canary.leave(self._named.name)
        return await self._conclude(watch, tail)

    async def _follow(self, run: Run) -> tuple[RunPoller | PolledRun, LogTail]:
        """Watch a run, and read its log, until both are over."""
        job = self._job
        self._announce(run)
        require_as_requested(run, job.requested)
        job.on_exit.going.add(run.id)
        self._seen = watch = job.pollers.track(run)
        tail = LogTail(job.client, watch, job.log_settings)
        async with anyio.create_task_group() as group:
            group.start_soon(self._tail, tail, name=f"log of {self._named.name}")
            async with anyio.create_task_group() as limits:
                for name, seconds, ends in job.options.limits.all():
                    limits.start_soon(self._limit, watch, name, seconds, ends)
                if explains_pending(
                    run, self._named.remote, is_alone=job.pollers.polls_singly
                ):
                    limits.start_soon(self._report_pending, watch)
                await self._watch(watch, run.status)
                limits.cancel_scope.cancel()
        trial = self._creation.trial
        if trial is not None:
            trial.judge(watch.latest)
        if not self._log_has_ended and not (trial is not None and trial.is_refused):
            self._end_log(tail)
        return watch, tail

    async def _plan_again(self) -> tuple[RunPoller | PolledRun, LogTail]:
        """Plan once more, after a run for which the server did not take the shared upload."""
        self._job.events.warn(
            f"{self._named.name} is planned again with an upload of its own, as all others "
            "from now on: the server did not take the upload of another workspace"
        )
        self._seen, self._over = None, False
        self._facts = LogFacts()
        self._times.clear()
        return await self._follow(await self._creation.create_alone())

    async def _conclude(self, watch: RunPoller | PolledRun, tail: LogTail) -> Outcome:
        """Return the outcome of a run that is over, with what policies say of it."""
        job, short = self._job, self._named.name
        look = watch.latest
        optional = await run_result.read_optional_data(
            job.client,
            look,
            job.requested if job.options.details else None,
            runs=len(job.pollers),
        )
        for report in optional.checks:
            job.events.put(CheckReported(short, report))
        if not optional.is_complete:
            job.events.warn("not all that policies and plans say could be read in time")
        return self._judged(
            look,
            checks=tuple(optional.checks),
            log_is_complete=tail.is_complete,
            changes=optional.changes,
        )

    async def failed(self, error: Exception) -> Outcome:
        """Return the outcome after an error on our side; a run that goes on is stopped."""
        phase = self._phase_now()
        failure = failure_of_error(error, phase=phase)
        log.info("plan.failed", workspace=self._named.name, problem=failure.title)
        stopped = await self._stop()
        if stopped.problem is not None:
            title = f"{failure.title}; its run may still be running: {stopped.problem}"
            failure = evolve(failure, title=title)
        # Its run can still be made by another resume, once the files are the earlier ones.
        is_changed = isinstance(error, ConfigurationChanged)
        return self._outcome(
            Result.NOT_STARTED if is_changed else Result.FAILED,
            failure=failure,
            phase=phase,
            error=error,
            still_running=stopped.problem is not None or self._is_unknown(),
        )

    async def canceled(self) -> Outcome | None:
        """Stop the run; return the outcome, or None when the run is left running on purpose."""
        if self._run is None:
            if self._is_unknown():
                failure = _disconnected("its run may have been made, but no answer came")
                return self._outcome(Result.FAILED, failure=failure, still_running=True)
            return self._outcome(Result.NOT_STARTED, failure=canceled(NOT_STARTED))
        if self._over and self._seen is not None:
            return self._judged(self._seen.latest)
        stopped = await self._stop()
        if stopped.was_detached:
            return None
        if stopped.problem is not None:
            failure = _disconnected(f"its run could not be canceled: {stopped.problem}")
            return self._outcome(Result.FAILED, failure=failure, still_running=True)
        if stopped.run is not None:
            return self._judged(
                RunSnapshot(stopped.run, self._seen.plan if self._seen else None)
            )
        return self._outcome(Result.CANCELED, failure=canceled("canceled with its batch"))

    def _judged(self, look: RunSnapshot, **more: Any) -> Outcome:
        """Return the outcome of a run that is over."""
        return self._outcome(
            run_result.result_of(look),
            failure=self._waited_too_long
            or failure_of_run(look, more.get("checks", ()), self._facts),
            phase=None if look.succeeded else run_result.phase_reached(look),
            status=look.run.status,
            counts=run_result.counts_of(look, more.get("changes"), self._facts.counts),
            **more,
        )

    def _outcome(self, result: Result, **more: Any) -> Outcome:
        remote = self._named.remote
        run = self._run
        latest = self._seen.latest.run if self._seen else run
        found = {"status": latest.status if latest else None, **more}
        return Outcome(
            workspace=self._named.name,
            full_name=remote.name,
            result=result,
            seconds=anyio.current_time() - self._started,
            run_id=run.id if run else None,
            plan_id=latest.plan_id if latest else None,
            run_url=self._job.context.run_url(remote.name, run.id) if run else None,
            times=tuple(self._times.items()),
            **found,
        )

    async def _stop(self) -> Stopped:
        """Stop the run where there is one that is not over, within a bounded time."""
        if self._run is None or self._over:
            return Stopped()
        leaving, short = self._job.on_exit, self._named.name
        return await leaving.stop(self._job.client, short, self._run.id)

    def _is_unknown(self) -> bool:
        return self._run is None and self._creation.may_have_run

    def _phase_now(self) -> str:
        if self._seen is None:
            return self._phase if self._phase == "start" else self._creation.phase
        return run_result.phase_reached(self._seen.latest)

    async def _report_pending(self, watch: RunPoller | PolledRun) -> None:
        is_alone = self._job.pollers.polls_singly
        workspace = self._named.remote
        await report_pending(self._job.client, workspace, watch, is_alone=is_alone)

    async def _limit(
        self, watch: RunPoller | PolledRun, name: str, seconds: float, ends: frozenset[str]
    ) -> None:
        """Stop the run when it still waits after a time."""
        await anyio.sleep(seconds)
        run_id = watch.latest.run.id
        try:
            # Looks can be some seconds old, and a plan that has begun is never stopped.
            run, _ = await self._job.client.read_run(run_id)
            if run.status not in ends:
                return
            if await stop_run(self._job.client, run_id) is None:
                title = (
                    f"it still waited ({run.status}) after {name}={seconds:g}s, "
                    "so it was stopped"
                )
                self._waited_too_long = Failure(kind=FailureKind.TIMEOUT, title=title)
        except RemoteBackendError as error:
            log.warning("run.not_stopped", run_id=run_id, problem=str(error))
        watch.poll_soon()

    def _announce(self, run: Run) -> None:
        short, outbox = self._named.name, self._job.events
        outbox.put(ConfigurationUploaded(short, run.configuration_version_id or ""))
        run_url = self._job.context.run_url(self._named.remote.name, run.id)
        outbox.put(RunQueued(short, run.id, run_url))

    async def _watch(self, watch: RunPoller | PolledRun, status: str) -> None:
        run_id = watch.latest.run.id
        self._job.events.put(RunStatusChanged(self._named.name, run_id, status))
        self._note(status)
        async for look in watch.snapshots():
            require_as_requested(look.run, self._job.requested)
            if self._creation.trial is not None:
                self._creation.trial.saw(look)
            if look.run.status != status:
                status = look.run.status
                self._note(status)
                self._job.events.put(RunStatusChanged(self._named.name, run_id, status))
        self._over = True
        self._job.on_exit.going.discard(run_id)

    def _note(self, status: str) -> None:
        now = anyio.current_time() - self._started
        self._times.setdefault(status, round(now, 3))

    async def _tail(self, tail: LogTail) -> None:
        trial = self._creation.trial
        async for data in tail.chunks():
            self._facts.feed(data)
            shown = data if trial is None else trial.take(data)
            if shown:
                self._job.events.put(LogChunkRead(self._named.name, shown))
        if trial is None or trial.has_planned:
            self._end_log(tail)

    def _end_log(self, tail: LogTail) -> None:
        self._log_has_ended = True
        short, trial = self._named.name, self._creation.trial
        if trial is not None and (held := trial.release()):
            self._job.events.put(LogChunkRead(short, held))
        self._job.events.put(LogEnded(short, tail.is_complete, tail.problem))


def _disconnected(title: str) -> Failure:
    return Failure(kind=FailureKind.CONNECTION, title=title)
