"""A batch: all its plans in one task group, all its events in one stream."""

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.abc import TaskStatus
from anyio.lowlevel import checkpoint
from attrs import evolve, field, frozen

from remote_backend.api.client import Client
from remote_backend.errors import ConfigurationChanged, SlugError
from remote_backend.events import (
    BatchFinished,
    BatchStarted,
    Event,
    PlanFinished,
    PlanStarted,
    SlugPacked,
)
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.models.configuration import UploadMode
from remote_backend.models.notification import Notification
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.run import PlanOptions, WaitLimits
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.configuration_versions import ConfigurationVersions
from remote_backend.planning.event_queue import EventQueue
from remote_backend.planning.failure_reasons import canceled
from remote_backend.planning.journal import Journal, JournalStory
from remote_backend.planning.log_tail import LogSettings
from remote_backend.planning.polling import BatchPoller, PollSettings
from remote_backend.planning.sharing_cache import SharingCache
from remote_backend.planning.upload_canary import Canary
from remote_backend.planning.workspace_plan import NOT_STARTED, plan_workspace
from remote_backend.slug.archive import Slug, pack
from remote_backend.temporary_folders import remove_stale_folders, temporary_folder
from remote_backend.workspaces import LocalWorkspace

__all__ = ("Batch", "BatchOptions", "new_batch_id", "run_batch")

_MESSAGE = "Planned by remote-backend"
# So few runs cost less when each is read by itself.
_POLLED_SINGLY = 3


def new_batch_id() -> str:
    """Return an id that no other batch has."""
    return f"batch-{os.urandom(8).hex()}"


@frozen(kw_only=True)
class BatchOptions:
    """The wishes of the user for a batch."""

    directory: Path
    options: PlanOptions = field(factory=PlanOptions)
    max_concurrency: int = 1000
    """How many workspaces are worked on at the same time."""

    run_url: Callable[[str, str], str]
    watch: PollSettings = field(factory=PollSettings)
    log: LogSettings = field(factory=LogSettings)
    upload: UploadMode = UploadMode.AUTO
    sharing_cache: SharingCache | None = None
    """What earlier batches found out about sharing; None to find out again."""

    journal_folder: Path | None = None
    """Where the journal of the batch is kept; None for none."""

    facts: Mapping[str, str] = field(factory=dict)
    """More facts for the first record of the journal."""

    limits: WaitLimits = WaitLimits()
    details: bool = False
    """Whether the server is asked what each plan would change: one more request each."""

    earlier: JournalStory | None = None
    """The batch that is resumed."""

    id: str = field(factory=new_batch_id)
    """Names the batch; it is part of the message of each run, which lists are searched for."""

    is_batch: bool = True
    """Whether there is a batch to come back to, and not one plan alone."""

    origin: str = ""
    """Who plans what, for the messages of runs where none is given."""


class Batch:
    """The events of a running batch, and its outcomes when they have ended."""

    def __init__(self, id: str, work: "_BatchRunner") -> None:
        self.id = id
        self.outcomes: tuple[Outcome, ...] = ()
        self._work = work
        self._outbox = work.job.events
        self._leaving = work.job.on_exit
        self._watched = work.job.pollers

    @property
    def still_running(self) -> tuple[tuple[str, str], ...]:
        """Short names and ids of the runs that live on, once the batch was left."""
        return tuple(self._leaving.still_running)

    @property
    def stopped_runs(self) -> tuple[int, int]:
        """How many runs were stopped, and of how many, since the batch was canceled."""
        return self._leaving.stopped, self._leaving.to_stop

    def detach(self) -> None:
        """Let leaving the batch early leave its runs running."""
        self._leaving.detached = True

    def cancel(self) -> None:
        """Stop all runs that are still going, and make no more; the events go on to their end.

        Leaving the block, or canceling a scope around it, stops the runs in the same way and
        within the same time: 5 seconds for runs that are being made, 10 seconds, and 2 more for
        as many runs as the server allows requests a second (50 where it announces no limit).
        """
        self._work.cancel()

    def notify(self, notification: Notification) -> bool:
        """Take note of what the server told about a run; return whether it is one of these.

        The run is polled now, and from now on every 30 seconds without a notification. HCP
        Terraform and Terraform Enterprise send none for plan-only runs.
        """
        watched = self._watched.get(notification.run_id or "")
        if watched is not None:
            watched.notified()
        return watched is not None

    def __aiter__(self) -> AsyncIterator[Event]:
        """Give the events; the last one is `BatchFinished`."""
        return self._iterate()

    async def _iterate(self) -> AsyncIterator[Event]:
        while (event := await self._outbox.get()) is not None:
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
    client: Client, workspaces: Sequence[LocalWorkspace], plan: BatchOptions
) -> AsyncIterator[Batch]:
    """Start planning workspaces; leaving the block early stops what still runs.

    Raises `SlugError` at once when the configuration cannot be packed for any of them.
    """
    chosen = tuple(workspaces)
    with temporary_folder() as folder:
        slugs = _unchanged(await _pack(chosen, plan, folder), plan)
        with EventQueue() as outbox, raise_lone_exception():
            async with anyio.create_task_group() as group:
                work = _BatchRunner(client, chosen, plan, slugs, outbox)
                await group.start(work.carry_out, name="batch")
                yield Batch(plan.id, work)
                group.cancel_scope.cancel()


async def _pack(
    workspaces: tuple[LocalWorkspace, ...], plan: BatchOptions, folder: Path
) -> dict[str, Slug | SlugError]:
    slugs: dict[str, Slug | SlugError] = {}
    for working_directory in dict.fromkeys(w.remote.working_directory for w in workspaces):
        try:
            slugs[working_directory] = await pack(
                plan.directory,
                working_directory=working_directory,
                destroy=plan.options.destroy,
                into=folder,
                refuse_outside_links=plan.options.refuse_outside_links,
                with_digest=plan.journal_folder is not None,
            )
        except SlugError as error:
            slugs[working_directory] = error
    failures = [slug for slug in slugs.values() if isinstance(slug, SlugError)]
    if failures and len(failures) == len(slugs):
        raise failures[0]
    return slugs


def _unchanged(
    slugs: Mapping[str, Slug | SlugError], plan: BatchOptions
) -> dict[str, Slug | SlugError]:
    """Put an error in the place of archives that are not those of the batch that is resumed.

    Runs that were made already need no archive, so they are followed all the same.
    """
    known = plan.earlier.archives if plan.earlier is not None else {}
    return {
        working_directory: ConfigurationChanged(str(plan.directory), plan.id)
        if isinstance(slug, Slug)
        and known.get(working_directory, slug.content_digest) != slug.content_digest
        else slug
        for working_directory, slug in slugs.items()
    }


class _BatchRunner:
    """The part of a batch that runs in the background."""

    def __init__(
        self,
        client: Client,
        workspaces: tuple[LocalWorkspace, ...],
        plan: BatchOptions,
        slugs: dict[str, Slug | SlugError],
        outbox: EventQueue,
    ) -> None:
        self._workspaces = workspaces
        self._slugs = slugs
        self._outbox = outbox
        self._gate = anyio.CapacityLimiter(plan.max_concurrency)
        self._plans = anyio.CancelScope()
        self._outcomes: dict[str, Outcome] = {}
        self._sweep = None
        options = plan.options
        if len(workspaces) > _POLLED_SINGLY:
            total = len(workspaces)
            self._sweep = BatchPoller(
                client,
                plan.id,
                total=total,
                expected=total if total <= plan.max_concurrency else 0,
                settings=plan.watch,
            )
        options = evolve(options, message=_message(plan))
        self._plan = plan
        self._journal = _journal(plan, outbox)
        self.job = BatchContext(
            client=client,
            options=options,
            run_url=plan.run_url,
            events=outbox,
            configurations=ConfigurationVersions(
                client,
                plan.upload,
                usable_within_seconds=plan.limits.upload_seconds,
                is_alone=len(workspaces) == 1,
                cache=plan.sharing_cache,
                canary=Canary(outbox.warn),
            ),
            poller=self._sweep,
            journal=self._journal,
            begun=plan.earlier.begun if plan.earlier else {},
            limits=plan.limits,
            details=plan.details,
            poll_settings=plan.watch,
            log_settings=_log_settings_for(plan.log, len(workspaces)),
        )

    async def carry_out(self, *, task_status: TaskStatus[None]) -> None:
        """Plan all workspaces; that they are begun is told by `task_status`."""
        self._outbox.put(BatchStarted(tuple(w.name for w in self._workspaces)))
        self._tell_slugs()
        if self._journal is not None and self._plan.earlier is None:
            await self._journal.begin(
                self._plan.options,
                **self._plan.facts,
                id=self._plan.id,
                directory=str(self._plan.directory.absolute()),
                upload=self._plan.upload.value,
                archives={
                    working_directory: slug.content_digest
                    for working_directory, slug in self._slugs.items()
                    if isinstance(slug, Slug)
                },
                workspaces={named.name: named.remote.id for named in self._workspaces},
            )
        async with anyio.create_task_group() as group:
            if self._sweep is not None:
                group.start_soon(self._sweep.run, name="sweep")
            with self._plans:
                async with anyio.create_task_group() as plans:
                    for named in self._workspaces:
                        plans.start_soon(self._plan_one, named, name=f"plan {named.name}")
                    # The first requests are sent before the block of the batch does work of its own.
                    await checkpoint()
                    task_status.started()
                    await to_thread.run_sync(remove_stale_folders)
            group.cancel_scope.cancel()
        self._outbox.put(BatchFinished(self._all_outcomes()))
        self._outbox.close()

    def cancel(self) -> None:
        """Cancel all plans."""
        self._plans.cancel()

    async def _plan_one(self, named: LocalWorkspace) -> None:
        async with self._gate:
            self._outbox.put(PlanStarted(named.name))
            slug = self._slugs[named.remote.working_directory]
            await plan_workspace(self.job, named, slug, self._end)

    async def _end(self, outcome: Outcome) -> None:
        if outcome.run_id is None and self._sweep is not None:
            self._sweep.one_fewer_expected()
        self._outcomes[outcome.workspace] = outcome
        # A batch that is resumed goes on with what has no outcome.
        if self._journal is not None and outcome.is_settled:
            await self._journal.outcome(outcome)
        self._outbox.put(PlanFinished(outcome))

    def _all_outcomes(self) -> tuple[Outcome, ...]:
        for named in self._workspaces:
            if named.name not in self._outcomes and not self.job.on_exit.detached:
                self._outcomes[named.name] = _not_started(named)
        earlier = self._plan.earlier
        if earlier is None:
            shorts = (named.name for named in self._workspaces)
            return tuple(self._outcomes[name] for name in shorts if name in self._outcomes)
        found = {**earlier.outcomes, **self._outcomes}
        return tuple(found[name] for name in earlier.workspaces if name in found)

    def _tell_slugs(self) -> None:
        for working_directory, slug in self._slugs.items():
            if isinstance(slug, Slug):
                shorts = (
                    named.name
                    for named in self._workspaces
                    if named.remote.working_directory == working_directory
                )
                self._outbox.put(
                    SlugPacked(
                        tuple(shorts),
                        str(slug.root),
                        slug.file_count,
                        slug.size_bytes,
                        slug.warnings,
                    )
                )


def _message(plan: BatchOptions) -> str:
    message = plan.options.message
    if not message:
        message = f"{_MESSAGE}: {plan.origin}" if plan.origin else _MESSAGE
    return f"{message} ({plan.id})" if plan.is_batch else message


def _not_started(named: LocalWorkspace) -> Outcome:
    return Outcome(
        workspace=named.name,
        full_name=named.remote.name,
        result=Result.NOT_STARTED,
        failure=canceled(NOT_STARTED),
    )


def _journal(plan: BatchOptions, outbox: EventQueue) -> Journal | None:
    if plan.journal_folder is None:
        return None
    return Journal.at(plan.journal_folder, plan.id, outbox.warn)


def _log_settings_for(settings: LogSettings, workspaces: int) -> LogSettings:
    if workspaces <= _POLLED_SINGLY and settings == LogSettings():
        # Somebody looks at these, and they are few. When plans have waited for so long that their
        # logs would be read once a second, their runs are polled as often.
        share = 0.04
        return evolve(
            settings,
            first_wait_seconds=0.03,
            share_of_elapsed=share,
            waiting_plan_seconds=settings.longest_wait_seconds / share,
        )
    # Hundreds of logs are read more slowly each, so that their host gets no more requests.
    longest = min(2.0, workspaces / 100)
    if longest <= settings.longest_wait_seconds:
        return settings
    first = min(longest / 4, max(settings.first_wait_seconds, workspaces / 800))
    return evolve(settings, first_wait_seconds=first, longest_wait_seconds=longest)
