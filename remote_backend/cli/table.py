"""The table that ends a batch."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from remote_backend.models.outcome import Outcome, Result
from remote_backend.reports.summary import counts_text

__all__ = ("STYLES", "summary_table")

STYLES = {
    Result.NO_CHANGES: "green",
    Result.CHANGES: "yellow",
    Result.FAILED: "bold red",
    Result.CANCELED: "magenta",
}


def summary_table(outcomes: Iterable[Outcome]) -> Table:
    """Return one row a workspace: name, result, numbers, seconds, address of the run."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("workspace", no_wrap=True)
    table.add_column("result", no_wrap=True)
    table.add_column("plan", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("run", no_wrap=True)
    for outcome in outcomes:
        table.add_row(
            Text(outcome.workspace),
            Text(outcome.result.value, style=STYLES[outcome.result]),
            Text(counts_text(outcome.counts)),
            Text(f"{outcome.seconds:.1f}"),
            Text(outcome.run_url or "-"),
        )
    return table
