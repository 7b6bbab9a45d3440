"""Events to the terminal: logs to standard output, everything else to standard error."""

from io import StringIO

import anyio
from attrs import define, field

from remote_backend import events
from remote_backend.cli.log_text import LogLines, render_structured
from remote_backend.cli.screen import Screen
from remote_backend.models.outcome import Outcome
from remote_backend.reports.summary import check_text, counts_text, sentence_of, word_for
from remote_backend.reports.to_json import event_to_json

__all__ = (
    "BatchConsole",
    "JsonConsole",
    "WAITING",
    "QuietConsole",
    "SinglePlanConsole",
    "beat",
    "print_table",
)

_PREFIX_COLORS = (36, 33, 32, 35, 34, 31)
_HEARTBEAT_SECONDS = 30.0
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
    _lines: LogLines = field(factory=LogLines)
    _open: bool = False

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
                for line in self._lines.feed(event.data):
                    self._write(line)
            case events.LogEnded():
                for line in self._lines.finish():
                    self._write(line)
                self._end_line()
                if not event.is_complete:
                    self.screen.note(_cut_log(event))
            case events.CheckReported():
                self._end_line()
                self.screen.note(check_text(event.report))
            case events.PlanFinished():
                self._end_line()
                self.screen.note(_verdict(event.outcome, is_drift=self.is_drift))
            case _:
                pass

    def _write(self, line: str) -> None:
        text = self.screen.clean(render_structured(line))
        self.screen.out.write(text)
        self.screen.out.flush()
        self._open = not text.endswith("\n")

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
    _lines: dict[str, LogLines] = field(factory=dict)

    def show(self, event: events.Event) -> None:
        """Show an event."""
        match event:
            case events.BatchStarted():
                self._width = max((len(name) for name in event.workspaces), default=0)
                self._order = {name: at for at, name in enumerate(event.workspaces)}
                self.screen.note(f"Planning {len(event.workspaces)} workspaces.")
            case events.WarningRaised():
                self.screen.note(f"Warning: {event.text}")
            case events.SlugPacked():
                self.screen.note(_packed(event))
            case events.RunQueued():
                self._note(event.workspace, f"run {event.run_url}")
            case events.LogChunkRead():
                lines = self._lines.setdefault(event.workspace, LogLines())
                for line in lines.feed(event.data):
                    self._line(event.workspace, line)
            case events.LogEnded():
                if event.workspace in self._lines:
                    for line in self._lines.pop(event.workspace).finish():
                        self._line(event.workspace, line)
                if not event.is_complete:
                    self._note(event.workspace, _cut_log(event))
            case events.CheckReported():
                self._note(event.workspace, check_text(event.report))
            case events.PlanFinished():
                self._note(
                    event.outcome.workspace, _verdict(event.outcome, is_drift=self.is_drift)
                )
            case events.BatchFinished():
                print_table(self.screen, event.outcomes, is_drift=self.is_drift)
            case _:
                pass

    def _line(self, workspace: str, line: str) -> None:
        screen = self.screen
        for part in render_structured(line).rstrip("\n").split("\n"):
            text = screen.clean(part)
            # Colors that a line leaves open must not run into the next one's name.
            reset = "\x1b[0m" if screen.colors and "\x1b[" in text else ""
            screen.out.write(f"{self._prefix(workspace)}{text}{reset}\n")
        screen.out.flush()

    def _note(self, workspace: str, text: str) -> None:
        for line in text.split("\n"):
            self.screen.note(f"{self._prefix(workspace)}{line}")

    def _prefix(self, workspace: str) -> str:
        name = workspace.ljust(self._width)
        if self.screen.colors:
            color = _PREFIX_COLORS[self._order.get(workspace, 0) % len(_PREFIX_COLORS)]
            name = f"\x1b[{color}m{name}\x1b[0m"
        return f"{name} | "


@define
class QuietConsole:
    """Shows the table at the end and nothing before."""

    screen: Screen
    is_drift: bool = False

    def show(self, event: events.Event) -> None:
        """Show an event."""
        if isinstance(event, events.WarningRaised):
            self.screen.note(f"Warning: {event.text}")
        if isinstance(event, events.BatchFinished):
            print_table(self.screen, event.outcomes, is_drift=self.is_drift)


@define
class JsonConsole:
    """Writes every event as a line of JSON."""

    screen: Screen

    def show(self, event: events.Event) -> None:
        """Show an event."""
        self.screen.out.write(event_to_json(event) + "\n")
        self.screen.out.flush()


def print_table(
    screen: Screen, outcomes: tuple[Outcome, ...], *, is_drift: bool = False
) -> None:
    """Write the table that ends a batch."""
    # A single plan has no table and does not wait for these.
    from rich.console import Console as RichConsole

    from remote_backend.cli.table import summary_table

    console = RichConsole(
        file=StringIO(),
        no_color=not screen.colors,
        force_terminal=screen.colors,
        color_system="standard" if screen.colors else None,
        highlight=False,
    )
    with console.capture() as capture:
        # Terminals wrap an address so that it can still be copied.
        console.print(summary_table(outcomes, is_drift=is_drift), soft_wrap=True)
    screen.out.write(f"\n{capture.get()}\n{sentence_of(outcomes, is_drift=is_drift)}\n")
    screen.out.flush()


async def beat(screen: Screen, unfinished: dict[str, str]) -> None:
    """Tell every half minute what is still going on, so that a quiet log is no dead one."""
    while True:
        await anyio.sleep(_HEARTBEAT_SECONDS)
        if unfinished:
            names = ", ".join(sorted(unfinished)[:5])
            more = f" and {len(unfinished) - 5} more" if len(unfinished) > 5 else ""
            screen.note(f"Still working on {names}{more}.")


def _packed(event: events.SlugPacked) -> str:
    size = f"{event.size_bytes / 1024:.1f} KiB"
    noun = "file" if event.file_count == 1 else "files"
    lines = [f"Packed {event.file_count} {noun} of {event.root} ({size})."]
    return "\n".join([*lines, *(f"Warning: {warning}" for warning in event.warnings)])


def _cut_log(event: events.LogEnded) -> str:
    return f"Warning: the log may be incomplete: {event.problem or 'no reason is known'}"


def _verdict(outcome: Outcome, *, is_drift: bool) -> str:
    if outcome.succeeded:
        has_numbers = outcome.counts is not None and not is_drift
        numbers = f" {counts_text(outcome.counts)}" if has_numbers else ""
        result = word_for(outcome.result, is_drift=is_drift)
        return f"Plan finished: {result}{numbers} ({outcome.seconds:.1f} s)"
    return f"Plan {outcome.result.value}: {outcome.reason}" + (
        f"\n{outcome.run_url}" if outcome.run_url else ""
    )
