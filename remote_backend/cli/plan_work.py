"""Carrying out a plan command: events to the screen, signals to the batch."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    nullcontext,
)
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from attrs import define, field, frozen

from remote_backend import events
from remote_backend.backend import Backend, open_backend
from remote_backend.cli.console import (
    BatchConsole,
    JsonConsole,
    QuietConsole,
    Screen,
    SinglePlanConsole,
    beat,
)
from remote_backend.cli.interrupts import Interrupts
from remote_backend.cli.prompts import read_line
from remote_backend.cli.report_files import Collector, write_reports
from remote_backend.cli.sections import SectionsConsole
from remote_backend.config.datadir import user_data_directory
from remote_backend.config.settings import process_environ
from remote_backend.models.configuration import UploadMode
from remote_backend.models.outcome import Outcome, exit_code_of
from remote_backend.models.run import PlanOptions, WaitLimits
from remote_backend.task_groups import unwrapped

if TYPE_CHECKING:
    from remote_backend.batch.journal import JournalStory
    from remote_backend.batch.orchestrate import Batch
    from remote_backend.cli.live import LiveConsole

__all__ = ("OnInterrupt", "PlanCommand", "Style", "journal_folder_of", "run_plan")


_TICK_SECONDS = 0.25


class OnInterrupt(Enum):
    """What becomes of runs when the command is told to stop."""

    ASK = "ask"
    """Ask on a terminal, cancel without one."""

    CANCEL = "cancel"
    DETACH = "detach"


class Style(Enum):
    """How a command tells what happens."""

    AUTO = "auto"
    """A live view of a batch on a terminal, else lines."""

    LINES = "lines"
    """Logs, line by line, and a table at the end."""

    QUIET = "quiet"
    JSON = "json"


@frozen(kw_only=True)
class PlanCommand:
    """What the command line asks for."""

    directory: Path
    options: PlanOptions
    environ: Mapping[str, str] | None = field(default=None, repr=False)
    """In place of the variables of the process."""

    is_batch: bool = False
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    at_once: int = 1000
    upload: UploadMode = UploadMode.AUTO
    limits: WaitLimits = WaitLimits()
    detailed_exit_code: bool = False
    on_interrupt: OnInterrupt = OnInterrupt.ASK
    detach: bool = False
    """Whether to return as soon as all runs are queued."""

    reports: tuple[str, ...] = ()
    style: Style = Style.AUTO
    journal_folder: Path | None = None
    resumed: "JournalStory | None" = None
    """The batch to go on with, in place of a new one."""


async def run_plan(command: PlanCommand, screen: Screen) -> int:
    """Carry out a plan command and return its exit code.

    The first Ctrl-C or SIGTERM cancels the runs that are still going, or leaves them running,
    and tells which live on; the exit code is then 130 or 143. The second ends the process.
    """
    work = _PlanWork(command, screen)
    with work.collector:
        return await _run(work)


async def _run(work: "_PlanWork") -> int:
    interrupts = Interrupts(work.stop)
    with unwrapped():
        async with anyio.create_task_group() as group:
            group.start_soon(interrupts.watch, group.cancel_scope)
            await work.carry_out()
            group.cancel_scope.cancel()
    if interrupts.exit_code:
        work.tell_living()
    return interrupts.exit_code or work.code


@define
class _PlanWork:
    """A plan command at work."""

    command: PlanCommand
    screen: Screen
    code: int = 1
    _batch: "Batch | None" = None
    _live: "LiveConsole | None" = None
    _queued: set[str] = field(factory=set)
    _some_not_queued: bool = False
    collector: Collector = field(factory=Collector)

    async def carry_out(self) -> None:
        command, screen = self.command, self.screen
        async with open_backend(command.directory, environ=command.environ) as backend:
            for warning in backend.connection.warnings:
                screen.note(f"Warning: {warning}")
            live = _live_console(command, screen)
            console = live or _console(command, screen)
            # Once: this is asked for every part of every log.
            tells_more = _tells_more(command)
            self._live = live
            async with (
                _start(backend, command) as batch,
                _beating(command, screen, live) as progress,
                _held(console),
            ):
                self._batch = batch
                if command.journal_folder is not None and command.is_batch:
                    screen.note(
                        f"Batch {batch.id}; should this be cut off: remote-backend runs resume {batch.id}"
                    )
                async for event in batch:
                    progress.take(event)
                    console.show(event)
                    if tells_more:
                        self.collector.take(event)
                    if command.detach and self._all_queued(event):
                        batch.detach()
                        break
            if tells_more and batch.outcomes:
                self._report(backend, batch)
        if command.detach and not batch.outcomes:
            self.tell_living()
            self.code = int(self._some_not_queued)
        else:
            self.code = exit_code_of(batch.outcomes, detailed=command.detailed_exit_code)

    def _report(self, backend: Backend, batch: "Batch") -> None:
        report = self.collector.report(
            batch.outcomes,
            batch_id=batch.id,
            hostname=backend.hostname,
            organization=backend.organization,
            is_drift=self.command.options.refresh_only,
        )
        write_reports(report, self.command.reports, process_environ())
        for name in self.command.reports:
            self.screen.note(f"Wrote {name}.")
        if process_environ().get("GITHUB_ACTIONS") and self.command.style is not Style.JSON:
            for outcome in batch.outcomes:
                if not outcome.succeeded:
                    self.screen.out.write(_annotation(outcome))
            self.screen.out.flush()

    async def stop(self) -> None:
        """Decide what becomes of the runs, and say so."""
        if self._live is not None:
            self._live.pause()
        detaches = self.command.on_interrupt is OnInterrupt.DETACH
        if self.command.on_interrupt is OnInterrupt.ASK and self._can_ask():
            detaches = await self._ask()
        if detaches and self._batch is not None:
            self._batch.detach()
            self.screen.note("Stopping: the runs that are still going are left running.")
        else:
            self.screen.note("Stopping: the runs that are still going are canceled.")

    def tell_living(self) -> None:
        """Tell which runs live on, and how to come back to them."""
        living = self._batch.living if self._batch is not None else ()
        if not living:
            return
        self.screen.note("These runs live on:")
        for workspace, run_id in sorted(living):
            self.screen.note(f"  {workspace}  {run_id}")
        if self._batch is not None and self.command.journal_folder is not None:
            self.screen.note(
                f"See what came of them: remote-backend runs resume {self._batch.id}"
            )

    def _all_queued(self, event: events.Event) -> bool:
        if isinstance(event, events.RunQueued):
            self._queued.discard(event.workspace)
        elif isinstance(event, events.PlanFinished):
            self._queued.discard(event.outcome.workspace)
            self._some_not_queued |= event.outcome.run_id is None
        elif isinstance(event, events.BatchStarted):
            self._queued.update(event.workspaces)
            return False
        return not self._queued

    def _can_ask(self) -> bool:
        return self.screen.is_terminal and sys.stdin is not None and sys.stdin.isatty()

    async def _ask(self) -> bool:
        self.screen.note(
            "Cancel the runs that are still going? Type no to leave them running:"
        )
        answer = await read_line()
        return answer.strip().lower() in ("n", "no")


def _tells_more(command: PlanCommand) -> bool:
    """Say whether a command shall tell more than its table, for which details are needed."""
    return bool(command.reports or process_environ().get("GITHUB_STEP_SUMMARY"))


def _live_console(command: PlanCommand, screen: Screen) -> "LiveConsole | None":
    if command.style is not Style.AUTO or not command.is_batch:
        return None
    if not (screen.is_terminal and screen.err.isatty()):
        return None
    # Drawing takes longer to import than all that a plan without a terminal needs.
    from remote_backend.cli.live import LiveConsole

    return LiveConsole(screen)


def _console(
    command: PlanCommand, screen: Screen
) -> BatchConsole | SinglePlanConsole | QuietConsole | JsonConsole | SectionsConsole:
    if command.style is Style.JSON:
        return JsonConsole(screen)
    if command.style is Style.QUIET:
        return QuietConsole(screen)
    if not command.is_batch:
        return SinglePlanConsole(screen)
    if command.style is Style.AUTO and screen.sections and not screen.is_terminal:
        return SectionsConsole(screen)
    return BatchConsole(screen)


def _annotation(outcome: Outcome) -> str:
    def escaped(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    title = escaped(outcome.workspace).replace(":", "%3A").replace(",", "%2C")
    found = outcome.changes.diagnostics if outcome.changes is not None else ()
    told = (outcome.reason or outcome.result.value, *(one.text for one in found))
    return f"::error title={title}::{escaped(chr(10).join(told))}\n"


def _start(backend: Backend, command: PlanCommand) -> "AbstractAsyncContextManager[Batch]":
    if command.resumed is not None and command.journal_folder is not None:
        variables = command.options.variables
        return backend.resume(command.resumed, command.journal_folder, variables)
    if not command.is_batch:
        return backend.plan(
            options=command.options,
            limits=command.limits,
            details=_tells_more(command),
        )
    return backend.plan_all(
        command.options,
        select=command.select,
        exclude=command.exclude,
        at_once=command.at_once,
        upload=command.upload,
        limits=command.limits,
        details=_tells_more(command),
        journal_folder=command.journal_folder,
    )


def journal_folder_of(environ: Mapping[str, str]) -> Path:
    """Return the folder in which the command line keeps the journals of batches."""
    return user_data_directory(environ) / "batches"


@define
class _Progress:
    """What goes on beside the events of a batch needs to know of them."""

    unfinished: dict[str, str] = field(factory=dict)
    all_is_quiet: anyio.Event = field(factory=anyio.Event)
    """Set when plans have begun, after which nobody is in a hurry for a while."""

    def take(self, event: events.Event) -> None:
        if isinstance(event, events.PlanStarted):
            self.unfinished[event.workspace] = "started"
        elif isinstance(event, events.PlanFinished):
            self.unfinished.pop(event.outcome.workspace, None)
        elif isinstance(event, events.LogChunkRead):
            self.all_is_quiet.set()


@asynccontextmanager
async def _beating(
    command: PlanCommand, screen: Screen, live: "LiveConsole | None"
) -> AsyncIterator[_Progress]:
    progress = _Progress()
    async with anyio.create_task_group() as group:
        if not screen.is_terminal:
            group.start_soon(beat, screen, progress.unfinished)
        if live is not None:
            group.start_soon(_tick, live)
        if command.is_batch and command.style is not Style.JSON:
            group.start_soon(_load_table, progress)
        yield progress
        group.cancel_scope.cancel()


async def _load_table(progress: _Progress) -> None:
    # Whoever waits for the last plan shall not wait for this too.
    await progress.all_is_quiet.wait()
    for name in ("rich.console", "remote_backend.cli.table"):
        await to_thread.run_sync(import_module, name)


@asynccontextmanager
async def _held(console: object) -> AsyncIterator[None]:
    # A drawing, and logs that wait in files, go away with the command.
    with console if isinstance(console, AbstractContextManager) else nullcontext():
        yield


async def _tick(live: "LiveConsole") -> None:
    while True:
        await anyio.sleep(_TICK_SECONDS)
        live.tick()
