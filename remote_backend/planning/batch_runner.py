"""Carrying out a batch in the background: each workspace in a task, each outcome kept and reported."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread
from anyio.abc import TaskStatus
from anyio.lowlevel import checkpoint
from attrs import asdict, field, frozen

from remote_backend.events import (
    BatchFinished,
    BatchStarted,
    PlanFinished,
    PlanStarted,
    SlugPacked,
    WorkspacesSelected,
)
from remote_backend.models.comparison import ComparedWith
from remote_backend.models.outcome import Outcome, Result
from remote_backend.planning.archives import Archives
from remote_backend.planning.base import Planner
from remote_backend.planning.base_choice import BaseChoice
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.failure_reasons import failure_of_cancellation
from remote_backend.planning.journal_bases import dump_base
from remote_backend.planning.run_pollers import RunPollers
from remote_backend.planning.running_batch import RunningBatch
from remote_backend.planning.spans import describe_workspace, end_batch, end_workspace
from remote_backend.planning.workspace_plan import NOT_STARTED
from remote_backend.slug.archive import Slug
from remote_backend.structured_logging import bind_facts
from remote_backend.telemetry import Span
from remote_backend.temporary_folders import remove_stale_folders
from remote_backend.workspaces import LocalWorkspace

if TYPE_CHECKING:
    # Imported for batches alone, see `_find_state_readers`.
    from remote_backend.planning.unseen_outputs import StateReaders

__all__ = ("BatchRunner", "BatchWork", "digests_of", "packed_archives")


@frozen(kw_only=True)
class BatchWork:
    """What a batch has to do, of one configuration or of several."""

    names: tuple[str, ...]
    """The names of all workspaces, in the order of reports."""

    workspaces: tuple[LocalWorkspace, ...]
    """Those that are planned."""

    planner: Planner
    pollers: tuple[RunPollers, ...]
    """What polls their runs; one for each organization."""

    contexts: Mapping[str, BatchContext] = field(repr=False)
    """Where the configurations are, by their names; the only one of most batches has none."""

    packed: tuple[SlugPacked, ...] = ()
    failed: tuple[Outcome, ...] = ()
    """Outcomes of configurations that cannot be read."""

    journal_facts: Mapping[str, Any] = field(factory=dict)
    """What the journal keeps of the archives and configurations."""

    warnings: tuple[str, ...] = ()
    compared_with: ComparedWith | None = None


def packed_archives(
    archives: Archives, workspaces: Iterable[LocalWorkspace]
) -> Iterator[SlugPacked]:
    """Give an event for each archive, with the workspaces that it was packed for."""
    names: dict[str, list[str]] = {}
    for workspace in workspaces:
        names.setdefault(workspace.remote.working_directory, []).append(workspace.name)
    for working_directory, archive in archives.items():
        if isinstance(archive, Slug):
            yield SlugPacked(
                tuple(names.get(working_directory, ())),
                str(archive.root),
                archive.file_count,
                archive.size_bytes,
                archive.warnings,
            )


def digests_of(archives: Archives) -> dict[str, str | None]:
    """Return the digests of archives by working directory, for the journal."""
    return {
        working_directory: archive.content_digest
        for working_directory, archive in archives.items()
        if isinstance(archive, Slug)
    }


class BatchRunner:
    """Plans all workspaces of a batch in the background."""

    def __init__(self, running: RunningBatch, work: BatchWork, span: Span) -> None:
        self.plans = anyio.CancelScope()
        """Canceled when no more runs may be made, and those that go on must be stopped."""

        self._running = running
        self._work = work
        self._span = span
        self._gate = anyio.CapacityLimiter(running.options.max_concurrency)
        self._outcomes: dict[str, Outcome] = {}
        self._readers: StateReaders | None = None

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Plan all workspaces; `task_status` is started when the first requests are sent."""
        bind_facts(batch=self._running.context.id)
        with self._span.current():
            await self._run(task_status)

    async def _run(self, task_status: TaskStatus[None]) -> None:
        events = self._running.events
        events.put(BatchStarted(self._work.names))
        self._report_selection()
        for packed in self._work.packed:
            events.put(packed)
        for warning in self._work.warnings:
            events.warn(warning)
        await self._begin_journal()
        for outcome in self._work.failed:
            await self._keep(outcome)
        async with anyio.create_task_group() as group:
            for pollers in self._work.pollers:
                group.start_soon(pollers.run, name="poller")
            with self.plans:
                async with anyio.create_task_group() as plans:
                    for workspace in self._work.workspaces:
                        name = f"plan {workspace.name}"
                        plans.start_soon(self._plan, workspace, name=name)
                    # The first requests are sent before the block of the batch does work of its own.
                    await checkpoint()
                    task_status.started()
                    await to_thread.run_sync(remove_stale_folders)
                    if self._running.context.is_batch:
                        self._readers = await to_thread.run_sync(
                            _find_state_readers, self._work.contexts
                        )
            group.cancel_scope.cancel()
        outcomes = await self._judged(self._all_outcomes())
        end_batch(self._span, outcomes)
        await self._end_journal(outcomes)
        events.put(BatchFinished(outcomes))
        events.close()

    async def _plan(self, workspace: LocalWorkspace) -> None:
        bind_facts(workspace=workspace.name)
        telemetry = self._running.context.telemetry
        async with self._gate:
            with telemetry.span("plan workspace", describe_workspace(workspace)) as span:
                self._running.events.put(PlanStarted(workspace.name))
                await self._work.planner.plan(workspace, partial(self._end, span))

    async def _end(self, span: Span, outcome: Outcome | None) -> None:
        """Keep and report an outcome; a run that is left running on purpose has none."""
        if outcome is None:
            return
        end_workspace(span, outcome)
        await self._keep(outcome)

    async def _keep(self, outcome: Outcome) -> None:
        self._outcomes[outcome.workspace] = outcome
        journal = self._running.journal
        # A resumed batch goes on with the workspaces that have no outcome in the journal.
        if journal is not None and outcome.is_settled:
            await journal.outcome(outcome)
        self._running.events.put(PlanFinished(outcome))

    def _all_outcomes(self) -> tuple[Outcome, ...]:
        """Return the outcomes of the whole batch, in the order of its workspaces."""
        names = list(self._work.names)
        outcomes = dict(self._outcomes)
        if not self._running.on_exit.detached:
            for workspace in self._work.workspaces:
                outcomes.setdefault(workspace.name, _not_started(workspace))
        earlier = self._running.context.earlier
        if earlier is not None:
            outcomes = {**earlier.outcomes, **outcomes}
            names = list(earlier.workspaces)
        return tuple(outcomes[name] for name in names if name in outcomes)

    async def _judged(self, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        """Return outcomes with what their plans do not see, and keep it in the journal."""
        if self._readers is None or not any(each.outputs_change for each in outcomes):
            return outcomes
        judged = await to_thread.run_sync(self._readers.judge, outcomes)
        for outcome in judged:
            if outcome.unseen_outputs and outcome.is_settled and self._running.journal:
                await self._running.journal.outcome(outcome)
        return judged

    async def _begin_journal(self) -> None:
        running, context, work = self._running, self._running.context, self._work
        if running.journal is None or context.earlier is not None:
            return
        selection, compared_with = context.selection, work.compared_with
        ids = {workspace.name: workspace.remote.id for workspace in work.workspaces}
        await running.journal.begin(
            running.options.plan,
            hostname=context.hostname,
            organization=context.organization,
            mapping=context.mapping,
            started_at=context.started_at,
            id=context.id,
            directory=str(context.directory.absolute()),
            upload=running.options.upload.value,
            # A configuration that cannot be read has a row, and no workspace.
            workspaces={name: ids.get(name, "") for name in work.names},
            **work.journal_facts,
            **({"selection": asdict(selection)} if selection is not None else {}),
            **_base_facts(running.options.base, compared_with),
        )

    async def _end_journal(self, outcomes: tuple[Outcome, ...]) -> None:
        """Record the end, unless the batch can be resumed."""
        journal = self._running.journal
        is_over = all(outcome.is_settled for outcome in outcomes)
        if journal is not None and is_over and not self._running.on_exit.detached:
            await journal.end()

    def _report_selection(self) -> None:
        selection = self._running.context.selection
        if selection is not None:
            self._running.events.put(WorkspacesSelected(selection))
            for warning in selection.warnings:
                self._running.events.warn(warning)


def _find_state_readers(contexts: Mapping[str, BatchContext]) -> "StateReaders":
    from remote_backend.planning.unseen_outputs import find_state_readers

    return find_state_readers(contexts)


def _base_facts(
    choice: BaseChoice | None, compared_with: ComparedWith | None
) -> dict[str, Any]:
    if choice is None or compared_with is None:
        return {}
    return {
        "compared_with": compared_with.name,
        "base": dump_base(choice, compared_with),
    }


def _not_started(workspace: LocalWorkspace) -> Outcome:
    return Outcome(
        workspace=workspace.name,
        full_name=workspace.remote.name,
        configuration=workspace.configuration,
        result=Result.NOT_STARTED,
        failure=failure_of_cancellation(NOT_STARTED),
    )
