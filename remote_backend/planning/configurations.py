"""A batch of several configurations: many clients, directories and archives, one stream of events.

Each workspace belongs to the configuration that its `configuration` names; the
`WorkspacePlanner` of that configuration plans it. What planners share:

- events, journal, and what stops runs when the batch is left early: all of them;
- client with its rate limit, pollers, and configuration versions: those of the same host, token and
  organization. One list shows the runs of all of these, and one upload serves all workspaces whose
  archives have the same root, because the working directory is a setting of each workspace;
- archives: those with the same root, whatever the server.

The event queue adds the configuration to the events of a workspace when they are read.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from remote_backend.events import (
    BatchFailed,
    BatchFinished,
    BatchStarted,
    Event,
    PlanFinished,
    SlugPacked,
    WarningRaised,
    WorkspacesSelected,
)
from remote_backend.models.outcome import Outcome
from remote_backend.planning.archives import Archives, PackedRoots, pack_archives
from remote_backend.planning.base import Base, Planner
from remote_backend.planning.batch import Batch, carried_out, running_batch, span_of
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.batch_runner import BatchWork, digests_of, packed_archives
from remote_backend.planning.configuration import Configuration
from remote_backend.planning.event_queue import EventQueue
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.running_batch import RunningBatch, requested_options
from remote_backend.planning.workspace_planner import (
    Ending,
    WorkspacePlanner,
    configuration_versions,
)
from remote_backend.temporary_folders import temporary_folder
from remote_backend.workspaces import LocalWorkspace

__all__ = ("run_configurations",)

_WITHOUT_WORKSPACE = (
    BatchFailed,
    BatchFinished,
    BatchStarted,
    PlanFinished,
    SlugPacked,
    WarningRaised,
    WorkspacesSelected,
)


@asynccontextmanager
async def run_configurations(
    configurations: Sequence[Configuration],
    options: BatchOptions,
    context: BatchContext,
    failed: Sequence[Outcome] = (),
) -> AsyncIterator[Batch]:
    """Start planning workspaces of several configurations, as `run_batch` does for one.

    `context` is that of the whole batch. A configuration that cannot be packed fails its
    workspaces; `failed` are outcomes of those that could not be read at all. In a comparison, one whose
    base cannot be read is planned without one, unless that holds for all of them.
    """
    workspaces = tuple(each for one in configurations for each in one.workspaces)
    async with AsyncExitStack() as stack:
        span = stack.enter_context(span_of(context, len(workspaces)))
        folder = stack.enter_context(temporary_folder())
        base: Base | None = None
        if options.base is not None and workspaces:
            # Few batches compare, and this imports what runs git.
            from remote_backend.planning.comparison import open_base

            base = await stack.enter_async_context(
                open_base(configurations, options, folder)
            )
        with span.child("pack"):
            archives = await _pack(configurations, options, folder)
        events = stack.enter_context(_EventsOfConfigurations(workspaces))
        planners = _Planners.of(configurations, archives, options, context, events, base)
        work = BatchWork(
            names=(
                *(each.name for each in workspaces),
                *(each.workspace for each in failed),
            ),
            workspaces=workspaces,
            planner=planners,
            pollers=tuple(running.pollers for running in planners.of_clients),
            contexts={one.name: one.context for one in configurations},
            packed=tuple(_packed(configurations, archives)),
            failed=tuple(failed),
            journal_facts=_journal_facts(configurations, archives),
            warnings=base.warnings if base is not None else (),
            compared_with=base.compared_with if base is not None else None,
        )
        running = evolve(planners.of_clients[0], context=context)
        yield await stack.enter_async_context(carried_out(running, work, span))


class _EventsOfConfigurations(EventQueue):
    """Adds the configuration to the events of each workspace."""

    def __init__(self, workspaces: Sequence[LocalWorkspace]) -> None:
        super().__init__()
        self._configurations = {each.name: each.configuration for each in workspaces}

    async def get(self) -> Event | None:
        """Wait for the next event; return None when there are no more."""
        event = await super().get()
        if event is None or isinstance(event, _WITHOUT_WORKSPACE):
            return event
        return evolve(event, configuration=self._configurations[event.workspace])


@frozen
class _Planners:
    """Plans each workspace with the planner of its configuration."""

    planners: Mapping[str, Planner]
    of_clients: tuple[RunningBatch, ...]
    """The parts that those with the same client share."""

    async def plan(self, workspace: LocalWorkspace, end: Ending) -> None:
        """Plan a workspace, and call `end` once."""
        await self.planners[workspace.configuration].plan(workspace, end)

    @staticmethod
    def of(
        configurations: Sequence[Configuration],
        archives: Mapping[str, Archives],
        options: BatchOptions,
        context: BatchContext,
        events: EventQueue,
        base: Base | None,
    ) -> "_Planners":
        """Return planners; those with the same client share what they can."""
        planners: dict[str, Planner] = {}
        of_clients: list[RunningBatch] = []
        for group in _by_client(configurations):
            shared = _shared_by(group, options, context, events, base)
            if of_clients:
                first = of_clients[0]
                shared = evolve(shared, journal=first.journal, on_exit=first.on_exit)
            of_clients.append(shared)
            planners |= _planners_of(group, shared, archives, base)
        return _Planners(planners, tuple(of_clients))


def _shared_by(
    group: Sequence[Configuration],
    options: BatchOptions,
    context: BatchContext,
    events: EventQueue,
    base: Base | None,
) -> RunningBatch:
    """Return the parts that configurations with the same client share."""
    runs = {one.name: _runs_per_workspace(one, base) for one in group}
    return running_batch(
        group[0].client,
        sum(len(one.workspaces) * runs[one.name] for one in group),
        options,
        context,
        events,
        runs_per_workspace=max(runs.values()),
    )


def _planners_of(
    group: Sequence[Configuration],
    shared: RunningBatch,
    archives: Mapping[str, Archives],
    base: Base | None,
) -> dict[str, Planner]:
    """Return the planners of configurations with the same client."""
    count = sum(len(one.workspaces) for one in group)
    of_group = evolve(shared, context=group[0].context)
    versions = configuration_versions(of_group, count)
    comparer = base.comparer(of_group, count) if base is not None else None
    planners: dict[str, Planner] = {}
    for one in group:
        requested = requested_options(shared.options.plan, one.context)
        running = evolve(shared, context=one.context, requested=requested)
        head = WorkspacePlanner(running, archives[one.name], versions)
        planners[one.name] = head
        if comparer is not None and one.workspaces:
            planners[one.name] = comparer.planner(one.name, head)
    return planners


def _runs_per_workspace(configuration: Configuration, base: Base | None) -> int:
    if base is None or not configuration.workspaces:
        return 1
    return base.runs_per_workspace(configuration.name)


def _by_client(configurations: Sequence[Configuration]) -> list[list[Configuration]]:
    groups: dict[int, list[Configuration]] = {}
    for one in configurations:
        groups.setdefault(id(one.client), []).append(one)
    return list(groups.values())


async def _pack(
    configurations: Sequence[Configuration], options: BatchOptions, folder: Path
) -> dict[str, Archives]:
    """Pack each root once, for all configurations below it."""
    slugs: PackedRoots = {}
    archives: dict[str, Archives] = {}
    for number, one in enumerate(configurations):
        into = folder / str(number)
        into.mkdir()
        archives[one.name] = await pack_archives(
            one.workspaces, options, one.context, into, packed=slugs, may_fail=True
        )
    return archives


def _packed(
    configurations: Sequence[Configuration], archives: Mapping[str, Archives]
) -> Iterator[SlugPacked]:
    """Give one event for each archive, with the workspaces of all configurations that use it."""
    events: dict[str, SlugPacked] = {}
    for one in configurations:
        for event in packed_archives(archives[one.name], one.workspaces):
            earlier = events.get(event.root)
            names = (
                (*earlier.workspaces, *event.workspaces) if earlier else event.workspaces
            )
            events[event.root] = evolve(event, workspaces=names)
    yield from events.values()


def _journal_facts(
    configurations: Sequence[Configuration], archives: Mapping[str, Archives]
) -> dict[str, Any]:
    return {
        "configurations": [
            {
                "name": one.name,
                "directory": str(one.context.directory.absolute()),
                "hostname": one.context.hostname,
                "organization": one.context.organization,
                "mapping": one.context.mapping,
                "archives": digests_of(archives[one.name]),
                "workspaces": [each.name for each in one.workspaces],
            }
            for one in configurations
        ]
    }
