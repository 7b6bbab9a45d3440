"""The table on top of a report: a row for each workspace, or of many workspaces for each group."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from attrs import frozen

from remote_backend.formats.amounts import difference_text
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.plans.groups import Family
from remote_backend.reports.markdown_budget import Item, Rank
from remote_backend.reports.markdown_text import code_cell, counted, link
from remote_backend.reports.markdown_words import names_plain, sign_of, title_code
from remote_backend.reports.summary import Report
from remote_backend.reports.words import word_of

__all__ = ("has_row_for_each_workspace", "table_item")

_MOST_WORKSPACES = 20
_MOST_GROUPS = 40
_NAMES_IN_A_CELL = 2
_LONGEST_TITLE = 120


@frozen
class _Column:
    head: str
    cell: Callable[[Outcome], str]
    """Returns a text that is escaped already."""

    is_number: bool = False
    is_optional: bool = False
    """Whether it is left out where all its cells are empty."""


@frozen
class _Row:
    cells: tuple[str, ...]
    workspaces: int


def has_row_for_each_workspace(report: Report) -> bool:
    """Whether there are so few workspaces that each has a row."""
    return len(report.outcomes) <= _MOST_WORKSPACES


def table_item(report: Report) -> Item:
    """Return the table."""
    numbers = _numbers(is_optional=report.is_drift)
    if has_row_for_each_workspace(report):
        return _workspaces(report, numbers)
    return _groups(report, numbers)


def _workspaces(report: Report, numbers: Sequence[_Column]) -> Item:
    ordered = [outcome for family in report.families for outcome in family.outcomes]
    columns = _useful(
        (
            _Column("", sign_of),
            _Column("workspace", lambda outcome: link(outcome.workspace, outcome.run_url)),
            _Column("result", lambda outcome: word_of(outcome, is_drift=report.is_drift)),
            *numbers,
            _Column("cost", _cost, is_number=True, is_optional=True),
            _Column("policies", _policies, is_optional=True),
        ),
        ordered,
    )
    return _table(columns, [_Row(_cells(columns, outcome), 1) for outcome in ordered])


def _groups(report: Report, numbers: Sequence[_Column]) -> Item:
    shown = [family.shown for family in report.families]
    names = [outcome.workspace for outcome in report.outcomes]
    head = (_Column("", sign_of), _Column("workspaces", str), _Column("what", str))
    useful = _useful(numbers, shown)
    rows = []
    for family in report.families:
        what = _names(family, names), _what(family, is_drift=report.is_drift)
        cells = (sign_of(family.shown), *what, *_cells(useful, family.shown))
        rows.append(_Row(cells, len(family.outcomes)))
    return _table([*head, *useful], _joined(rows))


def _names(family: Family, everyone: Sequence[str]) -> str:
    number = f"{len(family.outcomes):,}"
    if family.result is Result.NO_CHANGES:
        return number
    names = names_plain(family.workspaces, everyone, _NAMES_IN_A_CELL, draw_code=code_cell)
    return f"{number}: {names}"


def _what(family: Family, *, is_drift: bool) -> str:
    if family.result is Result.NO_CHANGES:
        return word_of(family.shown, is_drift=is_drift)
    return title_code(family, draw_code=code_cell, longest=_LONGEST_TITLE)


def _joined(rows: Sequence[_Row]) -> list[_Row]:
    """Return the first rows, and one row for all others."""
    if len(rows) <= _MOST_GROUPS:
        return list(rows)
    others = rows[_MOST_GROUPS:]
    number = sum(row.workspaces for row in others)
    width = len(rows[0].cells)
    cells = ("", f"{number:,}", f"in {counted(len(others), 'more group')}", *[""] * width)
    return [*rows[:_MOST_GROUPS], _Row(cells[:width], number)]


def _numbers(*, is_optional: bool) -> tuple[_Column, ...]:
    def column(head: str, number_of: Callable[[Outcome], int], optional: bool) -> _Column:
        return _Column(head, lambda outcome: _number(number_of(outcome)), True, optional)

    return (
        column("+", lambda outcome: _counts(outcome).add, is_optional),
        column("~", lambda outcome: _counts(outcome).change, is_optional),
        column("-", lambda outcome: _counts(outcome).destroy, is_optional),
        column("-/+", _replaced, is_optional),
        column("<-", lambda outcome: _counts(outcome).imported, True),
    )


def _number(number: int) -> str:
    return f"{number:,}" if number else ""


def _counts(outcome: Outcome) -> Counts:
    if outcome.counts is None and outcome.changes is not None:
        return outcome.changes.counts
    return outcome.counts or Counts()


def _replaced(outcome: Outcome) -> int:
    changes = outcome.changes
    return sum(c.is_replacement for c in changes.resources) if changes is not None else 0


def _cost(outcome: Outcome) -> str:
    cost = outcome.cost
    if cost is None or not cost.delta:
        return ""
    return difference_text(cost.delta, cost.currency)


def _policies(outcome: Outcome) -> str:
    passed = Counter(policy.status == "passed" for policy in outcome.policies)
    parts = ((passed[False], "failed"), (passed[True], "passed"))
    return ", ".join(f"{number:,} {word}" for number, word in parts if number)


def _useful(columns: Sequence[_Column], outcomes: Sequence[Outcome]) -> list[_Column]:
    return [
        column
        for column in columns
        if not column.is_optional or any(column.cell(outcome) for outcome in outcomes)
    ]


def _cells(columns: Sequence[_Column], outcome: Outcome) -> tuple[str, ...]:
    return tuple(column.cell(outcome) for column in columns)


def _table(columns: Sequence[_Column], rows: Sequence[_Row]) -> Item:
    heads = _line(column.head for column in columns)
    rule = "|".join("--:" if column.is_number else "---" for column in columns)
    table = Item(f"{heads}|{rule}|\n", end="\n", is_ordered=True)
    left = sum(row.workspaces for row in rows)
    for row in rows:
        rest = ("", f"and {counted(left, 'more workspace')}", *[""] * len(columns))
        table.add(
            Item(
                _line(row.cells),
                Rank.HEAD,
                "row",
                instead=_line(rest[: len(columns)]),
            )
        )
        left -= row.workspaces
    return table


def _line(cells: Iterable[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells) + "\n"
