"""The two lines above the rows of a batch: how far it is, and how many ended how."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from remote_backend.cli.output.view.cells import (
    Line,
    Span,
    cut_end,
    cut_middle,
    line,
    width_of,
)
from remote_backend.cli.output.view.rows import BatchRows, Totals
from remote_backend.cli.output.view.signs import Signs
from remote_backend.cli.output.view.theme import Theme
from remote_backend.cli.output.view.words import counts_of, rough_duration
from remote_backend.formats.amounts import difference_text, duration
from remote_backend.models.plan import Counts

__all__ = ("counts_line", "progress_line")

_WIDE = 100
_LONGEST_BAR = 41


def progress_line(
    batch: BatchRows, totals: Totals, theme: Theme, width: int, now: float
) -> Line:
    """Return line 1: what is planned, a bar, how many have ended, the time, and an estimate."""
    title = cut_middle(theme.clean(theme.title), max(8, width // 3), theme.signs.cut)
    text = f"{totals.ended} of {totals.all}  {duration(now - batch.started)}"
    left = batch.seconds_left(now)
    if left is not None:
        text += f", ~{rough_duration(left)} left"
    room = width - width_of(title) - width_of(text) - 5
    if room < 4:
        return line(" ", cut_end(f"{title}  {text}", width - 1, theme.signs.cut))
    return (
        *line(f" {title}  "),
        *_bar(totals, min(_LONGEST_BAR, room), theme.signs),
        *line(f"  {text}"),
    )


def _bar(totals: Totals, width: int, signs: Signs) -> Line:
    bad = totals.failed + totals.canceled + totals.running
    edges = [0]
    for number in (bad, bad + totals.changed, totals.ended):
        edges.append(width * number // max(1, totals.all))
    parts = [
        Span(signs.full * (edges[at + 1] - edges[at]), style)
        for at, style in enumerate(("red", "yellow", "green"))
    ]
    rest = Span(signs.empty * (width - edges[-1]), "dim")
    return tuple(span for span in (*parts, rest) if span.text)


def counts_line(
    batch: BatchRows,
    totals: Totals,
    theme: Theme,
    width: int,
    shown: int | None,
) -> Line:
    """Return line 2: how many ended how, and from 100 columns on what all would change.

    `shown` is how many rows a list shows, or None without a list.
    """
    gap = "   " if width >= _WIDE else "  "
    found = f"{shown} of {totals.all}   " if shown is not None else ""
    parts = {word: part for word, part in _count_parts(totals, theme).items() if part}
    if batch.pending_changes:
        parts["pending"] = line(_pending(batch))
    # These have a line of their own below, so they go first where not all fit.
    for word in ("", "pending", "unchanged", "waiting", "canceled"):
        parts.pop(word, None)
        text = line(f" {found}", *_joined(list(parts.values()), gap))
        if width_of(text) <= width:
            break
    sums = _sums(batch) if width >= _WIDE else ""
    blank = width - width_of(text) - width_of(sums)
    return (*text, Span(" " * blank + sums)) if sums and blank > 2 else text


def _joined(parts: Sequence[Line], gap: str) -> Iterator[Span]:
    for at, part in enumerate(parts):
        if at:
            yield Span(gap)
        yield from part


def _count_parts(totals: Totals, theme: Theme) -> dict[str, Line]:
    """Return what line 2 says of each result and stage; empty where there is none of it."""
    signs = theme.signs
    changed, unchanged = (
        ("drifted", "no drift") if theme.is_drift else ("changed", "unchanged")
    )

    def part(number: int, text: str, style: str = "") -> Line:
        return line(Span(text, style)) if number else ()

    destructive = part(totals.destructive, f"{totals.destructive} destroy", "bold red")
    return {
        "failed": part(totals.failed, f"{signs.failed} {totals.failed} failed", "bold red"),
        "canceled": part(totals.canceled, f"{signs.canceled} {totals.canceled} canceled"),
        "running": part(
            totals.running, f"{signs.running} {totals.running} still running", "cyan"
        ),
        "changed": part(
            totals.changed, f"{signs.changed} {totals.changed} {changed}", "yellow"
        )
        + (line(" (", *destructive, ")") if destructive else ()),
        "unchanged": part(
            totals.unchanged, f"{signs.unchanged} {totals.unchanged} {unchanged}", "green"
        ),
        "working": part(totals.working, f" {totals.working} at work"),
        "waiting": part(totals.waiting, f"{totals.waiting} waiting"),
    }


def _pending(batch: BatchRows) -> str:
    number = batch.pending_workspaces
    noun = "workspace" if number == 1 else "workspaces"
    return f"pending anyway: {batch.pending_changes:,} in {number:,} {noun}"


def _sums(batch: BatchRows) -> str:
    """Return what all plans so far come to, and how costs would change."""
    outcomes = [row.outcome for row in batch.rows.values() if row.outcome is not None]
    counts = [outcome.counts for outcome in outcomes if outcome.counts is not None]
    total = Counts(
        sum(each.add for each in counts),
        sum(each.change for each in counts),
        sum(each.destroy for each in counts),
    )
    costs = [outcome.cost for outcome in outcomes if outcome.cost is not None]
    delta = sum((cost.delta for cost in costs), Decimal())
    texts = [counts_of(total)]
    if delta:
        texts.append(f"{difference_text(delta, costs[0].currency)}/month")
    return "   ".join(text for text in texts if text)
