"""Plans of the workspaces of one configuration, as a program uses them."""

from collections.abc import AsyncIterator, Iterable, Sequence
from os import PathLike
from pathlib import Path

from anyio import to_thread
from attrs import evolve

from remote_backend.async_blocks import async_block
from remote_backend.backend_workspaces import BackendWorkspaces
from remote_backend.config.run_origin import describe_origin
from remote_backend.errors import (
    Conflict,
)
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.run import PlanOptions
from remote_backend.models.selection import Selection
from remote_backend.models.workspace import ByName
from remote_backend.planning.batch import Batch, run_batch
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.batch_id import new_batch_id
from remote_backend.planning.earlier_run import read_earlier_run
from remote_backend.planning.oldest import select_oldest
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.plan_details import (
    read_json_plan,
)
from remote_backend.planning.plan_files import (
    PlanFile,
    prepare_plan_folder,
    write_plan_files,
)
from remote_backend.planning.recorded_batch import RecordedBatch, require_same_batch
from remote_backend.planning.run_creation import stop_run
from remote_backend.planning.selection import require_no_selection, select_names
from remote_backend.selecting.by_server import list_selected, select_where
from remote_backend.structured_logging import Log
from remote_backend.workspaces import (
    LocalWorkspace,
    no_workspaces,
    require_plannable,
)

__all__ = ("BackendPlans",)

log = Log()


class BackendPlans(BackendWorkspaces):
    """Plans of the remote workspaces of one configuration."""

    @async_block("async with backend.plan(...) as batch:")
    async def plan(
        self,
        workspace: LocalWorkspace | str | None = None,
        options: BatchOptions | None = None,
    ) -> AsyncIterator[Batch]:
        """Plan one workspace, or the selected one; leaving the block early cancels the run.

        A workspace that was read before, as by `workspaces`, is not read again. Raises
        `RunOptionsError` for options that select workspaces, `SelectionError` when the workspace
        does not exist, and `RunRefused` when no plan may run there.

        ```python
        async with remote_backend.open_backend("networking") as backend:
            async with backend.plan("eu-1") as batch:
                [outcome] = await batch.wait()
        ```
        """
        options = options or BatchOptions()
        require_no_selection(options, "plan")
        if not isinstance(workspace, LocalWorkspace):
            workspace = await self.workspace(workspace)
        selected = self._as_shown(workspace)
        await self._connection.require_operations()
        require_plannable(selected)
        context = self._context(is_batch=False)
        async with run_batch(
            self._connection.client, (selected,), options, context
        ) as batch:
            yield batch

    @async_block("async with backend.plan_all(...) as batch:")
    async def plan_all(self, options: BatchOptions | None = None) -> AsyncIterator[Batch]:
        """Plan all workspaces, or those that the options select; leaving the block cancels.

        Raises `SelectionError` when there is nothing to plan, and `SlugError` when the
        configuration cannot be packed. A plan that fails is an outcome and no error.

        ```python
        options = remote_backend.BatchOptions(select=["eu-*"], details=True)
        async with remote_backend.open_backend("networking") as backend:
            async with backend.plan_all(options) as batch:
                async for event in batch:
                    if isinstance(event, remote_backend.PlanFinished):
                        print(event.outcome.workspace, event.outcome.result.value)
        ```
        """
        options = options or BatchOptions()
        workspaces, selection = await self._chosen(options)
        context = self._context(selection=selection)
        if not workspaces:
            # There is nothing to compare or to resume.
            options = evolve(options, base=None, journal_folder=None)
        async with run_batch(
            self._connection.client, workspaces, options, context
        ) as batch:
            yield batch

    async def _chosen(
        self, options: BatchOptions
    ) -> tuple[Sequence[LocalWorkspace], Selection | None]:
        """Return the workspaces that the options select, and why where a change selects them."""
        existing = {each.name: each for each in await self._plannable(options)}
        names = select_names(existing, select=options.select, exclude=options.exclude)
        workspaces = await select_where(
            self._connection.client, map(existing.__getitem__, names), options.where
        )
        selection = None
        if options.changed_since is not None:
            selection = await self._touched(existing.values(), workspaces, options)
            workspaces = tuple(
                each for each in workspaces if each.name in selection.reasons
            )
        place = self.hostname, self.organization
        workspaces = await select_oldest(workspaces, options, lambda each: place)
        log.debug("workspaces.selected", existing=len(existing), selected=len(workspaces))
        return workspaces, selection

    async def _plannable(self, options: BatchOptions) -> tuple[LocalWorkspace, ...]:
        """Return the workspaces under the names that are shown, filtered by the server if oldest_names.

        Raises `NoSuchWorkspace` when there are none, and `SettingsError` where none can be planned.
        """
        connection = self._connection
        if options.select_tags or options.project is not None:
            listed = await connection.organization_check.run_alongside(
                lambda: list_selected(
                    connection.client,
                    connection.mapping,
                    tags=options.select_tags,
                    project=options.project,
                )
            )
        else:
            listed = await self.workspaces()
        await connection.require_operations()
        if not listed:
            raise await no_workspaces(connection.client, connection.mapping)
        return tuple(map(self._as_shown, listed))

    async def _touched(
        self,
        existing: Iterable[LocalWorkspace],
        candidates: Sequence[LocalWorkspace],
        options: BatchOptions,
    ) -> Selection:
        # Most batches select by names alone, and need no git.
        from remote_backend.selecting.changed import select_changed

        return await select_changed(
            tuple(existing),
            candidates,
            self._connection.directory,
            options.changed_since or None,
            self._connection.environ,
            variable_files=options.variable_files,
        )

    @async_block("async with backend.resume(...) as batch:")
    async def resume(
        self, recorded: RecordedBatch, options: BatchOptions | None = None
    ) -> AsyncIterator[Batch]:
        """Go on with a batch that ended early: poll its runs, make those that are missing.

        A batch with variables needs `recorded.options_to_resume(variables)`. A comparison goes on
        with the same commit or version; one with a report, `recorded.base_file`, needs its plans
        as `base` in the options, and shows whole plans without them. The outcomes at the end
        are those of the whole batch. Raises `RunOptionsError` for a batch of another organization,
        or one whose variables are not given again.

        ```python
        from pathlib import Path

        options = remote_backend.BatchOptions(journal_folder=Path("journals"))
        async with remote_backend.open_backend("networking") as backend:
            async with backend.plan_all(options) as batch:
                await batch.wait()
            recorded = remote_backend.read_journal(Path("journals"), batch.id)
            async with backend.resume(recorded, recorded.options_to_resume({})) as batch:
                print(await batch.wait())
        ```
        """
        options = options or recorded.options
        require_no_selection(options, "resume")
        require_same_batch(
            recorded, options, hostname=self.hostname, organization=self.organization
        )
        workspaces, missing = await self._unfinished(recorded)
        if not workspaces:
            options = evolve(options, base=None)
        outcomes = {**recorded.outcomes, **{each.workspace: each for each in missing}}
        context = self._context(evolve(recorded, outcomes=outcomes))
        async with run_batch(
            self._connection.client, workspaces, options, context
        ) as batch:
            yield batch

    async def _unfinished(
        self, recorded: RecordedBatch
    ) -> tuple[list[LocalWorkspace], list[Outcome]]:
        """Return the workspaces with which a batch goes on, and outcomes of those that are gone."""
        existing = {workspace.remote.id: workspace for workspace in await self.workspaces()}
        workspaces, missing = [], []
        for name in recorded.unfinished:
            workspace = existing.get(recorded.workspaces[name])
            if workspace is not None:
                workspaces.append(LocalWorkspace(name, workspace.remote))
            else:
                missing.append(_deleted(name))
        return workspaces, missing

    def _as_shown(self, workspace: LocalWorkspace) -> LocalWorkspace:
        """Return a workspace under the name that events, reports and journals show."""
        # Every workspace of a mapping by name would be called `default`.
        if isinstance(self._connection.mapping, ByName):
            return LocalWorkspace(workspace.remote.name, workspace.remote)
        return workspace

    def _context(
        self,
        earlier: RecordedBatch | None = None,
        *,
        is_batch: bool = True,
        selection: Selection | None = None,
    ) -> BatchContext:
        """Return what a batch needs beyond its options; nothing else makes one."""
        connection = self._connection
        return BatchContext(
            directory=connection.directory,
            hostname=self.hostname,
            organization=self.organization,
            mapping=str(connection.mapping),
            run_url=connection.run_url,
            origin=describe_origin(connection.environ, connection.directory),
            environ=connection.environ,
            id=earlier.id if earlier is not None else new_batch_id(),
            is_batch=is_batch,
            earlier=earlier,
            telemetry=connection.telemetry,
            selection=earlier.selection if earlier is not None else selection,
        )

    async def with_details(
        self, outcome: Outcome, options: PlanOptions
    ) -> tuple[Outcome, bytes]:
        """Return an outcome of an earlier process with its changes, checks and texts, and its log.

        The server may keep only a part of them. Raises `ApiError` when the run cannot be read.
        """
        return await read_earlier_run(self._connection.client, outcome, options)

    async def write_json_plans(
        self,
        folder: str | PathLike[str],
        batch: Batch,
        *,
        redacted_only: bool = False,
    ) -> tuple[PlanFile, ...]:
        """Write the JSON plans of a batch that has ended into a folder, with an index.

        The full form is written where the token may read it, which can hold secrets; the folder is
        private. Raises `RunOptionsError` for a folder with other files, and `OSError`.

        ```python
        async with remote_backend.open_backend("networking") as backend:
            async with backend.plan_all() as batch:
                await batch.wait()
            for plan in await backend.write_json_plans("plans", batch):
                print(plan.workspace, plan.file, plan.form)
        ```
        """
        await to_thread.run_sync(prepare_plan_folder, Path(folder))
        return await write_plan_files(
            lambda workspace: self._connection.client,
            batch.outcomes,
            Path(folder),
            batch_id=batch.id,
            redacted_only=redacted_only,
        )

    async def json_plan(self, run_id: str) -> bytes:
        """Return the JSON of the plan of a run that is over, as the server sends it.

        Redacted where the server can do that; empty where it has none, or none for this token.
        """
        client = self._connection.client
        run, _ = await client.read_run(run_id)
        return await read_json_plan(client, run.plan_id) if run.plan_id else b""

    async def stop(self, run_id: str) -> bool:
        """Ask the server to stop a run; return whether it is or will be over."""
        try:
            await stop_run(self._connection.client, run_id)
        except Conflict:
            return False
        return True


def _deleted(name: str) -> Outcome:
    return Outcome(
        workspace=name,
        full_name=name,
        result=Result.FAILED,
        failure=Failure(
            kind=FailureKind.CONFIGURATION,
            title="the workspace does not exist any more",
        ),
    )
