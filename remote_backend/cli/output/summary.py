"""What is written at the end of a batch: totals, failures by error, destroys, changes by group.

One form serves all sizes: a group has the number of its workspaces, its counts, a title and names.
What does not fit is counted where it is left out, with the command that shows it.
"""

import re
import textwrap
from collections.abc import Iterable, Sequence

from attrs import field, frozen

from remote_backend.cli.output.comparison_summary import comparison_lines
from remote_backend.cli.output.view.cells import (
    Line,
    Span,
    cut_end,
    cut_name,
    line,
    width_of,
)
from remote_backend.cli.output.view.words import (
    cost_change_of,
    cost_of,
    counts_of,
    names_within,
)
from remote_backend.formats.amounts import duration
from remote_backend.formats.ansi import one_line
from remote_backend.models.comparison import ComparedWith
from remote_backend.models.gates import GateResult
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.plans.comparison_words import comparison_texts
from remote_backend.plans.gates import gate_text
from remote_backend.plans.groups import Family
from remote_backend.plans.totals import Totals, totals_of
from remote_backend.plans.workspace_names import name_items
from remote_backend.reports.words import (
    against_text,
    sentence_of,
    unseen_groups,
    unseen_text,
)

__all__ = ("Ending", "summary_lines")

_WIDE = 100
_MANY = 100
_MOST_DANGEROUS, _MOST_CHANGED, _MOST_FAILED = 10, 5, 10
_COUNTS_COLUMN = 13
_COST_COLUMN = 11
_STOPPED = (Result.CANCELED, Result.NOT_STARTED)
_ADDRESS = re.compile(r"https?://[!-~]+")


@frozen(kw_only=True)
class Ending:
    """A batch that has ended, and where more can be read about it."""

    outcomes: tuple[Outcome, ...]
    families: tuple[Family, ...] = field(repr=False)
    seconds: float | None = None
    """How long the batch took; None where it is not known."""

    is_drift: bool = False
    compared_with: ComparedWith | None = None
    """What the plans were compared with; None without a comparison."""

    notes: tuple[tuple[str, str], ...] = ()
    """What to type next, and where the batch is: `Logs`, and a command."""

    more_changed: str = ""
    """The command that lists all that change."""

    gates: tuple[GateResult, ...] = ()
    """What came of the rules of the batch."""

    is_terminal: bool = False
    """Whether lines end at its width; the first line of a log stays whole, for scripts."""

    links: bool = False
    """Whether names are links to their runs, which many terminals can open."""


def summary_lines(ending: Ending, width: int) -> list[Line]:
    """Return the lines of the summary for a terminal of some width."""
    lines = [*_first_line(ending, width), *_second_line(ending, width), line()]
    painter = _Painter(ending, width)
    failed = [each for each in ending.families if each.result is Result.FAILED]
    stopped = [each for each in ending.families if each.result in _STOPPED]
    changed = [each for each in ending.families if each.result is Result.CHANGES]
    dangerous = [each for each in changed if each.is_destructive]
    others = sorted(
        (each for each in changed if not each.is_destructive),
        key=lambda each: -len(each.outcomes),
    )
    for title, families, most in (
        ("FAILED", failed, _MOST_FAILED),
        ("CANCELED", stopped, _MOST_FAILED),
        ("DESTROYS OR REPLACES", dangerous, _MOST_DANGEROUS),
        ("DRIFTED" if ending.is_drift else "CHANGED", others, _MOST_CHANGED),
    ):
        if families:
            lines.append(line(Span(title, "bold")))
            lines += painter.families(families, most)
        if title == "CANCELED":
            lines += _gates(ending)
    lines += painter.unseen_outputs()
    lines += comparison_lines(ending.outcomes, ending.compared_with, width)
    if ending.notes:
        lines += [*([line()] if lines[-1] else []), *_notes(ending.notes, width)]
    return lines if lines[-1] else lines[:-1]


def _gates(ending: Ending) -> list[Line]:
    failed = [gate for gate in ending.gates if gate.failed]
    if not failed:
        return []
    texts = (one_line(gate_text(gate)) for gate in failed)
    return [
        line(Span("GATES", "bold")),
        *(line(Span(f"   {text}", "red")) for text in texts),
    ]


def _first_line(ending: Ending, width: int) -> list[Line]:
    sentence = sentence_of(ending.outcomes, is_drift=ending.is_drift)
    count, _, rest = sentence.partition(":")
    took = f" in {duration(ending.seconds)}" if ending.seconds is not None else ""
    against = against_text(ending.compared_with)
    base = f", {one_line(against)}" if against else ""
    text = f"{count}{took}{base}:{rest}"
    texts = (
        textwrap.wrap(text, width, break_on_hyphens=False) if ending.is_terminal else [text]
    )
    return [line(Span(text, "bold")) for text in texts]


def _second_line(ending: Ending, width: int) -> list[Line]:
    totals = totals_of(ending.outcomes)
    texts = (
        _counts(totals),
        cost_of(totals.cost),
        _policies(totals),
        _ignored(ending),
        _slowest(ending),
    )
    parts = [text for text in texts if text]
    *others, pending = [*comparison_texts(ending.outcomes)][::-1] or [""]
    return [
        line(text)
        for texts in ([*parts, *filter(None, [pending])], others[::-1])
        for text in _joined(texts, width)
    ]


def _joined(texts: Iterable[str], width: int) -> list[str]:
    """Return texts with blanks between them, in lines that fit."""
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + 3 + len(text) <= width:
            lines[-1] += f"   {text}"
        else:
            lines.append(text)
    return lines


def _counts(totals: Totals) -> str:
    text = counts_of(Counts(totals.add, totals.change, totals.destroy, totals.imported))
    return f"{text} ({totals.replace} replaced)" if text and totals.replace else text


def _policies(totals: Totals) -> str:
    if totals.policies_failed:
        return f"policies: {totals.policies_failed} failed"
    return "policies: passed" if totals.policies_checked else ""


def _ignored(ending: Ending) -> str:
    number = sum(outcome.ignored_drift for outcome in ending.outcomes)
    return f"drift ignored: {number}" if number else ""


def _slowest(ending: Ending) -> str:
    if len(ending.outcomes) < _MANY:
        return ""
    slowest = max(ending.outcomes, key=lambda outcome: outcome.seconds)
    return f"slowest: {one_line(slowest.workspace)} {duration(slowest.seconds)}"


@frozen
class _Painter:
    """Draws groups of one batch in some width."""

    ending: Ending
    width: int

    @property
    def _number_width(self) -> int:
        return 5 if len(self.ending.outcomes) >= _MANY else 4

    @property
    def _has_costs(self) -> bool:
        return any(outcome.cost is not None for outcome in self.ending.outcomes)

    @staticmethod
    def _column(text: str, width: int) -> str:
        return text.ljust(width - 1) + " "

    def families(self, families: Sequence[Family], most: int) -> list[Line]:
        """As many groups as there is room for, and a line for those that are left out."""
        shown, left = list(families[:most]), list(families[most:])
        # One single workspace more or less is not worth two lines.
        if not left and len(shown) > 1 and not shown[0].is_destructive:
            singles = [each for each in shown if len(each.outcomes) == 1]
            if len(singles) > 1 and singles[0].result is Result.CHANGES:
                shown = [each for each in shown if each not in singles]
                left = singles
        lines = [text for each in shown for text in self._family(each)]
        if left:
            lines += self._left_out(left)
        return lines

    def _family(self, family: Family) -> list[Line]:
        head = self._number(family.outcomes)
        title = one_line(family.title)
        style = "bold red" if family.result is Result.FAILED else ""
        if family.result is Result.CHANGES:
            counts = counts_of(family.shown.counts)
            title = title.removeprefix(f"{counts}, ")
            head += self._column(counts, _COUNTS_COLUMN)
            if self.width >= _WIDE and self._has_costs:
                head += self._column(cost_change_of(family.shown.cost), _COST_COLUMN)
            style = "red" if family.is_destructive else ""
        return self._titled(head, title, style, family.outcomes)

    def _number(self, outcomes: Sequence[Outcome]) -> str:
        return f"{str(len(outcomes)).rjust(self._number_width)}  "

    def _titled(
        self, head: str, title: str, style: str, outcomes: Sequence[Outcome]
    ) -> list[Line]:
        """Return a title behind its head, in three lines at most, and names below it."""
        texts = textwrap.wrap(
            title, max(20, self.width - width_of(head)), break_long_words=True
        ) or [""]
        lines = [line(head, Span(texts[0], style))]
        lines += [line(" " * width_of(head), Span(text, style)) for text in texts[1:3]]
        return [*lines, *self._names(outcomes)]

    def _names(self, outcomes: Sequence[Outcome]) -> list[Line]:
        """Names of workspaces, as links where they lead to one run, in a line or two."""
        indent = self._number_width + 2
        everyone = [outcome.workspace for outcome in self.ending.outcomes]
        urls = {outcome.workspace: _link(outcome.run_url) for outcome in outcomes}
        items = name_items(list(urls), everyone)
        most_lines = 1 if len(everyone) >= _MANY else 2
        names = [
            Span(
                cut_name(one_line(item.text), self.width - indent - 1),
                "dim",
                urls.get(item.text, "") if self.ending.links else "",
            )
            for item in items
        ]
        for kept in range(len(names), 0, -1):
            rest = sum(item.count for item in items[kept:])
            more = (Span(f"and {rest} more", "dim"),) if rest else ()
            lines = _wrapped(names[:kept], more, indent, self.width)
            if len(lines) <= most_lines:
                return lines
        return lines[:most_lines]

    def unseen_outputs(self) -> list[Line]:
        """Plans that read states of others whose outputs change, by the workspaces of those."""
        groups = unseen_groups(self.ending.outcomes)
        lines = [line(Span("NOT SEEN YET", "bold"))] if groups else []
        for names, outcomes in groups[:_MOST_CHANGED]:
            text = one_line(unseen_text(names, len(outcomes)))
            lines += self._titled(self._number(outcomes), text, "", outcomes)
        if left := [each for _, outcomes in groups[_MOST_CHANGED:] for each in outcomes]:
            more = f"and {len(left)} more that read outputs of others"
            lines.append(line(" " * (self._number_width + 2), Span(more, "dim")))
        return lines

    def _left_out(self, families: Sequence[Family]) -> list[Line]:
        count = sum(len(each.outcomes) for each in families)
        groups = "1 group" if len(families) == 1 else f"{len(families)} groups"
        head = f"{str(count).rjust(self._number_width)}  in {groups}"
        head = head.ljust(self._number_width + 2 + _COUNTS_COLUMN) + "  "
        room = self.width - width_of(head)
        if count > 3 and self.ending.more_changed:
            return [line(head, Span(cut_end(self.ending.more_changed, room), "dim"))]
        names = [
            one_line(each.workspace) for family in families for each in family.outcomes
        ]
        return [line(head, Span(names_within(names, room), "dim"))]


def _link(url: str | None) -> str:
    """Return an address that a terminal may open, or nothing for text that only looks like one."""
    return url if url is not None and _ADDRESS.fullmatch(url) else ""


def _wrapped(names: Sequence[Span], more: Line, indent: int, width: int) -> list[Line]:
    """Put names with commas, and what follows them, into lines that fit."""
    lines: list[list[Span]] = [[Span(" " * indent)]]
    used = indent
    for at, name in enumerate((*names, *more)):
        comma = "," if at < len(names) - 1 else ""
        blank = " " if len(lines[-1]) > 1 else ""
        size = width_of(blank) + width_of(name.text) + width_of(comma)
        if used + size > width and len(lines[-1]) > 1:
            lines.append([Span(" " * indent)])
            used, blank = indent, ""
        lines[-1] += [span for span in (Span(blank), name, Span(comma, "dim")) if span.text]
        used += size
    return [tuple(spans) for spans in lines]


def _notes(notes: Iterable[tuple[str, str]], width: int) -> list[Line]:
    texts = [f"{word:<8} {text}" for word, text in notes]
    # Two columns, where they fit.
    column = max(map(len, texts[::2])) + 4
    if column + max(map(len, texts[1::2]), default=0) > width:
        return [line(text) for text in texts]
    return [
        line("".join((first.ljust(column), *rest)).rstrip())
        for first, *rest in (texts[at : at + 2] for at in range(0, len(texts), 2))
    ]
