"""A batch: all its plans in one task group, all its events in one stream."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial

import anyio
from anyio import to_thread
from anyio.abc import TaskStatus
from anyio.lowlevel import checkpoint
from attrs import asdict

from remote_backend.api.client import Client
from remote_backend.events import (
    BatchFinished,
    BatchStarted,
    Event,
    PlanFinished,
    PlanStarted,
    SlugPacked,
    WorkspacesSelected,
)
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.models.comparison import ComparedWith
from remote_backend.models.notification import Notification
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.selection import Selection
from remote_backend.planning.archives import Archives, pack_archives
from remote_backend.planning.base import Base
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.event_queue import EventQueue
from remote_backend.planning.failure_reasons import failure_of_cancellation
from remote_backend.planning.journal import Journal
from remote_backend.planning.log_pace import log_settings_for
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.run_pollers import RunPollers
from remote_backend.planning.running_batch import RunningBatch, requested_options
from remote_backend.planning.spans import (
    describe_batch,
    describe_workspace,
    end_batch,
    end_workspace,
)
from remote_backend.planning.version_trial import VersionTrial
from remote_backend.planning.workspace_plan import NOT_STARTED
from remote_backend.planning.workspace_planner import workspace_planner
from remote_backend.slug.archive import Slug
from remote_backend.structured_logging import bind_facts
from remote_backend.telemetry import Span
from remote_backend.temporary_folders import remove_stale_folders, temporary_folder
from remote_backend.workspaces import LocalWorkspace

__all__ = ("Batch", "run_batch")


class Batch:
    """The events of a running batch, and its outcomes when they have ended."""

    def __init__(
        self,
        running: RunningBatch,
        plans: anyio.CancelScope,
        compared_with: ComparedWith | None = None,
    ) -> None:
        self.id = running.context.id
        """The id of the batch, by which it can be resumed."""

        self.options = running.options
        """What it was begun with."""

        self.outcomes: tuple[Outcome, ...] = ()
        """One for each workspace, complete after the last event."""

        self.compared_with = compared_with
        """What plans are compared with; None without a comparison."""

        self._running = running
        self._plans = plans

    def __repr__(self) -> str:
        return f"<Batch {self.id}: {len(self.outcomes)} outcomes>"

    @property
    def selection(self) -> Selection | None:
        """Why these workspaces are planned, where a change has selected them."""
        return self._running.context.selection

    @property
    def is_empty(self) -> bool:
        """Whether nothing is planned, because a change touches no workspace."""
        return self.selection is not None and not self.selection.reasons

    @property
    def still_running(self) -> tuple[tuple[str, str], ...]:
        """Local names and ids of the runs that were left running, once the batch was left."""
        return tuple(self._running.on_exit.still_running)

    @property
    def stopped_runs(self) -> tuple[int, int]:
        """How many runs were stopped, and of how many, since the batch was canceled."""
        on_exit = self._running.on_exit
        return on_exit.stopped, on_exit.to_stop

    @property
    def started_at(self) -> str:
        """When the batch began, also one that was resumed (ISO 8601, UTC)."""
        context = self._running.context
        return (context.earlier or context).started_at

    def detach(self) -> None:
        """Let leaving the batch early leave its runs running."""
        self._running.on_exit.detached = True

    def cancel(self) -> None:
        """Stop all runs that are still going, and make no more; the events go on to their end.

        Leaving the block, or canceling a scope around it, stops the runs in the same way and
        within the same time: 5 seconds for runs that are being made, 10 seconds, and 2 more for
        as many runs as the server allows requests a second (50 where it announces no limit).
        """
        self._plans.cancel()

    def notify(self, notification: Notification) -> bool:
        """Poll the run that a server posted a notification of; return whether it is one of these.

        The run is polled now, and from now on every 30 seconds without a notification. HCP
        Terraform and Terraform Enterprise send none for plan-only runs.
        """
        return self._running.pollers.notified(notification.run_id)

    def __aiter__(self) -> AsyncIterator[Event]:
        """Give the events; the last one is `BatchFinished`."""
        return self._iterate()

    async def _iterate(self) -> AsyncIterator[Event]:
        while (event := await self._running.events.get()) is not None:
            if isinstance(event, BatchFinished):
                self.outcomes = event.outcomes
            yield event

    async def wait(self) -> tuple[Outcome, ...]:
        """Let the remaining events pass and return the outcomes."""
        async for _ in self:
            pass
        return self.outcomes


@asynccontextmanager
async def run_batch(
    client: Client,
    workspaces: Sequence[LocalWorkspace],
    options: BatchOptions,
    context: BatchContext,
) -> AsyncIterator[Batch]:
    """Start planning workspaces; leaving the block early stops what still runs.

    Raises `SlugError` at once when the configuration cannot be packed for any of them.
    """
    async with AsyncExitStack() as stack:
        span = stack.enter_context(_span_of(context, len(workspaces)))
        folder = stack.enter_context(temporary_folder())
        base: Base | None = None
        if options.base is not None:
            # Few batches compare, and this imports what runs git.
            from remote_backend.planning.comparison import open_base

            base = await stack.enter_async_context(
                open_base(workspaces, options, context, folder)
            )
        with span.child("pack"):
            archives = await pack_archives(workspaces, options, context, folder)
        with EventQueue() as events, raise_lone_exception():
            async with anyio.create_task_group() as group:
                running = _running_batch(
                    client,
                    len(workspaces),
                    options,
                    context,
                    events,
                    runs_per_workspace=base.runs_per_workspace if base is not None else 1,
                )
                runner = _BatchRunner(running, tuple(workspaces), archives, span, base)
                await group.start(runner.run, name="batch")
                compared_with = base.compared_with if base is not None else None
                yield Batch(running, runner.plans, compared_with)
                group.cancel_scope.cancel()


@contextmanager
def _span_of(context: BatchContext, workspaces: int) -> Iterator[Span]:
    """Measure a batch; `end_batch` adds how it ended, unless its block is left early."""
    span = context.telemetry.root("plan batch", describe_batch(context, workspaces))
    try:
        yield span
    finally:
        span.end()


def _running_batch(
    client: Client,
    count: int,
    options: BatchOptions,
    context: BatchContext,
    events: EventQueue,
    *,
    runs_per_workspace: int,
) -> RunningBatch:
    """Put the parts together that the plans of so many workspaces share."""
    folder = options.journal_folder
    runs = count * runs_per_workspace
    return RunningBatch(
        options=options,
        context=context,
        requested=requested_options(options.plan, context),
        client=client,
        events=events,
        pollers=RunPollers.for_workspaces(
            client,
            runs,
            batch_id=context.id,
            max_concurrency=options.max_concurrency * runs_per_workspace,
            settings=context.polling,
        ),
        log_settings=log_settings_for(context.log, runs),
        journal=Journal.at(folder, context.id, events.warn) if folder else None,
        version_trial=VersionTrial(options.plan.terraform_version),
    )


class _BatchRunner:
    """Plans all workspaces of a batch in the background."""

    def __init__(
        self,
        running: RunningBatch,
        workspaces: tuple[LocalWorkspace, ...],
        archives: Archives,
        span: Span,
        base: Base | None = None,
    ) -> None:
        self.plans = anyio.CancelScope()
        """Canceled when no more runs may be made, and those that go on must be stopped."""

        self._running = running
        self._workspaces = workspaces
        self._archives = archives
        self._span = span
        head = workspace_planner(running, archives, len(workspaces))
        self._planner = base.planner(head, len(workspaces)) if base is not None else head
        self._warnings = base.warnings if base is not None else ()
        self._compared_with = base.compared_with.name if base is not None else ""
        self._gate = anyio.CapacityLimiter(running.options.max_concurrency)
        self._outcomes: dict[str, Outcome] = {}

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Plan all workspaces; `task_status` is started when the first requests are sent."""
        bind_facts(batch=self._running.context.id)
        with self._span.current():
            await self._run(task_status)

    async def _run(self, task_status: TaskStatus[None]) -> None:
        events = self._running.events
        events.put(BatchStarted(tuple(workspace.name for workspace in self._workspaces)))
        self._report_selection()
        self._report_archives()
        for warning in self._warnings:
            events.warn(warning)
        await self._begin_journal()
        async with anyio.create_task_group() as group:
            group.start_soon(self._running.pollers.run, name="poller")
            with self.plans:
                async with anyio.create_task_group() as plans:
                    for workspace in self._workspaces:
                        name = f"plan {workspace.name}"
                        plans.start_soon(self._plan, workspace, name=name)
                    # The first requests are sent before the block of the batch does work of its own.
                    await checkpoint()
                    task_status.started()
                    await to_thread.run_sync(remove_stale_folders)
            group.cancel_scope.cancel()
        outcomes = self._all_outcomes()
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
                await self._planner.plan(workspace, partial(self._end, span))

    async def _end(self, span: Span, outcome: Outcome | None) -> None:
        """Keep and report an outcome; a run that is left running on purpose has none."""
        if outcome is None:
            return
        end_workspace(span, outcome)
        self._outcomes[outcome.workspace] = outcome
        journal = self._running.journal
        # A resumed batch goes on with the workspaces that have no outcome in the journal.
        if journal is not None and outcome.is_settled:
            await journal.outcome(outcome)
        self._running.events.put(PlanFinished(outcome))

    def _all_outcomes(self) -> tuple[Outcome, ...]:
        """Return the outcomes of the whole batch, in the order of its workspaces."""
        names = [workspace.name for workspace in self._workspaces]
        outcomes = dict(self._outcomes)
        if not self._running.on_exit.detached:
            for workspace in self._workspaces:
                outcomes.setdefault(workspace.name, _not_started(workspace))
        earlier = self._running.context.earlier
        if earlier is not None:
            outcomes = {**earlier.outcomes, **outcomes}
            names = list(earlier.workspaces)
        return tuple(outcomes[name] for name in names if name in outcomes)

    async def _begin_journal(self) -> None:
        running, context = self._running, self._running.context
        if running.journal is None or context.earlier is not None:
            return
        selection = context.selection
        await running.journal.begin(
            running.options.plan,
            hostname=context.hostname,
            organization=context.organization,
            mapping=context.mapping,
            started_at=context.started_at,
            id=context.id,
            directory=str(context.directory.absolute()),
            upload=running.options.upload.value,
            archives={
                working_directory: archive.content_digest
                for working_directory, archive in self._archives.items()
                if isinstance(archive, Slug)
            },
            workspaces={
                workspace.name: workspace.remote.id for workspace in self._workspaces
            },
            **({"selection": asdict(selection)} if selection is not None else {}),
            **({"compared_with": self._compared_with} if self._compared_with else {}),
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

    def _report_archives(self) -> None:
        for working_directory, archive in self._archives.items():
            if isinstance(archive, Slug):
                names = tuple(
                    workspace.name
                    for workspace in self._workspaces
                    if workspace.remote.working_directory == working_directory
                )
                self._running.events.put(
                    SlugPacked(
                        names,
                        str(archive.root),
                        archive.file_count,
                        archive.size_bytes,
                        archive.warnings,
                    )
                )


def _not_started(workspace: LocalWorkspace) -> Outcome:
    return Outcome(
        workspace=workspace.name,
        full_name=workspace.remote.name,
        result=Result.NOT_STARTED,
        failure=failure_of_cancellation(NOT_STARTED),
    )
