"""The table that ends a batch."""

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from remote_backend.formats.ansi import one_line
from remote_backend.models.outcome import Outcome, Result
from remote_backend.reports.summary import counts_text, word_for

__all__ = ("STYLES", "summary_table")

STYLES = {
    Result.NO_CHANGES: "green",
    Result.CHANGES: "yellow",
    Result.FAILED: "bold red",
    Result.CANCELED: "magenta",
    Result.NOT_STARTED: "magenta",
}

_HEADS = ("workspace", "result", "plan", "seconds", "run")


def summary_table(outcomes: Iterable[Outcome], *, is_drift: bool = False) -> Text:
    """Return one row a workspace: name, result, numbers, seconds, address of the run."""
    found = tuple(outcomes)
    rows = [_HEADS, *(_cells(outcome, is_drift) for outcome in found)]
    styles = ["", *(STYLES[outcome.result] for outcome in found)]
    # Tables of rich measure and render each cell several times: half a second for a thousand rows.
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row, style in zip(rows, styles, strict=True):
        name, result, plan = map(set_cell_size, row[:3], widths[:3])
        seconds, run = row[3].rjust(widths[3]), row[4]
        line = Text(f"{name}  ")
        line.append(result, style)
        line.append(f"  {plan}  {seconds}  {run}")
        lines.append(line)
    lines[0].stylize("bold")
    return Text("\n").join(lines)


def _cells(outcome: Outcome, is_drift: bool) -> tuple[str, ...]:
    return (
        one_line(outcome.workspace),
        word_for(outcome.result, is_drift=is_drift),
        counts_text(outcome.counts, is_drift=is_drift),
        f"{outcome.seconds:.1f}",
        one_line(outcome.run_url or "-"),
    )
