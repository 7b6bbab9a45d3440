"""A table with a row for each workspace of a batch."""

from collections.abc import Iterable, Sequence

from remote_backend.cli.output.view.cells import Line, Span, fill, width_of
from remote_backend.formats.amounts import duration
from remote_backend.formats.ansi import one_line
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.plans.results import is_destructive
from remote_backend.reports.words import word_of

__all__ = ("table_lines",)

_STYLES = {
    Result.NO_CHANGES: "green",
    Result.CHANGES: "yellow",
    Result.FAILED: "bold red",
}
_HEADS = ("workspace", "result", "+", "~", "-", "-/+", "time")
_WIDE_HEADS = ("status", "run")
_NUMBERS = range(2, 7)
"""The columns whose cells end at the same place."""


def table_lines(
    outcomes: Iterable[Outcome], *, is_drift: bool = False, is_wide: bool = False
) -> list[Line]:
    """Return one row a workspace, zeros included; a wide one has status and address of the run."""
    outcomes = tuple(outcomes)
    heads = (*_HEADS, *(_WIDE_HEADS if is_wide else ()))
    rows = [heads, *(_cells(outcome, is_drift, is_wide) for outcome in outcomes)]
    styles = ["bold", *map(_style, outcomes)]
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    # What follows the last column would only be blanks.
    widths[-1] = 0 if is_wide else widths[-1]
    return [_line(row, widths, style) for row, style in zip(rows, styles, strict=True)]


def _line(row: Sequence[str], widths: Sequence[int], style: str) -> Line:
    spans = []
    for at, (text, width) in enumerate(zip(row, widths, strict=True)):
        if at in _NUMBERS:
            text = " " * (width - width_of(text)) + text
        elif width:
            text = fill(text, width)
        is_styled = style == "bold" or at == 1
        spans.append(Span(text if at == 0 else f"  {text}", style if is_styled else ""))
    return tuple(spans)


def _style(outcome: Outcome) -> str:
    return "bold red" if is_destructive(outcome) else _STYLES.get(outcome.result, "")


def _replaced(outcome: Outcome, counts: Counts) -> str:
    if outcome.changes is not None:
        return str(sum(change.is_replacement for change in outcome.changes.resources))
    # Numbers of a server count a replacement as one added and one destroyed.
    return "-" if counts.add and counts.destroy else "0"


def _cells(outcome: Outcome, is_drift: bool, is_wide: bool) -> tuple[str, ...]:
    numbers = ("-",) * 4
    # What has happened outside is not counted by the server.
    if outcome.counts is not None and not is_drift:
        counts = outcome.counts
        numbers = (
            str(counts.add),
            str(counts.change),
            str(counts.destroy),
            _replaced(outcome, counts),
        )
    cells = (
        one_line(outcome.workspace),
        word_of(outcome, is_drift=is_drift),
        *numbers,
        duration(outcome.seconds),
    )
    if not is_wide:
        return cells
    return (*cells, one_line(outcome.status or "-"), one_line(outcome.run_url or "-"))
