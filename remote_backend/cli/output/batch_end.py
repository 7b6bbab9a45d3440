"""What is written when a batch has ended: kinds of errors, the summary, and a table if wanted."""

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import TextIO

from attrs import frozen

from remote_backend.cli.output.failure_blocks import failure_blocks, last_lines_of
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.outcome_text import with_planned
from remote_backend.cli.output.plan_failures import warning_lines
from remote_backend.cli.output.screen import Screen
from remote_backend.cli.output.selection_text import selection_lines
from remote_backend.cli.output.summary import Ending, summary_lines
from remote_backend.cli.output.table import table_lines
from remote_backend.cli.output.table_form import TableForm
from remote_backend.cli.output.view.cells import Line, Span, terminal_text
from remote_backend.cli.output.view.signs import signs_for
from remote_backend.config.environment import process_environ
from remote_backend.models.comparison import ComparedWith
from remote_backend.models.gates import GateResult
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.selection import Selection
from remote_backend.plans.groups import group_outcomes

__all__ = ("BatchPlace", "write_end")

_DEFAULT_COLUMNS = 80


@frozen(kw_only=True)
class BatchPlace:
    """Where a batch is, for those who want to read more."""

    short_id: str
    hostname: str
    organization: str
    has_logs: bool = False
    """Whether its logs were kept on this machine."""

    def notes(self, outcomes: Sequence[Outcome]) -> tuple[tuple[str, str], ...]:
        """Return what to type next."""
        failed = [each for each in outcomes if each.result is Result.FAILED]
        # A configuration that cannot be read has no run, and so no log.
        is_one = len(failed) == 1 and failed[0].run_id is not None
        one = failed[0].workspace if is_one else "WORKSPACE"
        parts = []
        if self.has_logs:
            parts.append(("Logs", f"remote-backend batches log {one}"))
        parts.append(("Report", "remote-backend report -report=plan.html"))
        where = f"{self.short_id} on {self.hostname}, organization {self.organization}"
        return (*parts, ("Batch", where))


def write_end(
    screen: Screen,
    outcomes: Sequence[Outcome],
    *,
    place: BatchPlace | None = None,
    seconds: float | None = None,
    planned: Mapping[str, Mapping[str, str]] | None = None,
    logs: LogSpool | None = None,
    is_drift: bool = False,
    compared_with: ComparedWith | None = None,
    has_blocks: bool = True,
    table: TableForm = TableForm.AUTO,
    gates: Sequence[GateResult] = (),
    selection: Selection | None = None,
    with_reasons: bool = False,
) -> None:
    """Write it to standard output.

    `planned` has the actions by address that the log of each workspace shows; they stand in for
    changes that were not read as JSON, and `logs` has the logs themselves, as far as there are any.
    """
    if selection is not None and not selection.reasons:
        columns = _columns(screen.out)
        _write(screen, list(selection_lines(selection, columns, with_reasons=with_reasons)))
        return
    known = tuple(
        with_planned(outcome, (planned or {}).get(outcome.workspace, {}))
        for outcome in outcomes
    )
    families = group_outcomes(known)
    signs = signs_for(getattr(screen.out, "encoding", None))
    width = _columns(screen.out)
    ending = Ending(
        outcomes=known,
        families=families,
        seconds=seconds,
        is_drift=is_drift,
        compared_with=compared_with,
        notes=place.notes(known) if place is not None else (),
        more_changed="remote-backend batches show -changed" if place is not None else "",
        is_terminal=screen.is_terminal,
        links=_shows_links(screen),
        gates=tuple(gates),
    )
    lines: list[Line] = []
    if has_blocks:
        lines += failure_blocks(
            families,
            everyone=[outcome.workspace for outcome in known],
            width=width,
            signs=signs,
            log_command="remote-backend batches log",
            end_of_log=lambda workspace: last_lines_of(logs, workspace),
        )
    for outcome in known:
        for text in warning_lines(outcome):
            screen.note(text)
    lines += [(), *summary_lines(ending, width)]
    if selection is not None:
        lines += [(), *selection_lines(selection, width, with_reasons=with_reasons)]
    if table is TableForm.AUTO:
        table = TableForm.NONE if screen.is_terminal else TableForm.WIDE
    if table is not TableForm.NONE:
        in_order = [outcome for family in families for outcome in family.outcomes]
        is_wide = table is TableForm.WIDE
        lines += [(), *table_lines(in_order, is_drift=is_drift, is_wide=is_wide)]
    _write(screen, lines)


def _write(screen: Screen, lines: Sequence[Line]) -> None:
    for spans in lines:
        clean = (
            Span(screen.plain(span.text), span.style, screen.plain(span.link))
            for span in spans
        )
        screen.out.write(f"{terminal_text(clean, colors=screen.colors)}\n")
    screen.out.flush()


def _columns(stream: TextIO) -> int:
    try:
        return max(40, os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError):
        return max(40, shutil.get_terminal_size((_DEFAULT_COLUMNS, 24)).columns)


def _shows_links(screen: Screen) -> bool:
    environ = process_environ()
    forced = environ.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced not in ("", "0")
    return screen.is_terminal and not screen.is_dumb and environ.get("TERM") != "linux"
