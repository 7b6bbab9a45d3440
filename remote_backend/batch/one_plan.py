"""The plan of one workspace, from upload to outcome."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import anyio
from attrs import define, field, frozen

from remote_backend import models
from remote_backend.batch.outbox import Outbox
from remote_backend.batch.sharing import Configurations
from remote_backend.client import Client
from remote_backend.errors import (
    ConfigurationVersionFailed,
    NotFound,
    Rejected,
    RemoteBackendError,
)
from remote_backend.events import (
    CheckReported,
    ConfigurationUploaded,
    LogChunkRead,
    LogEnded,
    RunQueued,
    RunStatusChanged,
    UploadProgressed,
)
from remote_backend.log import Log
from remote_backend.logs import LogSettings, LogTail
from remote_backend.models.configuration import ConfigurationVersion
from remote_backend.models.run import PlanOptions, Run, RunRequest, WaitLimits
from remote_backend.runs import find_run, queue_run, stop_run
from remote_backend.slug.archive import Slug
from remote_backend.task_groups import unwrapped
from remote_backend.watch import RunWatch, Sweep, SweptRun, WatchSettings
from remote_backend.workspaces import Named, require_plannable

if TYPE_CHECKING:
    from remote_backend.batch.journal import Begun, Journal
    from remote_backend.models.outcome import Outcome, Result
    from remote_backend.models.policy import CheckReport

__all__ = ("Leaving", "PlanJob", "failed_outcome", "plan_workspace")

log = Log()

_SECONDS_TO_STOP = 5.0


@define(eq=False, repr=False)
class Leaving:
    """What becomes of runs whose batch is left early."""

    detached: bool = False
    """Whether they are left running, instead of being stopped."""

    living: list[tuple[str, str]] = field(factory=list)
    """Short names and ids of runs that live on."""


@frozen(kw_only=True, eq=False, repr=False)
class PlanJob:
    """What all plans of a batch have in common."""

    client: Client
    options: PlanOptions
    run_url: Callable[[str, str], str]
    """Makes the address of a run for people, from workspace name and run id."""

    outbox: Outbox
    configurations: Configurations
    sweep: Sweep | None = None
    """Looks at all runs together; None where each is looked at by itself."""

    leaving: Leaving = field(factory=Leaving)
    journal: "Journal | None" = None
    begun: "Mapping[str, Begun]" = field(factory=dict)
    """How far an earlier process had come, by short name."""

    limits: WaitLimits = WaitLimits()
    details: bool = False
    """Whether the server is asked what each plan would change."""

    watched: dict[str, RunWatch | SweptRun] = field(factory=dict)
    """The runs that are looked at, by id."""

    watch: WatchSettings = field(factory=WatchSettings)
    log: LogSettings = field(factory=LogSettings)


async def plan_workspace(job: PlanJob, named: Named, slug: Slug) -> "Outcome":
    """Plan one workspace; what goes wrong is part of the outcome.

    When canceled, the run is stopped on the server before the cancellation goes on.
    """
    started = anyio.current_time()
    plan = _OnePlan(job, named, slug)
    try:
        return await plan.carry_out(started)
    except RemoteBackendError as error:
        log.info("plan.failed", workspace=named.short, problem=str(error))
        return plan.outcome(
            models.outcome.Result.FAILED,
            seconds=anyio.current_time() - started,
            reason=str(error),
            error=error,
        )
    except anyio.get_cancelled_exc_class():
        await plan.stop()
        raise


def failed_outcome(named: Named, error: RemoteBackendError) -> "Outcome":
    """Return the outcome of a workspace whose plan could not even begin."""
    return models.outcome.Outcome(
        workspace=named.short,
        full_name=named.remote.name,
        result=models.outcome.Result.FAILED,
        reason=str(error),
        error=error,
    )


class _OnePlan:
    def __init__(self, job: PlanJob, named: Named, slug: Slug) -> None:
        self._job = job
        self._named = named
        self._slug = slug
        self._run: Run | None = None
        self._over = False
        self._waited_too_long: str | None = None
        self._times: dict[str, float] = {}
        self._started = anyio.current_time()

    async def carry_out(self, started: float) -> "Outcome":
        job, short = self._job, self._named.short
        require_plannable(self._named)
        self._run = run = await self._queue()
        watch = self._watch_of(run)
        tail = LogTail(job.client, watch, job.log)
        async with anyio.create_task_group() as group:
            group.start_soon(self._tail, tail, name=f"log of {short}")
            async with anyio.create_task_group() as limits:
                for name, seconds, ends in job.limits.all():
                    limits.start_soon(self._limit, watch, name, seconds, ends)
                await self._watch(watch, run.status)
                limits.cancel_scope.cancel()
        self._over = True
        # It was imported while the first requests were answered.
        from remote_backend.batch import verdict

        look = watch.latest
        checks = [report async for report in verdict.read_checks(job.client, look.run)]
        for report in checks:
            job.outbox.put(CheckReported(short, report))
        changes = None
        if job.details:
            changes = await verdict.changes_of(job.client, look, job.options)
        return self.outcome(
            verdict.result_of(look),
            seconds=anyio.current_time() - started,
            reason=self._waited_too_long or verdict.reason_of(look, checks),
            status=look.run.status,
            counts=look.plan.counts if look.plan and look.succeeded else None,
            checks=tuple(checks),
            log_is_complete=tail.is_complete,
            changes=changes,
            times=tuple(self._times.items()),
        )

    def outcome(
        self,
        result: "Result",
        *,
        seconds: float,
        checks: "tuple[CheckReport, ...]" = (),
        **more: object,
    ) -> "Outcome":
        remote = self._named.remote
        run = self._run
        return models.outcome.Outcome(
            workspace=self._named.short,
            full_name=remote.name,
            result=result,
            seconds=seconds,
            run_id=run.id if run else None,
            run_url=self._job.run_url(remote.name, run.id) if run else None,
            checks=checks,
            **more,  # type: ignore[arg-type] # the members of an outcome, by name
        )

    async def stop(self) -> None:
        """Stop the run on the server, within a bounded time, also when canceled."""
        if self._run is None or self._over:
            return
        stopped = False
        if not self._job.leaving.detached:
            with anyio.move_on_after(_SECONDS_TO_STOP, shield=True):
                try:
                    stopped = await stop_run(self._job.client, self._run.id)
                except RemoteBackendError as error:
                    log.warning("run.left", run_id=self._run.id, problem=str(error))
        if not stopped:
            self._job.leaving.living.append((self._named.short, self._run.id))

    def _watch_of(self, run: Run) -> RunWatch | SweptRun:
        job = self._job
        if job.sweep is not None:
            watch: RunWatch | SweptRun = job.sweep.watch(run)
        else:
            watch = RunWatch(job.client, run, settings=job.watch)
        job.watched[run.id] = watch
        return watch

    async def _limit(
        self, watch: RunWatch | SweptRun, name: str, seconds: float, ends: frozenset[str]
    ) -> None:
        """Stop the run when it still waits after a time."""
        await anyio.sleep(seconds)
        run_id = watch.latest.run.id
        try:
            # Looks can be some seconds old, and a plan that has begun is never stopped.
            run, _ = await self._job.client.read_run(run_id)
            if run.status not in ends:
                return
            if await stop_run(self._job.client, run_id):
                self._waited_too_long = (
                    f"it still waited ({run.status}) after -{name}={seconds:g}s, "
                    "so it was stopped"
                )
        except RemoteBackendError as error:
            log.warning("run.not_stopped", run_id=run_id, problem=str(error))
        watch.hurry()

    async def _queue(self) -> Run:
        begun = self._job.begun.get(self._named.short)
        run = await self._take_up(begun) if begun else None
        run = run or await self._begin()
        short = self._named.short
        self._job.outbox.put(
            ConfigurationUploaded(short, run.configuration_version_id or "")
        )
        run_url = self._job.run_url(self._named.remote.name, run.id)
        self._job.outbox.put(RunQueued(short, run.id, run_url))
        return run

    async def _take_up(self, begun: "Begun") -> Run | None:
        """Return the run that an earlier process made, or None when it made none."""
        if begun.run_id is not None:
            run, _ = await self._job.client.read_run(begun.run_id)
            return run
        request = self._request(begun.configuration_version_id)
        if self._job.sweep is not None:
            return await self._job.sweep.find(request)
        return await find_run(self._job.client, request)

    async def _begin(self) -> Run:
        configurations = self._job.configurations
        version = await configurations.version_for(self._named, self._slug, self._progress)
        run: Run | None = None
        try:
            async with configurations.trying(self._named, self._slug, version) as usable:
                if usable:
                    run = await self._make_run_soon(version)
        except (NotFound, Rejected, ConfigurationVersionFailed) as error:
            if not configurations.is_refusal(error, self._named, self._slug, version):
                raise
        if run is None:
            version = await configurations.own_version(
                self._named, self._slug, self._progress
            )
            run = await self._make_run(version)
        return run

    async def _make_run_soon(self, version: ConfigurationVersion) -> Run:
        """Make a run at once; where the server is not ready for it, as soon as it is.

        Servers that take a while to look into an archive refuse runs until then, so that is
        waited for beside the first attempt.
        """
        if version.is_usable:
            return await self._make_run(version)
        with unwrapped():
            async with anyio.create_task_group() as group:
                group.start_soon(
                    self._job.configurations.until_usable,
                    version,
                    name=f"wait for {version.id}",
                )
                try:
                    run = await self._make_run(version)
                except Rejected:
                    pass
                else:
                    group.cancel_scope.cancel()
                    return run
        return await self._make_run(version)

    def _request(self, configuration_version_id: str) -> RunRequest:
        return RunRequest(
            workspace_id=self._named.remote.id,
            configuration_version_id=configuration_version_id,
            options=self._job.options,
        )

    async def _record(self, version_id: str, run_id: str | None = None) -> None:
        if self._job.journal is not None:
            await self._job.journal.write(
                "begun",
                workspace=self._named.short,
                configuration_version_id=version_id,
                run_id=run_id,
            )

    def _progress(self, sent: int) -> None:
        short = self._named.short
        self._job.outbox.put_if_free(UploadProgressed(short, sent, self._slug.size_bytes))

    async def _make_run(self, version: ConfigurationVersion) -> Run:
        request = self._request(version.id)
        # Written before it is asked for: who resumes knows what to look for.
        await self._record(version.id)
        find = self._job.sweep.find if self._job.sweep else None
        made: list[Run] = []
        scope = anyio.CancelScope(shield=True)
        done = anyio.Event()

        async def make() -> None:
            with scope:
                try:
                    self._run = await queue_run(self._job.client, request, find=find)
                    made.append(self._run)
                except RemoteBackendError as error:
                    failures.append(error)
            done.set()

        failures: list[RemoteBackendError] = []
        async with anyio.create_task_group() as group:
            group.start_soon(make, name=f"queue {self._named.short}")
            try:
                await done.wait()
            except anyio.get_cancelled_exc_class():
                # A run that is made while we are told to stop would be left behind, so its
                # answer is still waited for, for a bounded time.
                scope.deadline = anyio.current_time() + _SECONDS_TO_STOP
                raise
        if failures:
            raise failures[0]
        await self._record(version.id, made[0].id)
        return made[0]

    async def _watch(self, watch: RunWatch | SweptRun, status: str) -> None:
        run_id = watch.latest.run.id
        self._job.outbox.put(RunStatusChanged(self._named.short, run_id, status))
        self._note(status)
        async for look in watch.looks():
            if look.run.status != status:
                status = look.run.status
                self._note(status)
                self._job.outbox.put(RunStatusChanged(self._named.short, run_id, status))
        self._over = True

    def _note(self, status: str) -> None:
        now = anyio.current_time() - self._started
        self._times.setdefault(status, round(now, 3))

    async def _tail(self, tail: LogTail) -> None:
        short = self._named.short
        async for data in tail.chunks():
            self._job.outbox.put(LogChunkRead(short, data))
        self._job.outbox.put(LogEnded(short, tail.is_complete, tail.problem))
