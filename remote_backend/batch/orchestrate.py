"""A batch: all its plans in one task group, all its events in one stream."""

import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from attrs import field, frozen

from remote_backend.batch.one_plan import PlanJob, failed_outcome, plan_workspace
from remote_backend.client import Client
from remote_backend.errors import SlugError
from remote_backend.events import (
    BatchFinished,
    BatchStarted,
    Event,
    PlanFinished,
    PlanStarted,
    SlugPacked,
)
from remote_backend.logs import LogSettings
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import PlanOptions
from remote_backend.slug.archive import Slug, pack
from remote_backend.task_groups import unwrapped
from remote_backend.watch import WatchSettings
from remote_backend.workspaces import Named

__all__ = ("Batch", "BatchPlan", "run_batch")

_EVENTS_AHEAD = 1000


@frozen(kw_only=True)
class BatchPlan:
    """What a batch shall do."""

    directory: Path
    options: PlanOptions = field(factory=PlanOptions)
    at_once: int = 100
    """How many workspaces are worked on at the same time."""

    run_url: Callable[[str, str], str]
    watch: WatchSettings = field(factory=WatchSettings)
    log: LogSettings = field(factory=LogSettings)


class Batch:
    """The events of a running batch, and its outcomes when they have ended."""

    def __init__(self, events: MemoryObjectReceiveStream[Event]) -> None:
        self._events = events
        self.outcomes: tuple[Outcome, ...] = ()

    def __aiter__(self) -> AsyncIterator[Event]:
        """Give the events; the last one is `BatchFinished`."""
        return self._iterate()

    async def _iterate(self) -> AsyncIterator[Event]:
        async for event in self._events:
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
    client: Client, workspaces: Sequence[Named], plan: BatchPlan
) -> AsyncIterator[Batch]:
    """Start planning workspaces; leaving the block early stops what still runs.

    Raises `SlugError` at once when the configuration cannot be packed for any of them.
    """
    send, receive = anyio.create_memory_object_stream[Event](_EVENTS_AHEAD)
    chosen = tuple(workspaces)
    with tempfile.TemporaryDirectory(prefix="remote-backend-") as folder:
        slugs = await _pack(chosen, plan, Path(folder))
        with unwrapped():
            async with receive, anyio.create_task_group() as group:
                work = _Work(client, chosen, plan, slugs, send)
                group.start_soon(work.carry_out, name="batch")
                yield Batch(receive)
                group.cancel_scope.cancel()


async def _pack(
    workspaces: tuple[Named, ...], plan: BatchPlan, folder: Path
) -> dict[str, Slug | SlugError]:
    slugs: dict[str, Slug | SlugError] = {}
    for working_directory in dict.fromkeys(w.remote.working_directory for w in workspaces):
        try:
            slugs[working_directory] = await pack(
                plan.directory,
                working_directory=working_directory,
                destroy=plan.options.destroy,
                into=folder,
            )
        except SlugError as error:
            slugs[working_directory] = error
    failures = [slug for slug in slugs.values() if isinstance(slug, SlugError)]
    if failures and len(failures) == len(slugs):
        raise failures[0]
    return slugs


class _Work:
    """The part of a batch that runs in the background."""

    def __init__(
        self,
        client: Client,
        workspaces: tuple[Named, ...],
        plan: BatchPlan,
        slugs: dict[str, Slug | SlugError],
        send: MemoryObjectSendStream[Event],
    ) -> None:
        self._workspaces = workspaces
        self._slugs = slugs
        self._send = send
        self._gate = anyio.CapacityLimiter(plan.at_once)
        self._outcomes: dict[str, Outcome] = {}
        self._job = PlanJob(
            client=client,
            options=plan.options,
            run_url=plan.run_url,
            emit=send.send,
            emit_if_free=self._emit_if_free,
            watch=plan.watch,
            log=plan.log,
        )

    async def carry_out(self) -> None:
        async with self._send:
            await self._send.send(BatchStarted(tuple(w.short for w in self._workspaces)))
            await self._tell_slugs()
            async with anyio.create_task_group() as group:
                for named in self._workspaces:
                    group.start_soon(self._plan_one, named, name=f"plan {named.short}")
            outcomes = tuple(self._outcomes[named.short] for named in self._workspaces)
            await self._send.send(BatchFinished(outcomes))

    async def _plan_one(self, named: Named) -> None:
        async with self._gate:
            await self._send.send(PlanStarted(named.short))
            slug = self._slugs[named.remote.working_directory]
            if isinstance(slug, SlugError):
                outcome = failed_outcome(named, slug)
            else:
                outcome = await plan_workspace(self._job, named, slug.path)
            self._outcomes[named.short] = outcome
            await self._send.send(PlanFinished(outcome))

    async def _tell_slugs(self) -> None:
        for working_directory, slug in self._slugs.items():
            if isinstance(slug, Slug):
                shorts = (
                    named.short
                    for named in self._workspaces
                    if named.remote.working_directory == working_directory
                )
                await self._send.send(
                    SlugPacked(
                        tuple(shorts),
                        str(slug.root),
                        slug.file_count,
                        slug.size_bytes,
                        slug.warnings,
                    )
                )

    def _emit_if_free(self, event: Event) -> None:
        with suppress(anyio.WouldBlock, anyio.BrokenResourceError):
            self._send.send_nowait(event)
