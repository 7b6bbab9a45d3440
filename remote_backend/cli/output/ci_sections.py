"""A batch in the log of a CI job, in sections that can be opened.

A failed plan is open from its first error on, with the whole log folded below; a plan that changes
something is folded; all that change nothing, and all that were canceled, share a section at the end.

GitLab shows the last 500 KB of a log and folds no longer one
(https://docs.gitlab.com/administration/cicd/job_logs), so the logs have a limit there. Those of
changed plans give way first, errors never, and what is left out is said where it would be.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from time import time

from attrs import define, field

from remote_backend import events
from remote_backend.cli.output.ci_commands import escape_data, stop_marks
from remote_backend.cli.output.console import cut_log
from remote_backend.cli.output.failure_blocks import failure_texts, last_lines_of
from remote_backend.cli.output.log_lines import LogRenderer
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.screen import Screen, with_reset
from remote_backend.cli.output.view.words import counts_of
from remote_backend.formats.amounts import duration
from remote_backend.formats.ansi import one_line, physical_lines
from remote_backend.models.outcome import Outcome, Result
from remote_backend.reports.words import check_text, word_of

__all__ = ("SectionsConsole",)

_MOST_ERROR_LINES = 20
_GITLAB_BYTES = 400_000
# The summary and a line for each workspace in its table.
_END_BYTES, _ROW_BYTES = 8_000, 200
# What changed plans leave for those that fail after them.
_FOR_FAILURES_BYTES = 100_000


@define(eq=False)
class SectionsConsole:
    """Writes the section of a workspace when its plan has ended, in one piece.

    Until then logs wait in files, into which the command puts them.
    """

    screen: Screen
    is_drift: bool = False
    clock: Callable[[], float] = time
    logs: LogSpool = field(factory=LogSpool)
    _warnings: dict[str, str] = field(factory=dict)
    _names: set[str] = field(factory=set)
    _together: dict[str, list[Outcome]] = field(factory=dict)
    """The outcomes that share a section at the end, by their word."""

    _room: float = math.inf
    _left_out: int = 0

    def show(self, event: events.Event) -> None:
        """Show an event."""
        match event:
            case events.BatchStarted():
                self._begin(len(event.workspaces))
            case events.WarningRaised():
                self.screen.note(f"Warning: {event.text}")
            case events.SlugPacked():
                for warning in event.warnings:
                    self.screen.note(f"Warning: {warning}")
            case events.LogEnded() if not event.is_complete:
                self._warnings[event.workspace] = cut_log(event)
            case events.PlanFinished():
                self._finish(event.outcome)
            case events.BatchFinished():
                self._end()
            case _:
                pass

    def _begin(self, count: int) -> None:
        if count:
            self.screen.note(f"Planning {count} workspaces.")
        if self.screen.folds == "gitlab":
            self._room = max(
                _FOR_FAILURES_BYTES, _GITLAB_BYTES - _END_BYTES - count * _ROW_BYTES
            )

    def _finish(self, outcome: Outcome) -> None:
        if outcome.result is Result.FAILED:
            self._open_section(outcome)
        elif outcome.result is Result.CHANGES or self._is_remarkable(outcome):
            self._folded(outcome)
        else:
            word = word_of(outcome, is_drift=self.is_drift)
            self._together.setdefault(word, []).append(outcome)
        self.screen.out.flush()

    def _is_remarkable(self, outcome: Outcome) -> bool:
        """Whether a plan needs a section of its own although it changes nothing."""
        return self._is_cut(outcome.workspace) or any(
            check.failed for check in outcome.checks
        )

    def _is_cut(self, workspace: str) -> bool:
        return workspace in self._warnings or self.logs.warning(workspace) is not None

    def _open_section(self, outcome: Outcome) -> None:
        title = _title(outcome, is_drift=self.is_drift)
        opening, closing = self._marks(title, outcome.workspace, is_open=True)
        self._put(opening, *map(self._cleaned, self._error_of(outcome)))
        if self.screen.folds == "github":
            # Its groups have no others within them.
            self._put(closing)
            closing = ""
        if self.logs.size_of(outcome.workspace) or self._is_cut(outcome.workspace):
            log = self._log_of(outcome, keep_bytes=0)
            title = one_line(f"{outcome.workspace}: the whole log")
            self._section(title, f"log_{outcome.workspace}", log)
        self._put(closing)

    def _error_of(self, outcome: Outcome) -> Iterator[str]:
        """Give the lines of the first error, what else was checked, and the address."""
        lines = failure_texts(outcome, lambda name: last_lines_of(self.logs, name))
        failure = outcome.failure
        if failure is not None and not failure.text:
            # The title of the section says it.
            lines = lines[len(physical_lines(failure.title.strip("\n"))) :]
        yield from lines[:_MOST_ERROR_LINES]
        if len(lines) > _MOST_ERROR_LINES:
            yield f"and {len(lines) - _MOST_ERROR_LINES} more lines"
        yield from (check_text(check) for check in outcome.checks if not check.failed)
        yield from _address(outcome)

    def _folded(self, outcome: Outcome) -> None:
        log = self._log_of(outcome, keep_bytes=_FOR_FAILURES_BYTES)
        checks = [self._cleaned(check_text(check)) for check in outcome.checks]
        address = map(self._cleaned, _address(outcome))
        title = _title(outcome, is_drift=self.is_drift)
        self._section(title, outcome.workspace, (*log, *checks, *address))

    def _end(self) -> None:
        for word, outcomes in sorted(self._together.items()):
            rows = (self._cleaned(_row(outcome)) for outcome in outcomes)
            self._section(f"{len(outcomes)} {word}", word, rows)
        if self._left_out:
            noun = "log is" if self._left_out == 1 else "logs are"
            self._put(
                f"{self._left_out} {noun} left out above, because GitLab shows the last 500 KB "
                "of the log of a job.\n"
            )
        self.screen.out.flush()

    def _section(self, title: str, name: str, lines: Iterable[str]) -> None:
        opening, closing = self._marks(title, name, is_open=False)
        self._put(opening)
        self._put(*lines)
        self._put(closing)

    def _put(self, *texts: str) -> None:
        for text in texts:
            self.screen.out.write(text)
            if self._room < math.inf:
                self._room -= len(text.encode("utf-8", "replace"))

    def _cleaned(self, text: str) -> str:
        return f"{self.screen.clean_lines(text)}\n"

    def _log_of(self, outcome: Outcome, *, keep_bytes: int) -> Iterable[str]:
        """Return the lines of a log, or why it is left out, so that `keep_bytes` remain."""
        size_bytes = self.logs.size_of(outcome.workspace)
        if size_bytes <= self._room - keep_bytes:
            return self._lines_of(outcome.workspace)
        self._left_out += 1
        return (f"The log ({size_bytes / 1000:.0f} KB) is left out here.\n",)

    def _lines_of(self, workspace: str) -> Iterator[str]:
        log = LogRenderer(self.screen.clean)
        for block in self.logs.read(workspace):
            yield from map(_whole_line, log.feed(block))
        yield from map(_whole_line, log.finish())
        for warning in (self._warnings.pop(workspace, None), self.logs.warning(workspace)):
            if warning is not None:
                yield self._cleaned(warning)

    def _marks(self, title: str, name: str, *, is_open: bool) -> tuple[str, str]:
        if self.screen.folds == "github":
            return self._github_marks(title, is_open=is_open)
        name = self._section_name(name)
        now = int(self.clock())
        folded = "" if is_open else "[collapsed=true]"
        title = self.screen.clean(title)
        return (
            f"\x1b[0Ksection_start:{now}:{name}{folded}\r\x1b[0K{title}\n",
            f"\x1b[0Ksection_end:{now}:{name}\r\x1b[0K\n",
        )

    def _github_marks(self, title: str, *, is_open: bool) -> tuple[str, str]:
        stop, go_on = stop_marks()
        if is_open:
            text = self.screen.plain(title)
            text = f"\x1b[1;31m{text}\x1b[0m" if self.screen.colors else text
            return f"{text}\n{stop}", go_on
        return (
            f"::group::{escape_data(self.screen.plain(title))}\n{stop}",
            f"{go_on}::endgroup::\n",
        )

    def _section_name(self, text: str) -> str:
        """Return a name for GitLab that no other section of the batch has.

        GitLab takes letters, digits and `_.-`, so that other names can become the same.
        """
        wanted = re.sub(r"[^A-Za-z0-9_.-]", "_", f"plan_{text}")
        name, number = wanted, 1
        while name in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name)
        return name


def _whole_line(line: str) -> str:
    # Colors that a line leaves open must not run into what follows.
    return f"{with_reset(line.removesuffix(chr(10)))}\n"


def _address(outcome: Outcome) -> list[str]:
    return [outcome.run_url] if outcome.run_url else []


def _title(outcome: Outcome, *, is_drift: bool) -> str:
    title = f"{outcome.workspace}: {word_of(outcome, is_drift=is_drift)}"
    if outcome.reason:
        title += f": {' '.join(outcome.reason.split())}"
    elif counts := counts_of(outcome.counts):
        title += f" {counts}"
    return one_line(title)


def _row(outcome: Outcome) -> str:
    reason = f": {one_line(outcome.reason)}" if outcome.reason else ""
    address = f"  {one_line(outcome.run_url)}" if outcome.run_url else ""
    took = duration(outcome.seconds)
    return f"{one_line(outcome.workspace)}{reason}  {took}{address}"
