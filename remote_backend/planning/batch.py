"""A batch: all its plans in one task group, all its events in one stream."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import anyio

from remote_backend.api.client import Client
from remote_backend.events import BatchFinished, Event
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.models.notification import Notification
from remote_backend.models.outcome import Outcome
from remote_backend.models.selection import Selection
from remote_backend.planning.archives import pack_archives
from remote_backend.planning.base import Base, Planner
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.batch_runner import (
    BatchRunner,
    BatchWork,
    digests_of,
    packed_archives,
)
from remote_backend.planning.configuration import Configuration
from remote_backend.planning.event_queue import EventQueue
from remote_backend.planning.journal import Journal
from remote_backend.planning.log_pace import log_settings_for
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.run_pollers import RunPollers
from remote_backend.planning.running_batch import RunningBatch, requested_options
from remote_backend.planning.spans import describe_batch
from remote_backend.planning.version_trial import VersionTrial
from remote_backend.planning.workspace_planner import workspace_planner
from remote_backend.telemetry import Span
from remote_backend.temporary_folders import temporary_folder
from remote_backend.workspaces import LocalWorkspace

__all__ = ("Batch", "carried_out", "run_batch", "running_batch", "span_of")


class Batch:
    """The events of a running batch, and its outcomes when they have ended."""

    def __init__(
        self,
        running: RunningBatch,
        work: BatchWork,
        plans: anyio.CancelScope,
    ) -> None:
        self.id = running.context.id
        """The id of the batch, by which it can be resumed."""

        self.options = running.options
        """What it was begun with."""

        self.outcomes: tuple[Outcome, ...] = ()
        """One for each workspace, complete after the last event."""

        self.compared_with = work.compared_with
        """What plans are compared with; None without a comparison."""

        self._running = running
        self._pollers = work.pollers
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
        return any([each.notified(notification.run_id) for each in self._pollers])

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
        span = stack.enter_context(span_of(context, len(workspaces)))
        folder = stack.enter_context(temporary_folder())
        base: Base | None = None
        configuration = Configuration(
            client=client, context=context, workspaces=tuple(workspaces)
        )
        if options.base is not None:
            # Few batches compare, and this imports what runs git.
            from remote_backend.planning.comparison import open_base

            base = await stack.enter_async_context(
                open_base((configuration,), options, folder)
            )
        with span.child("pack"):
            archives = await pack_archives(workspaces, options, context, folder)
        events = stack.enter_context(EventQueue())
        runs_per_workspace = 1
        if base is not None:
            runs_per_workspace = base.runs_per_workspace(configuration.name)
        running = running_batch(
            client,
            len(workspaces) * runs_per_workspace,
            options,
            context,
            events,
            runs_per_workspace=runs_per_workspace,
        )
        head = workspace_planner(running, archives, len(workspaces))
        planner: Planner = head
        if base is not None:
            comparer = base.comparer(running, len(workspaces))
            planner = comparer.planner(configuration.name, head)
        work = BatchWork(
            names=tuple(workspace.name for workspace in workspaces),
            workspaces=tuple(workspaces),
            planner=planner,
            pollers=(running.pollers,),
            contexts={"": context},
            packed=tuple(packed_archives(archives, workspaces)),
            journal_facts={"archives": digests_of(archives)},
            warnings=base.warnings if base is not None else (),
            compared_with=base.compared_with if base is not None else None,
        )
        yield await stack.enter_async_context(carried_out(running, work, span))


@asynccontextmanager
async def carried_out(
    running: RunningBatch, work: BatchWork, span: Span
) -> AsyncIterator[Batch]:
    """Plan in the background while the block runs; leaving it early stops what still runs."""
    with raise_lone_exception():
        async with anyio.create_task_group() as group:
            runner = BatchRunner(running, work, span)
            await group.start(runner.run, name="batch")
            yield Batch(running, work, runner.plans)
            group.cancel_scope.cancel()


@contextmanager
def span_of(context: BatchContext, workspaces: int) -> Iterator[Span]:
    """Measure a batch; `end_batch` adds how it ended, unless its block is left early."""
    span = context.telemetry.root("plan batch", describe_batch(context, workspaces))
    try:
        yield span
    finally:
        span.end()


def running_batch(
    client: Client,
    runs: int,
    options: BatchOptions,
    context: BatchContext,
    events: EventQueue,
    *,
    runs_per_workspace: int,
) -> RunningBatch:
    """Put the parts together that so many runs share; of a workspace there may be several."""
    folder = options.journal_folder
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
