"""Carrying out a plan command: the batch, its output, and signals."""

import sys
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import anyio
from attrs import define, field

from remote_backend.backend_workspaces import BackendWorkspaces
from remote_backend.cli.commands.errored_state import warnings_about_errored_states
from remote_backend.cli.commands.plan_request import OnInterrupt, PlanRequest, Style
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.prompts import read_line
from remote_backend.cli.output.screen import Screen
from remote_backend.cli.output.terminal_mode import discard_typed
from remote_backend.cli.process import import_in_thread, switch_threads_often
from remote_backend.cli.signals import Interrupts, show_progress
from remote_backend.connection import connect
from remote_backend.errors import RemoteBackendError
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.models.planned_place import PlannedPlace
from remote_backend.notices import Notice, Warned
from remote_backend.planning.batch_id import short_id

if TYPE_CHECKING:
    # Imported while the server works on the first request, see `_opened`.
    from remote_backend.cli.commands.batch_source import BatchSource
    from remote_backend.planning.batch import Batch

__all__ = ("run_plan",)

_MOST_LISTED_RUNS = 10
_ANSWERS = {
    "c": "cancel",
    "cancel": "cancel",
    "d": "detach",
    "detach": "detach",
    "w": "watch",
    "watch": "watch",
}


class _Output(Protocol):
    """The part of `PlanOutput` that is used here; the class is imported late, see `_plan`."""

    @property
    def has_keys(self) -> bool: ...

    @property
    def unfinished(self) -> Collection[str]: ...

    async def ask(self, come_back: str) -> str: ...

    def hold(self) -> None: ...

    def interrupted(self, answer: str) -> None: ...

    def release(self) -> None: ...

    def report(self, notice: Notice) -> None: ...

    def show_canceling(self) -> bool: ...


async def run_plan(request: PlanRequest, screen: Screen) -> int:
    """Carry out a plan command and return its exit code.

    The first Ctrl-C, SIGTERM or SIGHUP cancels the runs that are still going, or leaves them
    running and lists them. Table, reports and events are written all the same, and the exit code is
    then 130, 143 or 129. The second one ends the process at once.
    """
    switch_threads_often()
    runner = _PlanRunner(request, screen)
    interrupts = runner.interrupts
    with raise_lone_exception():
        async with anyio.create_task_group() as group:
            # Signals are watched outside of the scope of the plan: the first one cancels that scope,
            # and the second one must still be received.
            with anyio.CancelScope() as scope:
                group.start_soon(interrupts.watch, scope)
                await runner.carry_out()
            group.cancel_scope.cancel()
    if interrupts.exit_code:
        runner.report_interrupt()
    runner.list_still_running()
    return interrupts.exit_code or runner.code


@define
class _PlanRunner:
    """A plan command while it runs; `Interrupts` calls `stop` when a signal comes."""

    request: PlanRequest
    screen: Screen
    code: int = 1
    interrupts: Interrupts = field(init=False)
    _place: PlannedPlace | None = None
    _batch: "Batch | None" = None
    _output: _Output | None = None
    """The output of the batch; None until the batch has started."""

    def __attrs_post_init__(self) -> None:
        self.interrupts = Interrupts(self.stop, self._note_running)

    async def carry_out(self) -> None:
        """Plan; a plan that could not begin is written to JSON and reports, too."""
        try:
            await self._plan()
        except RemoteBackendError as error:
            self._report_failure(message_of(error), type(error).__name__)
            raise
        except BrokenPipeError:
            # As with `| head`: standard error can still have a reader.
            if self._batch is not None and any(self._batch.stopped_runs):
                self._note("Nobody reads the output any more, so the runs were canceled.")
            raise

    async def _plan(self) -> None:
        screen = self.screen
        async with self._opened() as source, source.begin() as batch:
            self._batch = batch
            # A terminal shows the id at the end and in the question after Ctrl-C, but a log of CI
            # ends where the job was killed, so it needs the id first.
            if batch.options.journal_folder is not None and not screen.is_terminal:
                screen.note(
                    f"Batch {batch.id}; should this be cut off: remote-backend batches resume {batch.id}"
                )
            await import_in_thread("remote_backend.cli.commands.plan_output")()
            from remote_backend.cli.commands.plan_output import PlanOutput

            self._output = output = PlanOutput(
                self.request, screen, interrupt_code=lambda: self.interrupts.exit_code
            )
            await output.report_events(source, batch)
        self.code = output.exit_code(batch.outcomes)

    @asynccontextmanager
    async def _opened(self) -> "AsyncIterator[BatchSource]":
        request = self.request
        if request.is_of_several:
            from remote_backend.cli.commands.batch_source import open_configurations_of

            async with open_configurations_of(request, self._report) as source:
                self._begin_in(source.place, source.warnings, source.directories)
                yield source
            return
        async with connect(
            request.directory, request.environ, eager=False, report=self._report
        ) as connection:
            backend, workspace = BackendWorkspaces(connection), None
            self._begin_in(backend.place, connection.warnings, (request.directory,))
            # The server is working on the first requests, so these two imports cost no time
            # (see `cli.process`).
            planning_imported = import_in_thread("remote_backend.cli.commands.batch_source")
            if request.is_of_one:
                workspace = await backend.workspace()
            await planning_imported()
            from remote_backend.cli.commands.batch_source import source_of_connection

            yield source_of_connection(connection, request, workspace)

    def _begin_in(
        self, place: PlannedPlace, warnings: Sequence[str], directories: Sequence[Path]
    ) -> None:
        """Note where the plans are made, and print what a person should know before."""
        self._place = place
        errored = (
            text for each in directories for text in warnings_about_errored_states(each)
        )
        for warning in (*warnings, *errored):
            self.screen.note(f"Warning: {warning}")

    def _report(self, notice: Notice) -> None:
        if self._output is not None:
            self._output.report(notice)
        elif self.request.style is not Style.QUIET or isinstance(notice, Warned):
            self.screen.report(notice)

    async def stop(self) -> bool:
        """Cancel, detach or keep the runs, and say which; return whether the command ends."""
        answer = "detach" if self.request.on_interrupt is OnInterrupt.DETACH else "cancel"
        if self.request.on_interrupt is OnInterrupt.ASK and self._can_ask():
            answer = await self._ask()
        batch = self._batch
        if batch is None:
            self._note("Stopping: no run was made yet.")
        elif answer == "watch":
            self.interrupts.forget()
            return False
        elif answer == "detach":
            self._report_to_programs(answer)
            batch.detach()
            self._note("Stopping: the runs that are still going are left running.")
        else:
            self._report_to_programs(answer)
            batch.cancel()
            if self._output is not None and self._output.show_canceling():
                # The rows show the cancellation until each outcome is known; then `run_plan` ends
                # this wait.
                await anyio.sleep_forever()
            self._note("Stopping: the runs that are still going are canceled.")
            await show_progress(lambda: batch.stopped_runs, self._note)
        return True

    def _report_to_programs(self, answer: str) -> None:
        # A program that has gone away reads nothing, and the runs are canceled all the same.
        with suppress(OSError):
            if self._output is not None:
                self._output.interrupted(answer)

    def _note(self, text: str) -> None:
        # Writing to a terminal that has hung up fails, and the runs must be canceled all the same.
        with suppress(OSError):
            self.screen.note(text)

    def _report_failure(self, reason: str, kind: str) -> None:
        if self._batch is None:
            from remote_backend.cli.commands.plan_output import PlanOutput

            PlanOutput(self.request, self.screen).report_failure(reason, kind, self._place)

    def report_interrupt(self) -> None:
        """Report to programs (JSON, reports) that no run was made before the interrupt."""
        self._report_failure("it was interrupted before any run was made", "Interrupted")

    def list_still_running(self) -> None:
        """List the runs that are still running, and how to resume the batch."""
        runs = self._batch.still_running if self._batch is not None else ()
        if not runs:
            return
        noun = "1 run continues" if len(runs) == 1 else f"{len(runs)} runs continue"
        self.screen.note(f"{noun} on the server:")
        for workspace, run_id in sorted(runs)[:_MOST_LISTED_RUNS]:
            self.screen.note(f"  {workspace}  {run_id}")
        if len(runs) > _MOST_LISTED_RUNS:
            self.screen.note(f"  and {len(runs) - _MOST_LISTED_RUNS} more")
        if self.request.is_journaled and self._batch is not None:
            self.screen.note(f"See what came of them: {self._how_to_come_back}")

    def _can_ask(self) -> bool:
        if not self.interrupts.came_from_keyboard:
            return False
        return self.screen.is_terminal and sys.stdin is not None and sys.stdin.isatty()

    async def _ask(self) -> str:
        """Ask what becomes of the runs: `cancel`, `detach` or `watch`."""
        if self._output is not None and self._output.has_keys:
            return await self._output.ask(self._how_to_come_back)
        # Keys that were typed before the question must not answer it.
        discard_typed(sys.stdin)
        if self._output is not None:
            self._output.hold()
        try:
            while True:
                self.screen.note(self._question())
                answer = (await read_line()).strip().lower()
                if answer in _ANSWERS:
                    return _ANSWERS[answer]
        finally:
            if self._output is not None:
                self._output.release()

    def _question(self) -> str:
        return (
            f"Interrupted. {self._still_going} still going. Type c to cancel, d to leave running, "
            "w to keep watching:"
        )

    @property
    def _still_going(self) -> str:
        count = len(self._output.unfinished) if self._output is not None else 0
        return "1 run is" if count == 1 else f"{count} runs are"

    @property
    def _how_to_come_back(self) -> str:
        if self._batch is None or not self.request.is_journaled:
            return "the pages of the runs"
        return f"remote-backend batches resume {short_id(self._batch.id)}"

    def _note_running(self) -> None:
        if self._output is not None and self._output.unfinished:
            self._note(
                f"{self._still_going} still running. Come back: {self._how_to_come_back}"
            )
