"""The plan of one workspace, from its first request to its outcome.

`WorkspacePlan.carry_out` is the story when all goes well. `failed` and `canceled` end it from any
point: they read from the `WorkspaceRun` how far it had come, stop what still runs, and return the
outcome. `planning.batch` calls one of the three, and exactly one outcome comes of a workspace,
none when its run is left running on purpose.
"""

import anyio
from attrs import evolve

from remote_backend.errors import ConfigurationChanged, SlugError
from remote_backend.events import CheckReported
from remote_backend.models.changes import PlannedChanges
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.policy import CheckReport
from remote_backend.planning import run_result
from remote_backend.planning.cancellation import Stopped
from remote_backend.planning.configuration_versions import ConfigurationVersions
from remote_backend.planning.failure_reasons import canceled, failure_of_error
from remote_backend.planning.followed_run import FollowedRun
from remote_backend.planning.polling import RunSnapshot
from remote_backend.planning.run_failure import failure_of_run
from remote_backend.planning.running_batch import RunningBatch
from remote_backend.planning.workspace_run import WorkspaceRun
from remote_backend.plans.log_facts import LogFacts
from remote_backend.slug.archive import Slug
from remote_backend.structured_logging import Log
from remote_backend.workspaces import LocalWorkspace, require_plannable

__all__ = ("NOT_STARTED", "WorkspacePlan")

log = Log()

NOT_STARTED = "the batch was canceled before its run was made"


class WorkspacePlan:
    """Plans one workspace of a batch."""

    def __init__(
        self, batch: RunningBatch, workspace: LocalWorkspace, archive: Slug | SlugError
    ) -> None:
        self._batch = batch
        self._workspace = workspace
        self._run = WorkspaceRun(batch, workspace, archive)
        self._started = anyio.current_time()

    async def carry_out(self, configurations: ConfigurationVersions) -> Outcome:
        """Plan the workspace and return its outcome; raises whatever keeps it from that."""
        require_plannable(self._workspace)
        followed = await configurations.run_with(self._run)
        return await self._conclude(followed)

    async def failed(self, error: Exception) -> Outcome:
        """Return the outcome after an error on our side; a run that goes on is stopped."""
        phase = self._phase()
        failure = failure_of_error(error, phase=phase)
        log.info("plan.failed", workspace=self._workspace.name, problem=failure.title)
        stopped = await self._stop()
        if stopped.problem is not None:
            title = f"{failure.title}; its run may still be running: {stopped.problem}"
            failure = evolve(failure, title=title)
        # The run of a changed configuration can be made once the files are the earlier ones.
        is_changed = isinstance(error, ConfigurationChanged)
        result = Result.NOT_STARTED if is_changed else Result.FAILED
        still_running = stopped.problem is not None or self._may_have_unknown_run()
        return evolve(
            self._outcome(result, failure, still_running=still_running),
            phase=phase,
            error=error,
        )

    async def canceled(self) -> Outcome | None:
        """Stop the run; return the outcome, or None when the run is left running on purpose."""
        run, followed = self._run.run, self._run.followed
        if run is None and self._may_have_unknown_run():
            failure = _disconnected("its run may have been made, but no answer came")
            return self._outcome(Result.FAILED, failure, still_running=True)
        if run is None:
            return self._outcome(Result.NOT_STARTED, canceled(NOT_STARTED))
        if followed is not None and followed.is_over:
            return self._judged(followed.latest)
        stopped = await self._stop()
        if stopped.was_detached:
            return None
        if stopped.problem is not None:
            failure = _disconnected(f"its run could not be canceled: {stopped.problem}")
            return self._outcome(Result.FAILED, failure, still_running=True)
        if stopped.run is not None:
            plan = followed.latest.plan if followed is not None else None
            return self._judged(RunSnapshot(stopped.run, plan))
        return self._outcome(Result.CANCELED, canceled("canceled with its batch"))

    async def _conclude(self, followed: FollowedRun) -> Outcome:
        """Return the outcome of a run that is over, with what policies say of it."""
        batch = self._batch
        optional = await run_result.read_optional_data(
            batch.client,
            followed.latest,
            batch.requested if batch.options.details else None,
            runs=len(batch.pollers),
        )
        for report in optional.checks:
            batch.events.put(CheckReported(self._workspace.name, report))
        if not optional.is_complete:
            batch.events.warn("not all that policies and plans say could be read in time")
        outcome = self._judged(followed.latest, tuple(optional.checks), optional.changes)
        return evolve(outcome, log_is_complete=followed.log_is_complete)

    def _judged(
        self,
        snapshot: RunSnapshot,
        checks: tuple[CheckReport, ...] = (),
        changes: PlannedChanges | None = None,
    ) -> Outcome:
        """Return the outcome of a run that is over."""
        followed = self._run.followed
        log_facts = followed.facts if followed is not None else LogFacts()
        failure = failure_of_run(snapshot, checks, log_facts)
        # A run can have succeeded just before the cancel request of a limit arrived.
        if failure is not None and followed is not None:
            failure = followed.stopped_by_limit or failure
        return evolve(
            self._outcome(run_result.result_of(snapshot), failure),
            phase=None if snapshot.succeeded else run_result.phase_reached(snapshot),
            status=snapshot.run.status,
            counts=run_result.counts_of(snapshot, changes, log_facts.counts),
            checks=checks,
            changes=changes,
        )

    def _outcome(
        self, result: Result, failure: Failure | None, *, still_running: bool = False
    ) -> Outcome:
        """Return an outcome with all that is known of the run so far."""
        remote, run, followed = self._workspace.remote, self._run.run, self._run.followed
        latest = followed.latest.run if followed is not None else run
        first_seen = followed.first_seen if followed is not None else {}
        return Outcome(
            workspace=self._workspace.name,
            full_name=remote.name,
            result=result,
            status=latest.status if latest else None,
            failure=failure,
            seconds=anyio.current_time() - self._started,
            run_id=run.id if run else None,
            plan_id=latest.plan_id if latest else None,
            run_url=self._batch.context.run_url(remote.name, run.id) if run else None,
            times=tuple(
                (status, round(time - self._started, 3))
                for status, time in first_seen.items()
            ),
            still_running=still_running,
        )

    async def _stop(self) -> Stopped:
        """Stop the run where there is one that is not over, within a bounded time."""
        run, followed = self._run.run, self._run.followed
        if run is None or (followed is not None and followed.is_over):
            return Stopped()
        on_exit = self._batch.on_exit
        return await on_exit.stop(self._batch.client, self._workspace.name, run.id)

    def _may_have_unknown_run(self) -> bool:
        return self._run.run is None and self._run.may_exist

    def _phase(self) -> str:
        followed = self._run.followed
        if followed is None:
            return self._run.phase
        return run_result.phase_reached(followed.latest)


def _disconnected(title: str) -> Failure:
    return Failure(kind=FailureKind.CONNECTION, title=title)
