"""The drawing of a batch for a size of terminal: lines, from what is known and what was pressed.

Nothing here keeps anything: the same rows, controls, size and time give the same lines. The order
is the one of importance: failed, at work, destroys, changed; unchanged ones and waiting ones take
one line each. What does not fit is counted where it was left out.
"""

from collections.abc import Callable, Sequence
from math import ceil

from attrs import frozen

from remote_backend.cli.output.view.cells import (
    Line,
    Span,
    cut_end,
    cut_name,
    cut_start,
    fill,
    fit,
    line,
    width_of,
)
from remote_backend.cli.output.view.header import counts_line, progress_line
from remote_backend.cli.output.view.rows import BatchRows, Row, Stage, result_of
from remote_backend.cli.output.view.theme import Theme
from remote_backend.cli.output.view.words import (
    cost_change_of,
    counts_of,
    error_of,
    names_within,
)
from remote_backend.formats.amounts import duration

__all__ = ("Controls", "draw", "importance", "visible_rows")

_WIDE = 100
_HALVES = 160
_NARROW = 60
_SHORT = 15
_NAME_COLUMN = 27
_PHASE_COLUMN = 10
_TIME_COLUMN = 5
_ERROR_COLUMN = 50
_STYLES = {
    "failed": "bold red",
    "canceled": "",
    "running": "cyan",
    "destructive": "bold red",
    "changed": "yellow",
    "unchanged": "green",
}
_ORDER = ("failed", "canceled", "running", "destructive", "changed", "unchanged")
FOOTER = " ↑↓ select  Enter log  f failed  / filter  c cancel  o open  ? help  q quit"


@frozen(kw_only=True)
class Controls:
    """What was pressed."""

    selected: str | None = None
    """The workspace of the selection; None while nothing is selected."""

    failed_only: bool = False
    filter: str = ""
    is_typing: bool = False
    prompt: str | None = None
    """What stands in place of the footer: a question or an answer."""

    @property
    def shows_list(self) -> bool:
        """Whether all workspaces are listed in place of the overview."""
        return (
            self.selected is not None
            or self.failed_only
            or bool(self.filter)
            or self.is_typing
        )


def draw(
    batch: BatchRows, controls: Controls, theme: Theme, size: tuple[int, int], now: float
) -> list[Line]:
    """Return the lines of the drawing, one fewer at least than the screen has."""
    width, height = size
    totals = batch.totals()
    visible = visible_rows(batch, controls) if controls.shows_list else []
    head = [
        progress_line(batch, totals, theme, width, now),
        counts_line(
            batch, totals, theme, width, len(visible) if controls.shows_list else None
        ),
    ]
    room = max(1, height - 1 - len(head))
    is_short = height < _SHORT
    foot: list[Line] = []
    if theme.has_keys and not is_short:
        foot = [line(Span(cut_end(_footer(controls), width), "dim"))]
    elif controls.prompt is not None or controls.is_typing:
        foot = [line(cut_end(_footer(controls), width))]
    gap = [] if is_short else [line()]
    room = max(1, room - len(foot) - len(gap))
    painter = _Painter(batch, theme, width, now)
    if controls.shows_list:
        body = painter.listing(visible, controls.selected, room)
    elif is_short:
        body = painter.some(painter.working(), room, "at work")
    elif width >= _HALVES:
        body = painter.halves(room)
    else:
        body = painter.overview(room)
    return [fit(each, width, theme.signs.cut) for each in (*head, *gap, *body, *foot)]


def importance(row: Row) -> tuple[int, int]:
    """Return a key that sorts rows in the order of importance."""
    if row.outcome is None:
        return (3 if row.stage is Stage.WORKING else 6, row.number)
    place = {"failed": 0, "canceled": 1, "running": 2, "destructive": 4, "changed": 5}
    # Of those that have ended the last one stands first.
    return (place.get(result_of(row.outcome), 7), -row.number)


def visible_rows(batch: BatchRows, controls: Controls) -> list[Row]:
    """Return the rows that a list shows, in the order of importance."""
    rows = sorted(batch.rows.values(), key=importance)
    if controls.failed_only:
        rows = [
            row for row in rows if row.outcome is not None and not row.outcome.succeeded
        ]
    wanted = controls.filter.lower()
    if not wanted:
        return rows
    return [
        row
        for row in rows
        if wanted in row.name.lower()
        or any(wanted in address.lower() for address in row.objects.planned)
    ]


def _footer(controls: Controls) -> str:
    if controls.is_typing:
        return f" /{controls.filter}"
    if controls.prompt is not None:
        return f" {controls.prompt}"
    return FOOTER


@frozen
class _Painter:
    """Draws the rows of one moment in some width."""

    batch: BatchRows
    theme: Theme
    width: int
    now: float

    def working(self) -> list[Row]:
        return self._sorted(lambda row: row.stage is Stage.WORKING)

    def overview(self, room: int) -> list[Line]:
        """Failed, at work, destroys, changed, then one line each for the others."""
        single = self._single_lines()
        rest = max(1, room - len(single))
        failed = self._failures(max(1, rest // 3))
        rest = max(1, rest - len(failed))
        working, changed = self.working(), self._changed()
        for_changed = min(len(changed), rest - min(len(working), ceil(rest * 0.6)))
        lines = [*failed, *self.some(working, rest - for_changed, "at work")]
        if for_changed > 0:
            lines += self._changed_lines(changed, for_changed)
        return [*lines[: room - len(single)], *single]

    def halves(self, room: int) -> list[Line]:
        """What needs somebody on the left, what is at work on the right."""
        left_width = self.width // 2 - 2
        left = _Painter(self.batch, self.theme, left_width, self.now)
        right = _Painter(self.batch, self.theme, self.width - left_width - 3, self.now)
        failed = left._failures(max(1, room // 3))
        left_lines = [
            line(Span(" NEEDS YOU", "bold")),
            *failed,
            *left._changed_lines(left._changed(), room - 1 - len(failed)),
        ]
        single = right._single_lines()
        right_lines = [
            line(Span("AT WORK", "bold")),
            *right.some(right.working(), max(1, room - 1 - len(single)), "at work"),
            *single,
        ]
        divider = Span(self.theme.signs.divider, "dim")
        height = max(len(left_lines), len(right_lines))
        both = []
        for at in range(min(room, height)):
            first = fit(left_lines[at], left_width) if at < len(left_lines) else line()
            blank = " " * (left_width - width_of(first) + 1)
            second = right_lines[at] if at < len(right_lines) else line()
            both.append((*first, Span(blank), divider, *second))
        return both

    def listing(self, rows: Sequence[Row], selected: str | None, room: int) -> list[Line]:
        """All rows that are wanted, scrolled so that the selected one is seen."""
        names = [row.name for row in rows]
        at = names.index(selected) if selected in names else 0
        first = max(0, min(at - room // 2, len(rows) - room))
        lines = []
        for row in rows[first : first + room]:
            drawn = fit(self.row(row), self.width, self.theme.signs.cut)
            if row.name == selected:
                blank = " " * (self.width - width_of(drawn))
                drawn = tuple(Span(span.text, "reverse") for span in (*drawn, Span(blank)))
            lines.append(drawn)
        return lines or [line(Span("   no workspace matches", "dim"))]

    def some(self, rows: Sequence[Row], room: int, word: str) -> list[Line]:
        """As many rows as there is room for, and how many there are beyond."""
        if not rows or room <= 0:
            return []
        shown = rows if len(rows) <= room else rows[: room - 1]
        lines = [self.row(row) for row in shown]
        if len(rows) > len(shown):
            lines.append(line(f"   and {len(rows) - len(shown)} more {word}"))
        return lines

    def row(self, row: Row) -> Line:
        """One workspace: sign, name, phase or result, its own time, and what is known of it."""
        sign, style, word = self._sign_and_word(row)
        name_width = self._name_width()
        seconds = row.seconds(self.now)
        took = "" if seconds is None else duration(seconds)
        name = cut_name(self.theme.clean(row.name), name_width - 2, self.theme.signs.cut)
        head = line(
            " ",
            Span(sign, style),
            f" {fill(name, name_width)}",
            Span(fill(word, _PHASE_COLUMN), style if row.outcome is not None else ""),
            took.rjust(_TIME_COLUMN),
        )
        if self.width < _NARROW:
            return head
        return (*head, Span("  "), *self._detail(row, self.width - width_of(head) - 2))

    def _sorted(self, wanted: Callable[[Row], bool]) -> list[Row]:
        return sorted(
            (row for row in self.batch.rows.values() if wanted(row)), key=importance
        )

    def _with_result(self, *results: str) -> list[Row]:
        return self._sorted(
            lambda row: row.outcome is not None and result_of(row.outcome) in results
        )

    def _changed(self) -> list[Row]:
        return self._with_result("destructive", "changed")

    def _changed_lines(self, rows: Sequence[Row], room: int) -> list[Line]:
        if len(rows) <= room:
            return [self.row(row) for row in rows]
        if room <= 0:
            return []
        left = rows[room - 1 :]
        dangerous = sum(
            row.outcome is not None and result_of(row.outcome) == "destructive"
            for row in left
        )
        parts = [f"{dangerous} more destroy"] if dangerous else []
        if len(left) > dangerous:
            word = "drifted" if self.theme.is_drift else "changed"
            parts.append(f"{len(left) - dangerous} more {word}")
        return [
            *(self.row(row) for row in rows[: room - 1]),
            line(f"   and {', '.join(parts)}"),
        ]

    def _failures(self, room: int) -> list[Line]:
        rows = self._with_result("failed", "running")
        if len(rows) <= room:
            return [self.row(row) for row in rows]
        kinds: dict[str, list[str]] = {}
        for row in rows:
            kinds.setdefault(self._error(row), []).append(self.theme.clean(row.name))
        order = sorted(kinds.items(), key=lambda item: -len(item[1]))
        shown = order if len(order) <= room else order[: room - 1]
        lines = [self._failure_kind(error, sorted(names)) for error, names in shown]
        if len(order) > len(shown):
            left = sum(len(names) for _, names in order[len(shown) :])
            lines.append(line(f"   and {left} more failed"))
        return lines

    def _failure_kind(self, error: str, names: Sequence[str]) -> Line:
        head = line(
            " ", Span(f"{self.theme.signs.failed} {len(names)} failed", "bold red"), "  "
        )
        column = min(_ERROR_COLUMN, self.width * 5 // 8)
        text = fill(error, max(4, column - width_of(head) - 1)) + " "
        rest = self.width - width_of(head) - width_of(text)
        return (
            *head,
            Span(text),
            Span(names_within(names, rest, self.theme.signs.cut), "dim"),
        )

    def _single_lines(self) -> list[Line]:
        """One line for all canceled ones, all unchanged ones and all that wait."""
        signs = self.theme.signs
        lines = []
        canceled = self._with_result("canceled")
        unchanged = self._with_result("unchanged")
        waiting = self._sorted(lambda row: row.stage is Stage.WAITING)
        word = "no drift" if self.theme.is_drift else "unchanged"
        for rows, sign, what, style in (
            (canceled, signs.canceled, "canceled", ""),
            (unchanged, signs.unchanged, word, "green"),
        ):
            if rows:
                lines.append(self._names_line(f"{sign} {len(rows)} {what}", style, rows))
        if waiting:
            reasons: dict[str, int] = {}
            for row in waiting:
                reasons[row.waits_for] = reasons.get(row.waits_for, 0) + 1
            head = f"{signs.waiting} {len(waiting)} waiting"
            if len(waiting) <= 10 and len(reasons) == 1 and self.width < _WIDE:
                lines.append(self._names_line(head, "", waiting))
            else:
                texts = [f"{number} {reason}" for reason, number in reasons.items()]
                lines.append(line(f" {fill(head, 15)} ", Span(", ".join(texts), "dim")))
        return lines

    def _names_line(self, head: str, style: str, rows: Sequence[Row]) -> Line:
        start = line(" ", Span(f"{head}".ljust(14), style), "  ")
        names = sorted(self.theme.clean(row.name) for row in rows)
        rest = self.width - width_of(start)
        return (*start, Span(names_within(names, rest, self.theme.signs.cut), "dim"))

    def _sign_and_word(self, row: Row) -> tuple[str, str, str]:
        signs = self.theme.signs
        if row.outcome is not None:
            result = result_of(row.outcome)
            word = {"destructive": "changed", "running": "running"}.get(result, result)
            if self.theme.is_drift:
                word = {"changed": "drifted", "unchanged": "no drift"}.get(word, word)
            return signs.of(result), _STYLES[result], word
        if row.stage is Stage.WAITING:
            return signs.waiting, "dim", "waiting"
        frame = int(self.now * 8) % len(signs.spinner)
        return signs.spinner[frame], "cyan", self.theme.clean(row.phase)

    def _name_width(self) -> int:
        if self.width < _NARROW:
            return max(8, self.width - 3 - _PHASE_COLUMN - _TIME_COLUMN)
        longest = self.batch.longest_name + 2
        return max(10, min(longest, _NAME_COLUMN if self.width < _WIDE else 40))

    def _detail(self, row: Row, room: int) -> Line:
        cut, wide = self.theme.signs.cut, self.width >= _WIDE
        column = 10 if wide else 6
        if row.outcome is None:
            if row.stage is Stage.WAITING:
                return line(Span(row.waits_for, "dim"))
            if row.detail:
                return line(Span(row.detail, "dim"))
            return self._reading(row, room, column if wide else 0)
        counts = counts_of(row.outcome.counts)
        if not row.outcome.succeeded:
            error = self._error(row)
            return line(fill(counts, column), "  ", error) if wide else line(error)
        words = row.title if wide else row.danger
        if wide and (delta := cost_change_of(row.outcome.cost)):
            words = f"{words}   {delta}/month" if words else f"{delta}/month"
        style = "red" if row.danger else ""
        text = fill(counts, max(column, width_of(counts)))
        return line(
            text, "  ", Span(cut_end(words, max(0, room - width_of(text) - 2), cut), style)
        )

    def _error(self, row: Row) -> str:
        assert row.outcome is not None
        return self.theme.clean(error_of(row.outcome))

    def _reading(self, row: Row, room: int, column: int) -> Line:
        if not row.objects.read_count and not row.objects.address:
            return line()
        start = " " * (column + 2) if column else ""
        read = f"{start}{row.objects.read_count} read"
        rest = room - width_of(read) - 2
        return line(
            Span(
                f"{read}  {cut_start(row.objects.address, rest, self.theme.signs.cut)}",
                "dim",
            )
        )
