"""A batch in the log of a CI job: each workspace as a section that can be opened."""

import re
from collections.abc import Callable, Iterable
from time import time

from attrs import define, field

from remote_backend import events
from remote_backend.cli.console import print_table
from remote_backend.cli.log_folder import LogFolder
from remote_backend.cli.log_text import LogLines, render_structured
from remote_backend.cli.screen import Screen
from remote_backend.models.outcome import Outcome
from remote_backend.reports.summary import check_text, word_for

__all__ = ("SectionsConsole",)


@define(eq=False)
class SectionsConsole:
    """Writes the log of a workspace when its plan has ended, whole and folded.

    Until then logs wait in files; failures are written unfolded.
    """

    screen: Screen
    is_drift: bool = False
    clock: Callable[[], float] = time
    _logs: LogFolder = field(factory=LogFolder)

    def __enter__(self) -> "SectionsConsole":
        return self

    def __exit__(self, *exit_: object) -> None:
        self._logs.close()

    def show(self, event: events.Event) -> None:
        """Show an event."""
        match event:
            case events.BatchStarted():
                self.screen.note(f"Planning {len(event.workspaces)} workspaces.")
            case events.WarningRaised():
                self.screen.note(f"Warning: {event.text}")
            case events.SlugPacked():
                for warning in event.warnings:
                    self.screen.note(f"Warning: {warning}")
            case events.LogChunkRead():
                self._logs.add(event.workspace, event.data)
            case events.PlanFinished():
                self._section(event.outcome)
            case events.BatchFinished():
                print_table(self.screen, event.outcomes, is_drift=self.is_drift)
            case _:
                pass

    def _section(self, outcome: Outcome) -> None:
        out = self.screen.out
        title = f"{outcome.workspace}: {word_for(outcome.result, is_drift=self.is_drift)}"
        if outcome.reason:
            title += f": {' '.join(outcome.reason.split())}"
        opening, closing = self._marks(title, outcome)
        out.write(opening)
        lines = LogLines()
        for block in self._logs.read(outcome.workspace):
            self._write(lines.feed(block))
        self._write(lines.finish())
        self._logs.remove(outcome.workspace)
        if problem := self._logs.problems.pop(outcome.workspace, None):
            self._write([f"Warning: the rest of this log could not be kept: {problem}"])
        for check in outcome.checks:
            self._write(check_text(check).split("\n"))
        if outcome.run_url:
            out.write(f"{outcome.run_url}\n")
        out.write(closing)
        out.flush()

    def _write(self, lines: Iterable[str]) -> None:
        for line in lines:
            text = self.screen.clean(render_structured(line))
            self.screen.out.write(text if text.endswith("\n") else f"{text}\n")

    def _marks(self, title: str, outcome: Outcome) -> tuple[str, str]:
        if self.screen.sections == "github":
            if not outcome.succeeded:
                return f"{title}\n", ""
            return f"::group::{title}\n", "::endgroup::\n"
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", f"plan_{outcome.workspace}")
        now = int(self.clock())
        folded = "[collapsed=true]" if outcome.succeeded else ""
        return (
            f"\x1b[0Ksection_start:{now}:{name}{folded}\r\x1b[0K{title}\n",
            f"\x1b[0Ksection_end:{now}:{name}\r\x1b[0K\n",
        )
