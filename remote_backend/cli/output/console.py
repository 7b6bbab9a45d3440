"""Events to the terminal: logs to standard output, everything else to standard error."""

from collections.abc import Iterable

from attrs import define, field

from remote_backend import events
from remote_backend.cli.output.log_lines import LogRenderer
from remote_backend.cli.output.outcome_text import (
    outcome_line,
    outcome_lines,
    with_planned,
)
from remote_backend.cli.output.screen import Screen, with_reset
from remote_backend.cli.output.view.log_objects import LogObjects
from remote_backend.formats.ansi import clean, one_line, physical_lines
from remote_backend.models.outcome import Outcome
from remote_backend.reports.words import check_text

__all__ = (
    "BatchConsole",
    "WAITING",
    "QuietConsole",
    "SinglePlanConsole",
    "cut_log",
)

_PREFIX_COLORS = (36, 33, 32, 35, 34, 31)
_END_OF_LOG_BYTES = 1 << 14
WAITING = {
    "pending": "waiting for its turn",
    "plan_queued": "waiting for a worker",
    "planning": "planning",
    "cost_estimating": "estimating costs",
    "policy_checking": "checking policies",
    "pre_plan_running": "running tasks before the plan",
    "post_plan_running": "running tasks after the plan",
}


@define
class SinglePlanConsole:
    """Shows one plan: its log as it is, and a line for every phase."""

    screen: Screen
    is_drift: bool = False
    _log: LogRenderer = field(init=False)
    _objects: LogObjects = field(factory=LogObjects)
    _open: bool = False

    def __attrs_post_init__(self) -> None:
        self._log = LogRenderer(self.screen.clean)

    def show(self, event: events.Event) -> None:
        """Show an event."""
        match event:
            case events.WarningRaised():
                self.screen.note(f"Warning: {event.text}")
            case events.SlugPacked():
                self.screen.note(_packed(event))
            case events.RunQueued():
                self.screen.note(f"Run {event.run_id}: {event.run_url}")
            case events.RunStatusChanged() if event.status in WAITING:
                self.screen.note(f"The run is {WAITING[event.status]}.")
            case events.LogChunkRead():
                self._write(self._log.feed(event.data))
            case events.LogEnded():
                self._write(self._log.finish())
                self._end_line()
                if not event.is_complete:
                    self.screen.note(cut_log(event))
            case events.CheckReported():
                self._end_line()
                self.screen.note(check_text(event.report))
            case events.PlanFinished():
                self._end_line()
                outcome = with_planned(event.outcome, self._objects.planned)
                self.screen.note(outcome_lines(outcome, is_drift=self.is_drift))
            case _:
                pass

    def _write(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._objects.take(clean(line).removesuffix("\n"))
            self.screen.out.write(line)
            self._open = not line.endswith("\n")
        self.screen.out.flush()

    def _end_line(self) -> None:
        # A file gets the log as it is; a person must not read two lines as one.
        if self._open and self.screen.is_terminal:
            self.screen.out.write("\n")
            self.screen.out.flush()
        self._open = False


@define
class BatchConsole:
    """Shows many plans at once: every line behind the name of its workspace."""

    screen: Screen
    is_drift: bool = False
    _width: int = 0
    _order: dict[str, int] = field(factory=dict)
    _logs: dict[str, LogRenderer] = field(factory=dict)

    def show(self, event: events.Event) -> None:
        """Show an event."""
        match event:
            case events.BatchStarted():
                names = map(one_line, event.workspaces)
                self._width = max(map(len, names), default=0)
                self._order = {name: at for at, name in enumerate(event.workspaces)}
                if event.workspaces:
                    self.screen.note(f"Planning {len(event.workspaces)} workspaces.")
            case events.WarningRaised():
                self.screen.note(f"Warning: {event.text}")
            case events.SlugPacked():
                self.screen.note(_packed(event))
            case events.RunQueued():
                self._note(event.workspace, f"run {event.run_url}")
            case events.LogChunkRead():
                log = self._logs.get(event.workspace) or self._new_log(event.workspace)
                self._write(log.feed(event.data))
            case events.LogEnded():
                if event.workspace in self._logs:
                    self._write(self._logs.pop(event.workspace).finish())
                if not event.is_complete:
                    self._note(event.workspace, cut_log(event))
            case events.CheckReported():
                self._note(event.workspace, check_text(event.report))
            case events.PlanFinished():
                self._finish(event.outcome)
            case _:
                pass

    def _finish(self, outcome: Outcome) -> None:
        text = outcome_line(outcome, is_drift=self.is_drift)
        if not outcome.succeeded:
            text = f"{text}: {outcome.reason or 'no reason is known'}"
            text += f"\n{outcome.run_url}" if outcome.run_url else ""
        self._note(outcome.workspace, text)

    def _new_log(self, workspace: str) -> LogRenderer:
        prefix, clean = self._prefix(workspace), self.screen.clean
        # With its prefix, because a name too may begin what a runner takes for a command.
        log = LogRenderer(lambda line: clean(f"{prefix}{line}"))
        self._logs[workspace] = log
        return log

    def _write(self, lines: Iterable[str]) -> None:
        for line in lines:
            # Colors that a line leaves open must not run into the next one's name.
            self.screen.out.write(f"{with_reset(line.removesuffix(chr(10)))}\n")
        self.screen.out.flush()

    def _note(self, workspace: str, text: str) -> None:
        for line in physical_lines(text):
            self.screen.note(f"{self._prefix(workspace)}{line}")

    def _prefix(self, workspace: str) -> str:
        name = one_line(workspace).ljust(self._width)
        if self.screen.colors:
            color = _PREFIX_COLORS[self._order.get(workspace, 0) % len(_PREFIX_COLORS)]
            name = f"\x1b[{color}m{name}\x1b[0m"
        return f"{name} | "


@define
class QuietConsole:
    """Shows warnings; what went wrong comes with the summary at the end."""

    screen: Screen
    is_drift: bool = False

    def show(self, event: events.Event) -> None:
        """Show an event."""
        if isinstance(event, events.WarningRaised):
            self.screen.note(f"Warning: {event.text}")


def _packed(event: events.SlugPacked) -> str:
    size = f"{event.size_bytes / 1024:.1f} KiB"
    noun = "file" if event.file_count == 1 else "files"
    lines = [f"Packed {event.file_count} {noun} of {event.root} ({size})."]
    return "\n".join([*lines, *(f"Warning: {warning}" for warning in event.warnings)])


def cut_log(event: events.LogEnded) -> str:
    """Return a warning about a log that did not come whole."""
    return f"Warning: the log may be incomplete: {event.problem or 'no reason is known'}"
