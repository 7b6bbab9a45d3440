"""Reporting what happens in a batch: events to the screen, and to reports."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from time import monotonic
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup
from attrs import define, evolve, field

from remote_backend import events
from remote_backend.cli.commands.batch_source import BatchSource
from remote_backend.cli.commands.plan_consoles import (
    Console,
    LiveView,
    ProgramConsole,
    console_of,
    has_sections,
    is_live,
    keys_of,
    shows_life,
)
from remote_backend.cli.commands.plan_request import PlanRequest, Style
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.kept_logs import KeptLogs, folder_of, keep_limits, prune
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.progress import Progress, heartbeat
from remote_backend.cli.output.screen import Screen
from remote_backend.cli.output.view.log_objects import PlannedInLogs
from remote_backend.cli.process import import_in_thread
from remote_backend.config.environment import process_environ
from remote_backend.formats.times import utc_now
from remote_backend.models.gates import GateResult
from remote_backend.models.outcome import Outcome, exit_code_of
from remote_backend.models.planned_place import PlannedPlace
from remote_backend.notices import Notice, StillWaiting
from remote_backend.planning.batch import Batch
from remote_backend.planning.batch_id import short_id
from remote_backend.reports.words import against_text

if TYPE_CHECKING:
    # Imported for batches on terminals alone, see `_watched`.
    from remote_backend.cli.commands.live_actions import LiveActions

    # Imported where somebody reads something afterwards, see `_reports`.
    from remote_backend.cli.commands.plan_reports import PlanReports

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

    _live: LiveView | None = None
    _json: ProgramConsole | None = None
    _queued: set[str] = field(factory=set)
    _some_not_queued: bool = False
    _kept: KeptLogs = field(factory=KeptLogs)
    _is_incomplete: bool = False
    """Whether a report that was wanted could not be written."""

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

    async def report_events(self, source: BatchSource, batch: Batch) -> None:
        """Show all events of a batch; with -detach, those until all runs are queued."""
        command = self.command
        self._kept = keep_limits(process_environ())
        if command.is_batch:
            # Its end must not wait for this import.
            await import_in_thread("remote_backend.cli.output.batch_end")()
        if self._leaves_reports:
            await import_in_thread("remote_backend.cli.commands.plan_reports")()
        with self._logs(batch.id) as logs:
            watched = await self._watched(source, batch, logs)
            live = self._live
            console = live or self._console(batch.id, logs)
            planned = PlannedInLogs()
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
            # Without outcomes the batch was left, unless the change touches no workspace.
            is_over = bool(batch.outcomes) or batch.is_empty
            gates = self._judge(batch.outcomes)
            if is_over and command.is_batch and command.style is not Style.JSON:
                actions = live.planned() if live is not None else planned.actions
                self._write_end(source.place, batch, actions, logs, gates)
            if not command.is_batch and command.style is not Style.JSON:
                self._note_gates(gates)
            if is_over and self._leaves_reports:
                await self._write_reports(source, batch, logs, gates)

    @property
    def _leaves_reports(self) -> bool:
        """Whether anything is written for those who do not watch: files, or values for GitHub."""
        command, environ = self.command, process_environ()
        return (
            command.writes_reports
            or command.plan_json is not None
            or command.generated_config is not None
            or self._keeps_plans
            or any(environ.get(name) for name in ("GITHUB_ACTIONS", "GITHUB_OUTPUT"))
        )

    def _reports(self) -> "PlanReports":
        from remote_backend.cli.commands.plan_reports import PlanReports

        return PlanReports(self.command, self.screen, keeps_logs=self._keeps_logs)

    async def _write_reports(
        self,
        source: BatchSource,
        batch: Batch,
        logs: LogSpool,
        gates: tuple[GateResult, ...],
    ) -> None:
        command, reports = self.command, self._reports()
        if command.writes_reports or self._keeps_plans:
            reports.write(source.place, batch, logs, gates)
        if command.plan_json is not None:
            await reports.write_plans(source.client_of, batch, command.plan_json)
        if command.generated_config is not None:
            reports.write_generated(batch.outcomes)
        reports.pass_on(batch.outcomes, batch.id, gates=gates)
        self._is_incomplete = reports.is_incomplete

    async def _watched(
        self, source: BatchSource, batch: Batch, logs: LogSpool
    ) -> "LiveActions | None":
        """Open the live view and return what its keys do; None where there is none."""
        if batch.is_empty or not is_live(self.command, self.screen):
            return None
        await import_in_thread("remote_backend.cli.commands.live_actions")()
        from remote_backend.cli.commands.live_actions import LiveActions
        from remote_backend.cli.output.live import LiveConsole

        live = LiveConsole(
            self.screen,
            " ".join(
                (
                    source.place.heading,
                    *filter(None, [against_text(batch.compared_with)]),
                )
            ),
            self.command.is_drift,
            logs=logs,
            keys=keys_of(self.screen),
        )
        self._live = live
        return LiveActions(live, source.client_of, self._answer)

    @property
    def _keeps_logs(self) -> bool:
        """Whether later commands find the logs of the batch."""
        return self.command.is_journaled and self._kept.keeps_any

    @property
    def _keeps_plans(self) -> bool:
        """Whether later batches can be compared with this one."""
        return self._keeps_logs and self.command.options.needs_details

    def _logs(self, batch_id: str) -> LogSpool:
        """Return where logs wait: for later commands too, if the batch can be resumed."""
        folder = self.command.options.journal_folder
        if folder is None or not self._keeps_logs:
            return LogSpool()
        prune(folder, self._kept)
        return LogSpool(folder_of(folder, batch_id), self._kept.most_bytes)

    def _write_end(
        self,
        batch_place: PlannedPlace,
        batch: Batch,
        planned: Mapping[str, Mapping[str, str]],
        logs: LogSpool,
        gates: tuple[GateResult, ...],
    ) -> None:
        from remote_backend.cli.output.batch_end import BatchPlace, write_end

        place = None
        if self.command.is_journaled:
            place = BatchPlace(
                short_id=short_id(batch.id),
                hostname=batch_place.hostname,
                organization=batch_place.organization,
                has_logs=self._keeps_logs,
            )
        write_end(
            self.screen,
            batch.outcomes,
            place=place,
            seconds=self.clock() - self._began,
            planned=planned,
            logs=logs,
            is_drift=self.command.is_drift,
            compared_with=batch.compared_with,
            # Sections show each failure where it happened.
            has_blocks=not has_sections(self.command, self.screen),
            table=self.command.table,
            gates=gates,
            selection=batch.selection,
            with_reasons=self.command.lists_reasons,
        )

    def _note_gates(self, gates: tuple[GateResult, ...]) -> None:
        """Say behind the log of a single plan why the command fails."""
        for gate in gates:
            if gate.failed:
                does = "does" if gate.workspaces else "may do"
                self.screen.note(
                    f"Gate {gate.rule.text}: the plan {does} what the rule forbids."
                )

    def _console(self, batch_id: str, logs: LogSpool) -> Console:
        if self.command.style is Style.JSON:
            self._json = self._json_console(batch_id)
            return self._json
        return console_of(self.command, self.screen, logs)

    def _json_console(self, batch_id: str | None) -> ProgramConsole:
        from remote_backend.cli.output.json_console import JsonConsole
        from remote_backend.reports.event_stream import EventStream

        def exit_code(outcomes: tuple[Outcome, ...]) -> int:
            return self.interrupt_code() or self.exit_code(outcomes)

        stream = EventStream(batch_id=batch_id, exit_code=exit_code, judge=self._judge)
        return JsonConsole(self.screen, stream)

    def report_failure(self, reason: str, kind: str, place: PlannedPlace | None) -> None:
        """Report to programs (JSON, reports) that no plan was begun; people read the error itself."""
        if self.command.style is Style.JSON:
            self._json_console(None).show(events.BatchFailed(reason, kind))
        reports = self._reports()
        if self.command.writes_reports:
            reports.write_failure(reason, place, self._started_at)
        reports.pass_on((), "", problem=reason)

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
        if self._is_incomplete:
            return 1
        return exit_code_of(
            outcomes,
            detailed=self.command.detailed_exit_code,
            gates=self._judge(outcomes),
        )

    def _judge(self, outcomes: tuple[Outcome, ...]) -> tuple[GateResult, ...]:
        """Return what came of the gates, of which most commands have none."""
        gates, reported = self.command.gates, self.command.verified_outcomes
        results: tuple[GateResult, ...] = ()
        if gates.rules:
            from remote_backend.plans.gates import judge_gates

            results = judge_gates(outcomes, gates.rules, gates.allowed)
        if reported is not None:
            from remote_backend.plans.verification import verification_of

            results = (*results, verification_of(outcomes, reported))
        return results

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


def _in_words_of_flags(event: events.SlugPacked) -> events.SlugPacked:
    return evolve(event, warnings=tuple(map(message_of, event.warnings)))


@asynccontextmanager
async def _working(
    command: PlanRequest, screen: Screen, progress: Progress, live: LiveView | None
) -> AsyncIterator[TaskGroup]:
    async with anyio.create_task_group() as group:
        if live is None and shows_life(command, screen):
            group.start_soon(heartbeat, screen, progress)
        if live is not None:
            group.start_soon(_tick, live)
        yield group
        group.cancel_scope.cancel()


@asynccontextmanager
async def _held(console: object) -> AsyncIterator[None]:
    # A drawing, and logs that wait in files, go away with the command.
    with console if isinstance(console, AbstractContextManager) else nullcontext():
        yield


async def _tick(live: LiveView) -> None:
    while True:
        await anyio.sleep(_TICK_SECONDS)
        live.tick()
