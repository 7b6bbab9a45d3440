"""Telling what happens in a batch: events to the screen, and to reports."""

import sys
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from time import monotonic
from typing import TextIO

import anyio
from anyio.abc import TaskGroup
from attrs import define, evolve, field

from remote_backend import events
from remote_backend.backend import Backend
from remote_backend.cli.commands.live_actions import LiveActions
from remote_backend.cli.commands.plan_request import PlanRequest, Style
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.batch_end import BatchPlace, write_end
from remote_backend.cli.output.ci_sections import SectionsConsole
from remote_backend.cli.output.console import (
    BatchConsole,
    JsonConsole,
    QuietConsole,
    SinglePlanConsole,
)
from remote_backend.cli.output.github import annotations, write_outputs
from remote_backend.cli.output.kept_logs import folder_of, keep_limits, prune
from remote_backend.cli.output.live import LiveConsole
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.progress import Progress, heartbeat
from remote_backend.cli.output.report_files import (
    Collector,
    write_reports,
    write_step_summary,
)
from remote_backend.cli.output.screen import Screen
from remote_backend.cli.output.terminal_mode import is_in_background
from remote_backend.cli.output.view.log_objects import PlannedInLogs
from remote_backend.config.environment import process_environ
from remote_backend.config.run_origin import read_commit
from remote_backend.formats.times import utc_now
from remote_backend.models.outcome import Outcome, exit_code_of
from remote_backend.notices import Notice, StillWaiting
from remote_backend.planning.batch import Batch
from remote_backend.planning.batch_id import short_id
from remote_backend.planning.failure_reasons import reason_of_error
from remote_backend.reports.event_stream import EventStream
from remote_backend.reports.summary import Report

__all__ = ("PlanOutput",)

_TICK_SECONDS = 0.25


def _open_gate() -> anyio.Event:
    gate = anyio.Event()
    gate.set()
    return gate


@define
class PlanOutput:
    """The output of a plan command while it works."""

    command: PlanRequest
    screen: Screen
    interrupt_code: Callable[[], int] = lambda: 0
    """The exit code of the signal that came, or 0."""

    _live: LiveConsole | None = None
    _json: JsonConsole | None = None
    _queued: set[str] = field(factory=set)
    _some_not_queued: bool = False
    _lacks_reports: bool = False
    clock: Callable[[], float] = monotonic
    progress: Progress = field(init=False)
    _began: float = field(init=False)
    _started_at: str = field(factory=utc_now)
    _gate: anyio.Event = field(factory=_open_gate)
    _asked: anyio.Event = field(factory=anyio.Event)
    _answered: str = "watch"

    def __attrs_post_init__(self) -> None:
        self._began = self.clock()
        self.progress = Progress(self.command.is_drift, self.clock)

    async def report_events(self, backend: Backend, batch: Batch) -> None:
        """Show all events of a batch; with -detach, those until all runs are queued."""
        command = self.command
        with self._logs(batch.id) as logs:
            self._live = live = _live_console(command, self.screen, backend, logs)
            console = live or self._console(batch.id, logs)
            planned = PlannedInLogs()
            watched = (
                LiveActions(live, backend.connection.client, self._answer) if live else None
            )
            async with (
                _working(command, self.screen, self.progress, live) as group,
                _held(console),
            ):
                if watched is not None:
                    watched.start(group)
                if self._json is not None:
                    group.start_soon(self._json.report_progress)
                async for event in batch:
                    await self._gate.wait()
                    if isinstance(event, events.SlugPacked):
                        event = _in_words_of_flags(event)
                    self.progress.take(event)
                    if isinstance(event, events.LogChunkRead):
                        logs.add(event.workspace, event.data)
                        if live is None:
                            planned.take(event)
                    if watched is not None:
                        watched.take(event)
                    console.show(event)
                    if command.detach and self._all_queued(event):
                        batch.detach()
                        break
            if batch.outcomes and command.is_batch and command.style is not Style.JSON:
                actions = live.planned() if live is not None else planned.actions
                self._write_end(backend, batch, actions, logs, console)
            if command.writes_reports and batch.outcomes:
                self._report(self._collector(batch, logs), backend, batch)
            if batch.outcomes:
                self._pass_on(batch.outcomes, batch.id)

    def _collector(self, batch: Batch, logs: LogSpool) -> Collector:
        return Collector(
            logs,
            batch.started_at,
            report_logs=self.command.report_logs,
            keeps_logs=self.command.is_journaled
            and keep_limits(process_environ()).keeps_any,
            label=self.command.report_label,
            commit=read_commit(process_environ(), self.command.directory),
        )

    def _logs(self, batch_id: str) -> LogSpool:
        """Return where logs wait: for later commands too, if the batch can be resumed."""
        folder = self.command.options.journal_folder
        limits = keep_limits(process_environ())
        if not self.command.is_journaled or folder is None or not limits.keeps_any:
            return LogSpool()
        prune(folder, limits)
        return LogSpool(folder_of(folder, batch_id), limits.most_bytes)

    def _write_end(
        self,
        backend: Backend,
        batch: Batch,
        planned: Mapping[str, Mapping[str, str]],
        logs: LogSpool,
        console: object,
    ) -> None:
        place = None
        if self.command.is_journaled:
            place = BatchPlace(
                short_id=short_id(batch.id),
                hostname=backend.hostname,
                organization=backend.organization,
                has_logs=keep_limits(process_environ()).keeps_any,
            )
        write_end(
            self.screen,
            batch.outcomes,
            place=place,
            seconds=self.clock() - self._began,
            planned=planned,
            logs=logs,
            is_drift=self.command.is_drift,
            # Sections show each failure where it happened.
            has_blocks=not isinstance(console, SectionsConsole),
            table=self.command.table,
        )

    def _console(
        self, batch_id: str, logs: LogSpool
    ) -> BatchConsole | SinglePlanConsole | QuietConsole | SectionsConsole | JsonConsole:
        if self.command.style is Style.JSON:
            self._json = self._json_console(batch_id)
            return self._json
        return _console(self.command, self.screen, logs)

    def _json_console(self, batch_id: str | None) -> JsonConsole:
        def exit_code(outcomes: tuple[Outcome, ...]) -> int:
            return self.interrupt_code() or self.exit_code(outcomes)

        return JsonConsole(self.screen, EventStream(batch_id=batch_id, exit_code=exit_code))

    def report_failure(self, reason: str, kind: str, backend: Backend | None) -> None:
        """Report to programs (JSON, reports) that no plan was begun; people read the error itself."""
        if self.command.style is Style.JSON:
            self._json_console(None).show(events.BatchFailed(reason, kind))
        if self.command.writes_reports:
            with LogSpool() as logs:
                report = Collector(
                    logs, self._started_at, label=self.command.report_label
                ).report(
                    (),
                    batch_id="",
                    hostname=backend.hostname if backend else "unknown host",
                    organization=backend.organization
                    if backend
                    else "unknown organization",
                    mapping=str(backend.connection.mapping) if backend else "",
                    ended_at=utc_now(),
                    is_drift=self.command.is_drift,
                    problem=reason,
                )
                self._write(report)
        self._pass_on((), "", problem=reason)

    def report(self, notice: Notice) -> None:
        """Write what is waited for, or a warning; a drawing goes on below it."""
        if self.command.style is Style.QUIET and isinstance(notice, StillWaiting):
            return
        if self._live is not None:
            self._live.report(notice)
        else:
            self.screen.report(notice)

    @property
    def unfinished(self) -> Collection[str]:
        """The workspaces that are at work."""
        return self.progress.unfinished

    @property
    def has_keys(self) -> bool:
        """Whether a question can be asked in the live view."""
        return self._live is not None and self._live.has_keys

    async def ask(self, come_back: str) -> str:
        """Ask in the live view what becomes of the runs; return `cancel`, `detach` or `watch`."""
        assert self._live is not None
        self._asked, self._answered = anyio.Event(), "watch"
        self._live.ask(come_back)
        await self._asked.wait()
        return self._answered

    def _answer(self, answer: str) -> None:
        self._answered = answer
        self._asked.set()

    def interrupted(self, answer: str) -> None:
        """Report to programs that a signal came, and what becomes of the runs."""
        if self._json is not None:
            self._json.interrupted(answer)

    def hold(self) -> None:
        """Show no more events until `release`; they wait in the batch."""
        self._gate = anyio.Event()

    def release(self) -> None:
        """Go on showing events."""
        self._gate.set()

    def show_canceling(self) -> bool:
        """Show in the live view that all runs are being canceled; return whether there is one."""
        if self._live is None:
            return False
        self._live.cancel(self._live.unfinished)
        return True

    def exit_code(self, outcomes: tuple[Outcome, ...]) -> int:
        """Return the exit code of the command for how its plans ended, or were queued."""
        if self.command.detach and not outcomes:
            return int(self._some_not_queued)
        if self._lacks_reports:
            return 1
        return exit_code_of(outcomes, detailed=self.command.detailed_exit_code)

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

    def _report(self, collector: Collector, backend: Backend, batch: Batch) -> None:
        try:
            report = collector.report(
                batch.outcomes,
                batch_id=batch.id,
                hostname=backend.hostname,
                organization=backend.organization,
                mapping=str(backend.connection.mapping),
                ended_at=utc_now(),
                options=batch.options.plan,
                is_drift=self.command.is_drift,
            )
        except Exception as error:  # whatever an odd plan of one workspace leads to
            self.screen.note(f"Error: no report can be made: {reason_of_error(error)}")
            self._lacks_reports = True
        else:
            self._write(report)

    def _pass_on(
        self, outcomes: tuple[Outcome, ...], batch_id: str, problem: str = ""
    ) -> None:
        """Give GitHub Actions what it shows above the log, and what later steps read."""
        environ = process_environ()
        if environ.get("GITHUB_ACTIONS") and self.command.style is not Style.JSON:
            lines = annotations(
                self.screen,
                outcomes,
                directory=self.command.directory,
                environ=environ,
                problem=problem,
            )
            self.screen.out.writelines(lines)
            self.screen.out.flush()
        warning = write_outputs(
            outcomes, batch_id=batch_id, reports=self.command.reports, environ=environ
        )
        if warning is not None:
            self.screen.note(f"Warning: {warning}")

    def _write(self, report: Report) -> None:
        problems = write_reports(
            report,
            self.command.reports,
            new_mode=self.command.report_mode,
            most_characters=self.command.report_limit,
        )
        for name in self.command.reports:
            if not any(problem.startswith(f"-report={name} ") for problem in problems):
                self.screen.note(f"Wrote {name}.")
        for problem in problems:
            self.screen.note(f"Error: {problem}")
            self._lacks_reports = True
        if problems and self.command.is_journaled and report.batch_id:
            again = f"remote-backend report {short_id(report.batch_id)} -report=FILE"
            self.screen.note(f"The batch is kept; write it again with: {again}")
        # Nobody asked for it, so it decides about no exit code.
        if warning := write_step_summary(report, process_environ()):
            self.screen.note(f"Warning: {warning}")


def _in_words_of_flags(event: events.SlugPacked) -> events.SlugPacked:
    return evolve(event, warnings=tuple(map(message_of, event.warnings)))


def _live_console(
    command: PlanRequest, screen: Screen, backend: Backend, logs: LogSpool
) -> LiveConsole | None:
    if command.style is not Style.AUTO or not command.is_batch:
        return None
    if screen.is_dumb or not (screen.is_terminal and screen.err.isatty()):
        return None
    title = f"{backend.organization}/{backend.connection.mapping}"
    return LiveConsole(screen, title, command.is_drift, logs=logs, keys=_keys(screen))


def _keys(screen: Screen) -> TextIO | None:
    """Return the terminal whose keys can be read, or None."""
    environ = process_environ()
    if environ.get("CI") or environ.get("TF_INPUT", "").lower() in ("0", "false"):
        return None
    stdin = sys.stdin
    is_possible = stdin is not None and stdin.isatty() and not screen.is_dumb
    return stdin if is_possible and not is_in_background(stdin) else None


def _console(
    command: PlanRequest, screen: Screen, logs: LogSpool
) -> BatchConsole | SinglePlanConsole | QuietConsole | SectionsConsole:
    is_drift = command.is_drift
    if command.style is Style.QUIET:
        return QuietConsole(screen, is_drift)
    if not command.is_batch:
        return SinglePlanConsole(screen, is_drift)
    if command.style is Style.AUTO and screen.folds and not screen.is_terminal:
        return SectionsConsole(screen, is_drift, logs=logs)
    return BatchConsole(screen, is_drift)


@asynccontextmanager
async def _working(
    command: PlanRequest, screen: Screen, progress: Progress, live: LiveConsole | None
) -> AsyncIterator[TaskGroup]:
    async with anyio.create_task_group() as group:
        if live is None and _shows_life(command, screen):
            group.start_soon(heartbeat, screen, progress)
        if live is not None:
            group.start_soon(_tick, live)
        yield group
        group.cancel_scope.cancel()


def _shows_life(command: PlanRequest, screen: Screen) -> bool:
    if not screen.is_terminal or screen.is_dumb:
        return True
    # Somebody at a terminal has chosen to read nothing else.
    return command.style not in (Style.QUIET, Style.JSON)


@asynccontextmanager
async def _held(console: object) -> AsyncIterator[None]:
    # A drawing, and logs that wait in files, go away with the command.
    with console if isinstance(console, AbstractContextManager) else nullcontext():
        yield


async def _tick(live: LiveConsole) -> None:
    while True:
        await anyio.sleep(_TICK_SECONDS)
        live.tick()
