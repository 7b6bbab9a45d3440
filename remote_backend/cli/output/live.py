"""A batch on a terminal, as it happens: a bar, a row for each workspace, failures in full."""

from collections import deque
from collections.abc import Callable
from time import monotonic
from types import TracebackType

from attrs import define, field
from rich.console import Console as RichConsole
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from remote_backend import events
from remote_backend.cli.output.console import WAITING, cut_log, print_table
from remote_backend.cli.output.log_lines import LogRenderer
from remote_backend.cli.output.plan_failures import (
    LINES_OF_LOG,
    failure_lines,
    failure_title,
)
from remote_backend.cli.output.screen import Screen
from remote_backend.cli.output.table import STYLES
from remote_backend.cli.output.terminal_echo import TerminalEcho
from remote_backend.formats.ansi import one_line, physical_lines
from remote_backend.models.outcome import Outcome, Result
from remote_backend.notices import Notice
from remote_backend.reports.summary import counts_text, word_for

__all__ = ("LiveConsole",)

_SECONDS_BETWEEN = 0.1
# What stands around the rows: bar, head, the line about those that are not shown.
_AROUND = 5
_NARROW = 60


@define(eq=False)
class _Row:
    """What is known of one workspace."""

    log: LogRenderer
    phase: str = "waiting"
    started: float | None = None
    last_line: str = ""
    outcome: Outcome | None = None
    tail: deque[str] = field(factory=lambda: deque(maxlen=LINES_OF_LOG))

    def take(self, line: str) -> None:
        """Remember a line of the log."""
        text = line.removesuffix("\n")
        self.tail.append(text)
        if text.strip():
            self.last_line = text.strip()


@define(eq=False)
class LiveConsole:
    """Shows many plans at once, in place; what ended badly is told above and stays there."""

    screen: Screen
    is_drift: bool = False
    clock: Callable[[], float] = monotonic
    _rows: dict[str, _Row] = field(factory=dict)
    _echo: TerminalEcho = field(init=False)
    _live: Live = field(init=False)
    _console: RichConsole = field(init=False)
    _drawn: float = 0.0
    _is_paused: bool = False

    def __attrs_post_init__(self) -> None:
        self._echo = TerminalEcho(self.screen.err)
        self._console = RichConsole(
            file=self.screen.err, no_color=not self.screen.colors, highlight=False
        )
        # Drawn when something happens and by `tick`: a thread of its own would see half a change.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> "LiveConsole":
        self._echo.switch_off()
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        try:
            self._live.stop()
        finally:
            self._echo.restore()

    def show(self, event: events.Event) -> None:
        """Show an event."""
        match event:
            case events.BatchStarted():
                self._rows = {name: self._new_row() for name in event.workspaces}
            case events.WarningRaised():
                self._above(f"Warning: {event.text}")
            case events.SlugPacked():
                for warning in event.warnings:
                    self._above(f"Warning: {warning}")
            case events.PlanStarted():
                self._of(event.workspace).phase = "starting"
                self._of(event.workspace).started = self.clock()
            case events.UploadProgressed():
                share = 100 * event.sent_bytes // max(1, event.size_bytes)
                self._of(event.workspace).phase = f"uploading {share} %"
            case events.RunStatusChanged():
                phase = WAITING.get(event.status, event.status.replace("_", " "))
                self._of(event.workspace).phase = phase
            case events.LogChunkRead():
                row = self._of(event.workspace)
                for line in row.log.feed(event.data):
                    row.take(line)
            case events.LogEnded() if not event.is_complete:
                self._above(f"{event.workspace}: {cut_log(event)}")
            case events.PlanFinished():
                self._finish(event.outcome)
            case events.BatchFinished():
                self._live.update(Text(""), refresh=True)
                self._stop()
                print_table(self.screen, event.outcomes, is_drift=self.is_drift)
                return
            case _:
                pass
        if self.clock() - self._drawn >= _SECONDS_BETWEEN:
            self.tick()

    def pause(self) -> None:
        """Stop drawing for good, because something else is asked or told now."""
        self._is_paused = True
        self._stop()

    def report(self, notice: Notice) -> None:
        """Write what is waited for, or a warning, above the drawing."""
        if not self._is_paused:
            self._above(str(notice))

    def tick(self) -> None:
        """Draw it anew, since time passes also when nothing happens."""
        self._drawn = self.clock()
        self._live.update(self._drawing(), refresh=True)

    def _of(self, workspace: str) -> _Row:
        if workspace not in self._rows:
            self._rows[workspace] = self._new_row()
        return self._rows[workspace]

    def _new_row(self) -> _Row:
        return _Row(LogRenderer(self.screen.plain))

    def _finish(self, outcome: Outcome) -> None:
        row = self._of(outcome.workspace)
        row.outcome = outcome
        row.phase = word_for(outcome.result, is_drift=self.is_drift)
        for line in row.log.finish():
            row.take(line)
        if outcome.succeeded or (self._is_paused and outcome.result is not Result.FAILED):
            return
        self._above(failure_title(outcome), STYLES[outcome.result])
        for line in failure_lines(outcome, row.tail):
            self._above(line)

    def _above(self, text: str, style: str = "") -> None:
        # Rich passes on what steers a terminal.
        for line in physical_lines(text):
            self._console.print(Text(self.screen.plain(line), style=style), soft_wrap=True)

    def _drawing(self) -> Group:
        over = [row for row in self._rows.values() if row.outcome is not None]
        count = len(self._rows)
        told = Text(f"{len(over)} of {count} workspaces")
        head = Table.grid(padding=(0, 1))
        width = max(4, min(40, self._width - len(told) - 2))
        head.add_row(
            ProgressBar(total=max(1, count), completed=len(over), width=width), told
        )
        room = max(1, self._console.size.height - _AROUND)
        # Those at work first, then those that wait, then the last that ended.
        order = sorted(self._rows.items(), key=lambda item: _rank(item[1]))
        shown, left = order[:room], len(order) - room
        parts: list[RenderableType] = [head, self._table(shown)]
        if left > 0:
            parts.append(Text(f"and {left} more", style="dim"))
        return Group(*parts)

    def _table(self, rows: list[tuple[str, _Row]]) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False, expand=True)
        table.add_column(
            no_wrap=True, overflow="ellipsis", max_width=max(8, self._width // 3)
        )
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=24)
        table.add_column(no_wrap=True, justify="right", width=6)
        if self._width >= _NARROW:
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for name, row in rows:
            style = STYLES[row.outcome.result] if row.outcome else ""
            cells = [Text(self._cell(name)), Text(self._cell(row.phase), style=style)]
            cells.append(Text(self._seconds(row)))
            if self._width >= _NARROW:
                told = row.last_line
                if row.outcome is not None:
                    told = counts_text(row.outcome.counts, is_drift=self.is_drift)
                cells.append(Text(told, style="" if row.outcome else "dim"))
            table.add_row(*cells)
        return table

    def _cell(self, text: str) -> str:
        return self.screen.plain(one_line(text))

    @property
    def _width(self) -> int:
        return self._console.size.width

    def _seconds(self, row: _Row) -> str:
        if row.outcome is not None:
            return f"{row.outcome.seconds:.1f}s"
        return "" if row.started is None else f"{self.clock() - row.started:.1f}s"


def _rank(row: _Row) -> tuple[int, float]:
    if row.outcome is not None:
        return (2, row.started or 0.0)
    return (0, row.started) if row.started is not None else (1, 0.0)
