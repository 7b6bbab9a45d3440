"""A batch on a terminal while it goes on: drawn in place, with keys to look around in it.

Events and keys change what is known and what is selected; `tick` draws. Only warnings are written
above the drawing, so it stands still. While a question is open they are held back until it is
answered. Whatever goes wrong with the drawing itself ends the drawing, never the batch: from then
on the lines of all logs are written as without a terminal.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from types import TracebackType
from typing import TextIO

from attrs import define, field

from remote_backend import events
from remote_backend.cli.output.console import BatchConsole, cut_log
from remote_backend.cli.output.log_lines import LogRenderer
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.screen import Screen
from remote_backend.cli.output.terminal_mode import TerminalMode
from remote_backend.cli.output.view.cells import terminal_text
from remote_backend.cli.output.view.controller import Action, Controller, Question
from remote_backend.cli.output.view.drawing import Drawing
from remote_backend.cli.output.view.pager import LogPager
from remote_backend.cli.output.view.rows import BatchRows
from remote_backend.cli.output.view.signs import signs_for
from remote_backend.cli.output.view.theme import Theme
from remote_backend.cli.output.view.words import error_of
from remote_backend.formats.amounts import duration
from remote_backend.formats.ansi import one_line, physical_lines
from remote_backend.notices import Notice
from remote_backend.reports.words import word_for

__all__ = ("LiveConsole",)

_SECONDS_BETWEEN = 0.1


def _ignore(action: Action) -> None:
    return None


@define(eq=False)
class LiveConsole:
    """Shows many plans at once, in place; what failed is written in full at the end.

    It has more than ten attributes because it is where the parts of the view meet: what is known
    (rows, logs, renderers), what is shown (controller, drawing, mode) and where it goes.
    """

    screen: Screen
    title: str = ""
    """What is planned: `acme/net-*`."""

    is_drift: bool = False
    clock: Callable[[], float] = monotonic
    logs: LogSpool = field(factory=LogSpool)
    """Where the logs are read from; the command puts them in."""

    keys: TextIO | None = None
    """The terminal whose keys are read; None without keys."""

    act: Callable[[Action], None] = _ignore
    """Carries out what a key asks for and the view cannot do itself."""

    _controller: Controller = field(init=False)
    _drawing: Drawing = field(init=False)
    _mode: TerminalMode = field(init=False)
    _renderers: dict[str, LogRenderer] = field(factory=dict)
    _held: list[str] = field(factory=list)
    _drawn: float = 0.0
    _is_over: bool = False
    _plain: BatchConsole | None = None
    """What shows events once the drawing has failed."""

    def __attrs_post_init__(self) -> None:
        signs = signs_for(getattr(self.screen.err, "encoding", None))
        theme = Theme(
            title=self.title,
            signs=signs,
            clean=self._cell,
            is_drift=self.is_drift,
            has_keys=self.keys is not None,
        )
        self._controller = Controller(BatchRows(self.clock()), theme, self._open_log)
        self._drawing = Drawing(self.screen.err, self._size)
        self._mode = TerminalMode(
            self.keys or self.screen.err,
            by_key=self.keys is not None,
            before_leaving=self._drawing.clear,
            after_return=self.tick,
        )

    def __enter__(self) -> "LiveConsole":
        self._mode.switch()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def has_keys(self) -> bool:
        """Whether somebody can press keys, and so answer a question in the view."""
        return self.keys is not None and self._plain is None

    def show(self, event: events.Event) -> None:
        """Show an event."""
        if self._plain is not None:
            self._plain.show(event)
            return
        with self._guarded():
            self._take(event)
            if not self._is_over and self.clock() - self._drawn >= _SECONDS_BETWEEN:
                self._draw()

    def report(self, notice: Notice) -> None:
        """Write what is waited for, or a warning, above the drawing."""
        self._above(str(notice))

    def tick(self) -> None:
        """Draw it anew, since time passes also when nothing happens."""
        if self._plain is None and not self._is_over:
            with self._guarded():
                self._draw()

    def press(self, key: str, alone: bool) -> None:
        """Do what a key does."""
        if self._plain is not None or self._is_over:
            return
        with self._guarded():
            action = self._controller.press(key, alone=alone)
            if action is not None:
                self.act(action)
            self._release()
            self._draw()

    def ask(self, come_back: str) -> None:
        """Show the question what becomes of the runs; the answer comes as an action."""
        with self._guarded():
            totals = self._controller.batch.totals()
            self._controller.ask(
                Question(
                    working=totals.working,
                    waiting=totals.waiting,
                    all=totals.all,
                    come_back=come_back,
                )
            )
            self._draw()

    def cancel(self, names: Iterable[str]) -> None:
        """Show workspaces as being canceled."""
        self._controller.batch.cancel(names)

    def say(self, text: str) -> None:
        """Show a sentence until the next key."""
        self._controller.say(self._cell(text))

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The workspaces that have no outcome yet."""
        rows = self._controller.batch.rows.values()
        return tuple(row.name for row in rows if row.outcome is None)

    def _take(self, event: events.Event) -> None:
        if isinstance(event, events.PlanFinished):
            # Its row names what the whole log shows.
            self._read_rest(event.outcome.workspace)
        self._controller.batch.take(event, self.clock())
        match event:
            case events.WarningRaised():
                self._above(f"Warning: {event.text}")
            case events.SlugPacked():
                for warning in event.warnings:
                    self._above(f"Warning: {warning}")
            case events.LogChunkRead():
                renderer = self._renderers.get(event.workspace)
                if renderer is None:
                    renderer = LogRenderer(self.screen.plain)
                    self._renderers[event.workspace] = renderer
                self._read_lines(event.workspace, renderer.feed(event.data))
            case events.LogEnded() if not event.is_complete:
                self._above(f"{event.workspace}: {cut_log(event)}")
            case events.BatchFinished():
                self._finish()
            case _:
                pass

    def _read_rest(self, workspace: str) -> None:
        renderer = self._renderers.pop(workspace, None)
        if renderer is not None:
            self._read_lines(workspace, renderer.finish())

    def _read_lines(self, workspace: str, lines: Iterable[str]) -> None:
        objects = self._controller.batch.row(workspace).objects
        pager = self._controller.pager
        for line in lines:
            text = line.removesuffix("\n")
            objects.take(text)
            if pager is not None and pager.name == workspace:
                pager.add([text])

    def _open_log(self, workspace: str) -> LogPager:
        row = self._controller.batch.row(workspace)
        seconds = row.seconds(self.clock())
        took = "" if seconds is None else f" {duration(seconds)}"
        pager = LogPager(workspace, list(self._log_lines(workspace)))
        if row.outcome is None:
            pager.title, pager.follows = f"{row.phase or 'waiting'}{took}", True
        else:
            word = word_for(row.outcome.result, is_drift=self.is_drift)
            has_failed = not row.outcome.succeeded
            error = f"  {self._cell(error_of(row.outcome))}" if has_failed else ""
            pager.title = f"{word}{took}{error}"
            if has_failed:
                pager.show_error()
        return pager

    def _log_lines(self, workspace: str) -> Iterator[str]:
        renderer = LogRenderer(self.screen.plain)
        for block in self.logs.read(workspace):
            for line in renderer.feed(block):
                yield line.removesuffix("\n")
        # The last line may not be complete yet; the rest of it comes as a line of its own.
        for line in renderer.finish():
            yield line.removesuffix("\n")

    def _draw(self) -> None:
        self._drawn = self.clock()
        size = self._size()
        lines = [
            terminal_text(spans, colors=self.screen.colors)
            for spans in self._controller.draw(size, self._drawn)
        ]
        self._drawing.update(lines, full_screen=self._controller.pager is not None)

    def planned(self) -> dict[str, dict[str, str]]:
        """Return the actions by address that the log of each workspace shows."""
        rows = self._controller.batch.rows
        return {name: row.objects.planned for name, row in rows.items()}

    def _finish(self) -> None:
        self._is_over = True
        self._stop()

    def _stop(self) -> None:
        try:
            self._controller.question = None
            self._release()
            self._drawing.clear()
        finally:
            self._mode.restore()

    def _above(self, text: str) -> None:
        lines = [self.screen.plain(line) for line in physical_lines(text)]
        if self._plain is not None:
            self.screen.note(text)
        elif self._controller.question is not None or self._drawing.is_full_screen:
            self._held += lines
        else:
            self._drawing.above(lines)

    def _release(self) -> None:
        if (
            self._held
            and self._controller.question is None
            and self._controller.pager is None
        ):
            held, self._held = self._held, []
            self._drawing.above(held)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Go on without the drawing when it fails; a terminal that is gone is an error as always."""
        try:
            yield
        except OSError:
            raise
        except Exception as error:  # a mistake of ours must not end the batch
            with suppress(OSError):
                self._stop()
            self.screen.note(
                f"Warning: the live view has stopped ({type(error).__name__}: {error}), "
                "the batch goes on"
            )
            self._plain = BatchConsole(self.screen, self.is_drift)

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self.screen.err.fileno())
        except (OSError, ValueError):
            size = shutil.get_terminal_size()
        return max(20, size.columns), max(4, size.lines)

    def _cell(self, text: str) -> str:
        return self.screen.plain(one_line(text).expandtabs())
