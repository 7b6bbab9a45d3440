"""Which resources change in which groups, as a table: the most dangerous addresses first."""

from collections.abc import Sequence

from attrs import frozen

from remote_backend.models.changes import Action, PlannedChanges
from remote_backend.plans.actions import action_symbol, danger, is_dangerous
from remote_backend.plans.groups import Family
from remote_backend.plans.value_text import address_text
from remote_backend.plans.workspace_names import name_items
from remote_backend.reports.html_text import breakable, count_of, html_text, name_html
from remote_backend.reports.summary import Report

__all__ = ("matrix_section",)

_MOST_COLUMNS = 12
_MOST_ROWS = 200
_MOST_FOLDED_ROWS = 800


@frozen
class _Row:
    """An address, and what each group does with it: an action, or nothing."""

    address: str
    actions: tuple[str | None, ...]

    @property
    def rank(self) -> tuple[int, int]:
        """The place in the table: the worst action first, then what happens in most groups."""
        actions = [action for action in self.actions if action is not None]
        return (min(map(danger, actions)), -len(actions))


@frozen
class _Name:
    """A short name for a group: `3: prod-*`, or the first of its workspaces."""

    count: str
    first: str

    @property
    def text(self) -> str:
        return f"{self.count}{self.first}"


def matrix_section(report: Report, families: Sequence[Family]) -> str:
    """Return the section with the table; empty where none of the families changes a resource."""
    columns = families[:_MOST_COLUMNS]
    rows = _rows(columns, is_drift=report.is_drift)
    if not rows:
        return ""
    everyone = [outcome.workspace for outcome in report.outcomes]
    names = [_name(family, everyone) for family in columns]
    head = _head(columns, names)
    folded = _folded(head, names, rows[_MOST_ROWS : _MOST_ROWS + _MOST_FOLDED_ROWS])
    return (
        '<section id="matrix">\n<h2>Which resources change where</h2>\n'
        f"{_table(head, names, rows[:_MOST_ROWS])}{folded}"
        f"{_left_out(len(families) - len(columns), len(rows))}</section>\n"
    )


def _rows(families: Sequence[Family], *, is_drift: bool) -> list[_Row]:
    by_address: dict[str, list[str | None]] = {}
    for index, family in enumerate(families):
        changes = family.shown.changes or PlannedChanges()
        for change in changes.drift if is_drift else changes.resources:
            actions = by_address.setdefault(address_text(change), [None] * len(families))
            actions[index] = change.action
    rows = (_Row(address, tuple(actions)) for address, actions in by_address.items())
    return sorted(rows, key=lambda row: row.rank)


def _head(families: Sequence[Family], names: Sequence[_Name]) -> str:
    cells = "".join(
        f'<th scope="col"><a href="#g{family.number}" title="{html_text(name.text)}">'
        f"{name.count}{name_html(name.first)}</a></th>"
        for family, name in zip(families, names, strict=True)
    )
    return f'<thead><tr><th scope="col">Address</th>{cells}</tr></thead>'


def _name(family: Family, everyone: Sequence[str]) -> _Name:
    first = name_items(family.workspaces, everyone)[0].text.removeprefix("all ")
    count = len(family.workspaces)
    return _Name(f"{count:,}: " if count > 1 else "", first)


def _table(head: str, names: Sequence[_Name], rows: Sequence[_Row]) -> str:
    columns = "<col>" * len(rows[0].actions)
    body = "".join(_line(row, names) for row in rows)
    return (
        f'<table class="matrix">\n<colgroup><col class="address">{columns}</colgroup>{head}\n'
        f"<tbody>\n{body}</tbody></table>\n"
    )


def _line(row: _Row, names: Sequence[_Name]) -> str:
    cells = "".join(map(_cell, row.actions, names))
    return f'<tr><th scope="row"><code>{breakable(row.address)}</code></th>{cells}</tr>\n'


def _cell(action: str | None, name: _Name) -> str:
    if action is None:
        return "<td></td>"
    color = ' class="red"' if is_dangerous(action) or action == Action.GONE else ""
    text = html_text(action_symbol(action).strip() or ".")
    # On narrow screens the cells are lines, which show the name.
    return f'<td{color} data-name="{html_text(name.text)}">{text}</td>'


def _folded(head: str, names: Sequence[_Name], rows: Sequence[_Row]) -> str:
    if not rows:
        return ""
    return (
        f'<details class="more"><summary>Show {len(rows):,} more</summary>\n'
        f"{_table(head, names, rows)}</details>\n"
    )


def _left_out(groups: int, rows: int) -> str:
    parts = []
    if groups > 0:
        parts.append(count_of(groups, "more group"))
    if rows > _MOST_ROWS + _MOST_FOLDED_ROWS:
        parts.append(f"{rows - _MOST_ROWS - _MOST_FOLDED_ROWS:,} more addresses")
    if not parts:
        return ""
    return f"<p>Not in this table: {' and '.join(parts)}; the groups below show them.</p>\n"
