"""A batch in the log of a CI job: each workspace as a section that can be opened."""

import re
from collections.abc import Callable
from time import time

from attrs import define, field

from remote_backend import events
from remote_backend.cli.output.ci_commands import escape_data, stop_marks
from remote_backend.cli.output.console import cut_log
from remote_backend.cli.output.log_lines import LogRenderer
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.screen import Screen
from remote_backend.formats.ansi import one_line
from remote_backend.models.outcome import Outcome
from remote_backend.reports.summary import check_text, word_for

__all__ = ("SectionsConsole",)


@define(eq=False)
class SectionsConsole:
    """Writes the log of a workspace when its plan has ended, whole and folded.

    Until then logs wait in files, into which the command puts them. Failures are not folded.
    """

    screen: Screen
    is_drift: bool = False
    clock: Callable[[], float] = time
    logs: LogSpool = field(factory=LogSpool)
    _warnings: dict[str, str] = field(factory=dict)
    _names: set[str] = field(factory=set)

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
            case events.LogEnded() if not event.is_complete:
                self._warnings[event.workspace] = cut_log(event)
            case events.PlanFinished():
                self._section(event.outcome)
            case _:
                pass

    def _section(self, outcome: Outcome) -> None:
        opening, closing = self._marks(outcome)
        self.screen.out.write(opening)
        self._write_log(outcome.workspace)
        for check in outcome.checks:
            self._write(check_text(check))
        if outcome.run_url:
            self._write(outcome.run_url)
        self.screen.out.write(closing)
        self.screen.out.flush()

    def _write_log(self, workspace: str) -> None:
        out, log, last = self.screen.out, LogRenderer(self.screen.clean), "\n"
        for block in self.logs.read(workspace):
            for last in log.feed(block):
                out.write(last)
        for last in log.finish():
            out.write(last)
        if not last.endswith("\n"):
            out.write("\n")
        for warning in (self._warnings.pop(workspace, None), self.logs.warning(workspace)):
            if warning is not None:
                self._write(warning)

    def _write(self, text: str) -> None:
        self.screen.out.write(f"{self.screen.clean_lines(text)}\n")

    def _marks(self, outcome: Outcome) -> tuple[str, str]:
        title = _title(outcome, is_drift=self.is_drift)
        if self.screen.folds == "github":
            return self._github_marks(title, is_open=not outcome.succeeded)
        name = self._section_name(outcome.workspace)
        now = int(self.clock())
        folded = "[collapsed=true]" if outcome.succeeded else ""
        title = self.screen.clean(title)
        return (
            f"\x1b[0Ksection_start:{now}:{name}{folded}\r\x1b[0K{title}\n",
            f"\x1b[0Ksection_end:{now}:{name}\r\x1b[0K\n",
        )

    def _github_marks(self, title: str, *, is_open: bool) -> tuple[str, str]:
        stop, go_on = stop_marks()
        if is_open:
            return f"{self.screen.clean(title)}\n{stop}", go_on
        return f"::group::{escape_data(title)}\n{stop}", f"{go_on}::endgroup::\n"

    def _section_name(self, workspace: str) -> str:
        """Return a name for GitLab that no other section of the batch has.

        GitLab takes letters, digits and `_.-`, so that other names can become the same.
        """
        wanted = re.sub(r"[^A-Za-z0-9_.-]", "_", f"plan_{workspace}")
        name, number = wanted, 1
        while name in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name)
        return name


def _title(outcome: Outcome, *, is_drift: bool) -> str:
    title = f"{outcome.workspace}: {word_for(outcome.result, is_drift=is_drift)}"
    if outcome.reason:
        title += f": {' '.join(outcome.reason.split())}"
    return one_line(title)
