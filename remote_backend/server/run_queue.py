"""The server's work: queued runs become plans, a few at a time."""

from collections.abc import Awaitable, Callable, Mapping

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup, TaskStatus
from attrs import evolve

from remote_backend.engine.plan import EngineInputs, EngineResult, PlanEngine
from remote_backend.server.fault_rules import Faults
from remote_backend.server.files import Files, LogWriter
from remote_backend.server.records import (
    RunRecord,
)
from remote_backend.server.retention import OwnedFiles, remove_files
from remote_backend.server.run_access import RunAccess
from remote_backend.server.run_inputs import engine_inputs, read_run
from remote_backend.server.run_timestamps import with_new_timestamps
from remote_backend.server.ssh_access import write_ssh_key
from remote_backend.server.store import Records, Store
from remote_backend.server.workspace_records import newest_state, unfinished_runs
from remote_backend.structured_logging import Log

__all__ = ("RunQueue",)

log = Log()

_STATUS_AFTER_POLICIES = {
    "passed": "planned_and_finished",
    "soft_failed": "policy_soft_failed",
    "hard_failed": "errored",
}


# Between two attempts to store the end of a run, for instance while the disk is full.
_RETRY_SECONDS = 1.0
_LONGEST_RETRY_SECONDS = 30.0


class _RunDeleted(LookupError):
    """The record of a run, or its workspace, was deleted while the run was carried out."""


class RunQueue:
    """Plans the runs of a server; a canceled or broken one never harms the others.

    An error ends only the run that raised it: its record becomes `errored` as soon as it can be
    stored. A run whose workspace was deleted meanwhile ends without a record.
    """

    def __init__(
        self,
        store: Store,
        files: Files,
        engine: PlanEngine,
        *,
        environ: Mapping[str, str],
        workers: int,
        faults: Faults,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        count_run: Callable[[str], None] = lambda status: None,
        access: RunAccess | None = None,
    ) -> None:
        self._access = access
        self._count_run = count_run
        self._engine = engine
        self._sleep = sleep
        self._store = store
        self._files = files
        self._faults = faults
        self._environ = environ
        self._slots = anyio.CapacityLimiter(workers)
        # All runs that are not over, those that wait included; canceling a scope cancels its run.
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._waiting: list[str] = []
        # Of runs that are being stopped: who did that, and what they become without a plan.
        self._stops: dict[str, tuple[str, str]] = {}
        self._group: TaskGroup | None = None

    @property
    def waiting(self) -> tuple[str, ...]:
        """Ids of the runs that wait for their turn, the next one first."""
        return tuple(self._waiting)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Ids of the runs that wait or are being planned."""
        return tuple(self._scopes)

    @property
    def running(self) -> int:
        """How many runs are being planned."""
        return len(self._scopes) - len(self._waiting)

    async def process_runs(
        self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Work until canceled; runs that an earlier process left waiting get their turn.

        Runs that it was planning become `errored`, because clients have read a part of their logs.
        """
        unfinished = await self._store.read(unfinished_runs)
        async with anyio.create_task_group() as group:
            self._group = group
            for run in unfinished:
                if run.plan_status == "running":
                    group.start_soon(self._finish_interrupted, run)
                else:
                    self.enqueue(run.id)
            task_status.started()
            await anyio.sleep_forever()

    def enqueue(self, run_id: str) -> None:
        """Plan a run as soon as it is its turn."""
        assert self._group is not None
        self._scopes[run_id] = anyio.CancelScope()
        self._waiting.append(run_id)
        self._group.start_soon(self._process, run_id, name=run_id)

    def cancel(
        self, run_id: str, *, user_id: str = "", waiting_becomes: str = "canceled"
    ) -> bool:
        """Stop a run that waits or is being planned; return whether there was one.

        The user who stops it first is kept in its record. One that is being planned becomes
        `canceled` in each case.
        """
        scope = self._scopes.get(run_id)
        if scope is None:
            return False
        self._stops.setdefault(run_id, (user_id, waiting_becomes))
        scope.cancel()
        return True

    async def _process(self, run_id: str) -> None:
        scope = self._scopes[run_id]
        try:
            with scope:
                if seconds := self._faults.settings.queue_seconds:
                    await self._update_run(
                        run_id, status="plan_queued", plan_status="queued"
                    )
                    await anyio.sleep(seconds)
                async with self._slots:
                    self._waiting.remove(run_id)
                    await self._plan(run_id)
            if scope.cancelled_caught:
                await self._finish_canceled(run_id)
        except _RunDeleted:
            await self._drop_deleted(run_id)
        except Exception:
            # One task group holds all runs, so an exception that left it would end the server.
            log.exception("run.broke", run_id=run_id)
            await self._finish_failed(run_id)
        finally:
            if run_id in self._waiting:
                self._waiting.remove(run_id)
            self._stops.pop(run_id, None)
            del self._scopes[run_id]

    async def _plan(self, run_id: str) -> None:
        writer = LogWriter(self._files.log_path(run_id))
        writer.start()
        run = await self._begin(run_id)
        try:
            result = await self._make_plan(run, writer)
        except _RunDeleted:
            raise
        except Exception as error:
            log.exception("run.broke", run_id=run_id)
            await writer.write(f"\nError: {error}\n".encode())
            result = EngineResult(succeeded=False)
        finally:
            if self._engine.reads_configuration:
                with anyio.CancelScope(shield=True):
                    await self._remove_run_folder(run_id)
        # A cancellation in here would leave a plan without its status, so it comes too late.
        with anyio.CancelScope(shield=True):
            await self._finish(run, result, writer)

    async def _begin(self, run_id: str) -> RunRecord:
        """Begin a plan with the state that the workspace has now."""

        def begin(records: Records) -> RunRecord:
            run = _existing_run(records, run_id)
            state = newest_state(records, run.workspace_id)
            begun = evolve(
                run,
                status="planning",
                plan_status="running",
                input_state_version_id=state.id if state is not None else None,
            )
            return records.put(with_new_timestamps(run, begun))

        return await self._store.write(begin)

    async def _make_plan(self, run: RunRecord, writer: LogWriter) -> EngineResult:
        if self._access is None or not self._engine.reads_configuration:
            inputs = await self._read_inputs(run, self._environ)
            return await self._engine.plan(inputs, writer.write)
        folder = self._files.engine_folder(run.id)
        with self._access.granted(run.organization_id, folder, run.hostname) as variables:
            inputs = await self._read_inputs(run, {**self._environ, **variables})
            return await self._engine.plan(inputs, writer.write)

    async def _read_inputs(
        self, run: RunRecord, environ: Mapping[str, str]
    ) -> EngineInputs:
        stored = await self._store.read(lambda records: read_run(records, run))
        if stored is None:
            raise _RunDeleted(run.id)
        root = self._files.configuration_folder(run.configuration_version_id)
        folder = self._files.engine_folder(run.id) if self._access else None
        if self._engine.reads_configuration:
            if folder is not None and stored.ssh_key is not None:
                environ = {**environ, **write_ssh_key(folder, stored.ssh_key.value)}
            root = await to_thread.run_sync(
                self._files.prepare_run_folder, run.configuration_version_id, run.id
            )
        state = stored.state
        inputs = engine_inputs(run, stored, root=root, environ=environ)
        return evolve(
            inputs,
            engine_folder=folder,
            state=self._files.state_path(state.id).read_bytes() if state else None,
        )

    async def _finish(
        self, run: RunRecord, result: EngineResult, writer: LogWriter
    ) -> None:
        if result.json_plan is not None:
            self._files.json_plan_path(run.id).write_bytes(result.json_plan)
        # The log ends before the status changes, so a client that sees the status can read all of it.
        writer.end()
        results = {
            "policies": result.policies,
            "cost": result.cost,
            "has_changes": result.has_changes,
            "counts": result.counts,
            "terraform_version": result.version or run.terraform_version,
        }
        status = "errored"
        if result.succeeded:
            policy_status = evolve(run, policies=result.policies).policy_status
            status = _STATUS_AFTER_POLICIES[policy_status]
        await self._update_run(
            run.id,
            status=status,
            plan_status="finished" if result.succeeded else "errored",
            **results,
        )

    async def _finish_canceled(self, run_id: str) -> None:
        run = await self._store.read(lambda records: records.find(RunRecord, run_id))
        if run is None:
            raise _RunDeleted(run_id)
        if run.is_over:
            return
        began = run.plan_status == "running"
        user_id, status = self._stops.get(run_id, ("", "canceled"))
        if began:
            LogWriter(self._files.log_path(run_id)).end("\nThe run was canceled.\n")
        await self._update_run(
            run_id,
            status="canceled" if began else status,
            plan_status="canceled" if began else "unreachable",
            canceled_by=user_id,
        )

    async def _finish_interrupted(self, run: RunRecord) -> None:
        await self._remove_run_folder(run.id)
        await self._finish_failed(
            run.id, "the server was stopped while it planned; start the run again."
        )

    async def _finish_failed(
        self, run_id: str, problem: str = "the server failed while it planned."
    ) -> None:
        """Mark a run as errored; retry until the record is stored or the run is deleted."""
        wait_seconds = _RETRY_SECONDS
        while True:
            try:
                # After an attempt that could not store the record, the log has its end mark already.
                if not self._files.log_has_ended(run_id):
                    LogWriter(self._files.log_path(run_id)).end(f"\nError: {problem}\n")
                await self._update_run(run_id, status="errored", plan_status="errored")
            except _RunDeleted:
                await self._drop_deleted(run_id)
                return
            except Exception as error:
                log.warning("run.end_not_stored", run_id=run_id, problem=str(error))
                await self._sleep(wait_seconds)
                wait_seconds = min(2 * wait_seconds, _LONGEST_RETRY_SECONDS)
            else:
                return

    async def _drop_deleted(self, run_id: str) -> None:
        """Remove what was written for a run after its workspace and its files had gone."""
        log.info("run.deleted", run_id=run_id)
        await remove_files(self._files, OwnedFiles(runs=(run_id,)))

    async def _remove_run_folder(self, run_id: str) -> None:
        """Remove the folder of a run; a process of the engine may still write to it."""
        try:
            await to_thread.run_sync(self._files.remove_run_folder, run_id)
        except OSError as error:
            log.warning("run.folder_not_removed", run_id=run_id, problem=str(error))

    async def _update_run(self, run_id: str, **changes: object) -> RunRecord:
        def change(records: Records) -> RunRecord:
            run = _existing_run(records, run_id)
            return records.put(with_new_timestamps(run, evolve(run, **changes)))  # type: ignore[arg-type]

        run = await self._store.write(change)
        if run.is_over:
            self._count_run(run.status)
            log.debug("run.ended", run_id=run_id, status=run.status)
        return run


def _existing_run(records: Records, run_id: str) -> RunRecord:
    run = records.find(RunRecord, run_id)
    if run is None:
        raise _RunDeleted(run_id)
    return run
