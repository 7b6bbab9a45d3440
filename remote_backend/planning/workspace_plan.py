"""The plan of one workspace, from its first request to its outcome.

`planning.batch` calls `WorkspacePlan.carry_out`, and after an error `fail`, or after a
cancellation `cancel`. These two can begin at any point: they read from the `WorkspaceRun` how
far the plan has come, stop a run that is not over, and return the outcome.

Invariant: a workspace has exactly one outcome, or none when its run is left running on purpose.
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
from remote_backend.planning.failure_reasons import (
    failure_of_cancellation,
    failure_of_error,
)
from remote_backend.planning.followed_run import FollowedRun
from remote_backend.planning.meeting import Meeting
from remote_backend.planning.polling import RunSnapshot
from remote_backend.planning.run_failure import failure_of_run
from remote_backend.planning.running_batch import RunningBatch
from remote_backend.planning.workspace_run import WorkspaceRun
from remote_backend.plans.ignored_drift import without_ignored_drift
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
        self,
        batch: RunningBatch,
        workspace: LocalWorkspace,
        archive: Slug | SlugError,
        meeting: Meeting | None = None,
    ) -> None:
        self._batch = batch
        self._workspace = workspace
        self._workspace_run = WorkspaceRun(batch, workspace, archive, meeting)
        self._started = anyio.current_time()

    async def carry_out(self, configurations: ConfigurationVersions) -> Outcome:
        """Plan the workspace and return its outcome; raises the error that prevents it."""
        require_plannable(self._workspace)
        followed = await configurations.run_with(self._workspace_run)
        return await self._conclude(followed)

    async def fail(self, error: Exception) -> Outcome:
        """Stop the run, and return the outcome after an error that ended `carry_out`."""
        phase = self._phase()
        failure = failure_of_error(error, phase=phase)
        log.info("plan.failed", problem=failure.title)
        stopped = await self._stop()
        if stopped.problem is not None:
            title = f"{failure.title}; its run may still be running: {stopped.problem}"
            failure = evolve(failure, title=title)
        # Nothing was sent: a resumed batch makes this run once the files are restored, so its
        # workspace must not count as failed.
        is_changed = isinstance(error, ConfigurationChanged)
        result = Result.NOT_STARTED if is_changed else Result.FAILED
        still_running = stopped.problem is not None or self._may_have_unknown_run()
        return evolve(
            self._outcome_so_far(result, failure, still_running=still_running),
            phase=phase,
            error=error,
        )

    async def cancel(self) -> Outcome | None:
        """Stop the run; return the outcome, or None when the run is left running on purpose."""
        run, followed = self._workspace_run.run, self._workspace_run.followed
        if run is None and self._may_have_unknown_run():
            failure = _disconnected("its run may have been made, but no answer came")
            return self._outcome_so_far(Result.FAILED, failure, still_running=True)
        if run is None:
            return self._outcome_so_far(
                Result.NOT_STARTED, failure_of_cancellation(NOT_STARTED)
            )
        if followed is not None and followed.is_over:
            return self._outcome_at_end(followed.latest)
        stopped = await self._stop()
        if stopped.was_detached:
            return None
        if stopped.problem is not None:
            failure = _disconnected(f"its run could not be canceled: {stopped.problem}")
            return self._outcome_so_far(Result.FAILED, failure, still_running=True)
        if stopped.run is not None:
            plan = followed.latest.plan if followed is not None else None
            return self._outcome_at_end(RunSnapshot(stopped.run, plan))
        return self._outcome_so_far(
            Result.CANCELED, failure_of_cancellation("canceled with its batch")
        )

    async def _conclude(self, followed: FollowedRun) -> Outcome:
        """Read the policy results and details of a run that is over, and return its outcome."""
        batch = self._batch
        optional = await run_result.read_optional_data(
            batch.client,
            followed.latest,
            batch.requested if batch.options.needs_details else None,
            of_unchanged=batch.options.details_of_unchanged,
            runs=len(batch.pollers),
            marks_old_values=batch.options.base is not None,
        )
        for report in optional.checks:
            batch.events.put(CheckReported(self._workspace.name, report))
        if not optional.is_complete:
            batch.events.warn("some policy results or plan details could not be read")
        outcome = self._outcome_at_end(
            followed.latest, tuple(optional.checks), optional.changes
        )
        return without_ignored_drift(
            evolve(outcome, log_is_complete=followed.log_is_complete),
            batch.options.ignore_drift,
            is_drift=batch.options.plan.refresh_only,
        )

    def _outcome_at_end(
        self,
        snapshot: RunSnapshot,
        checks: tuple[CheckReport, ...] = (),
        changes: PlannedChanges | None = None,
    ) -> Outcome:
        """Return the outcome that the last snapshot of a run shows."""
        followed = self._workspace_run.followed
        log_facts = followed.facts if followed is not None else LogFacts()
        failure = failure_of_run(snapshot, checks, log_facts)
        # A run can have succeeded just before the cancel request of a limit arrived.
        if failure is not None and followed is not None:
            failure = followed.stopped_by_limit or failure
        return evolve(
            self._outcome_so_far(run_result.result_of(snapshot), failure),
            phase=None if snapshot.succeeded else run_result.phase_reached(snapshot),
            status=snapshot.run.status,
            counts=run_result.counts_of(snapshot, changes, log_facts.counts),
            planned_between=snapshot.run.planned_between,
            input_state_version_id=snapshot.run.input_state_version_id,
            checks=checks,
            changes=changes,
            outputs_change=bool(changes.outputs)
            if changes is not None
            else log_facts.changes_outputs,
        )

    def _outcome_so_far(
        self, result: Result, failure: Failure | None, *, still_running: bool = False
    ) -> Outcome:
        """Return an outcome with everything known about the run at this moment."""
        remote, run, followed = (
            self._workspace.remote,
            self._workspace_run.run,
            self._workspace_run.followed,
        )
        latest = followed.latest.run if followed is not None else run
        first_seen = followed.first_seen if followed is not None else {}
        return Outcome(
            workspace=self._workspace.name,
            full_name=remote.name,
            configuration=self._workspace.configuration,
            result=result,
            status=latest.status if latest else None,
            failure=failure,
            # In milliseconds, as in the journal, so that both round to the same text.
            seconds=round(anyio.current_time() - self._started, 3),
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
        """Stop the run within a bounded time, unless it is over or was never made."""
        run, followed = self._workspace_run.run, self._workspace_run.followed
        if run is None or (followed is not None and followed.is_over):
            return Stopped()
        on_exit = self._batch.on_exit
        return await on_exit.stop(self._batch.client, self._workspace.name, run.id)

    def _may_have_unknown_run(self) -> bool:
        return self._workspace_run.run is None and self._workspace_run.may_exist

    def _phase(self) -> str:
        followed = self._workspace_run.followed
        if followed is None:
            return self._workspace_run.phase
        return run_result.phase_reached(followed.latest)


def _disconnected(title: str) -> Failure:
    return Failure(kind=FailureKind.CONNECTION, title=title)
