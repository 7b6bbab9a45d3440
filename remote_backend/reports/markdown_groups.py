"""The sections of a report: one for each group of workspaces in which the same happens."""

from collections.abc import Iterator, Sequence

from remote_backend.models.changes import PlannedChanges
from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.comparison import undone_of
from remote_backend.plans.groups import Family
from remote_backend.reports.difference_rows import DifferenceRow, difference_rows
from remote_backend.reports.markdown_budget import Item, Rank, all_items
from remote_backend.reports.markdown_changes import changes_item
from remote_backend.reports.markdown_errors import error_items, text_item
from remote_backend.reports.markdown_table import has_row_for_each_workspace
from remote_backend.reports.markdown_text import (
    code_cell,
    counted,
    escaped,
    html_text,
    link,
    plain_lines,
)
from remote_backend.reports.markdown_words import names_code, sign_of, title_code
from remote_backend.reports.summary import Report
from remote_backend.reports.words import word_of

__all__ = ("group_sections",)

_NAMES_IN_HEADING = 3
_FIRST_NAMES = 20
_NAMES_OF_A_ROW = 5
_DRAWN_TIMES = 4
_FEWEST_DRAWN = 500_000


def group_sections(report: Report, most_characters: int) -> Iterator[Item]:
    """Give the sections in the order of importance.

    Values are the most of a large report, so behind many times what fits none are drawn any more.
    """
    has_links = has_row_for_each_workspace(report)
    room = max(_FEWEST_DRAWN, _DRAWN_TIMES * most_characters)
    for family in report.families:
        if family.result is not Result.NO_CHANGES:
            section = _section(report, family, has_links=has_links, with_values=room > 0)
            room -= sum(len(part.text) for part in all_items(section))
            yield section
        elif not has_links:
            yield _unchanged(report, family)


def _section(report: Report, family: Family, *, has_links: bool, with_values: bool) -> Item:
    section = Item(_heading(report, family), _rank(family), "group", has_note=True)
    if not (has_links and len(family.outcomes) <= _NAMES_IN_HEADING):
        section.add(_names(family.outcomes, _rank(family), is_linked=not has_links))
    if not family.shown.succeeded:
        for item in error_items(report, family):
            section.add(item)
    for item in _changes(report, family, with_values=with_values):
        section.add(item)
    if family.differences and family.shown.succeeded:
        section.add(_differences(family))
    return section


def _rank(family: Family) -> Rank:
    if not family.shown.succeeded:
        return Rank.ERRORS
    return Rank.DESTROYED if family.is_destructive else Rank.ADDRESSES


def _heading(report: Report, family: Family) -> str:
    everyone = [outcome.workspace for outcome in report.outcomes]
    names = names_code(family.workspaces, everyone, _NAMES_IN_HEADING)
    sign, title = sign_of(family.shown), title_code(family)
    if family.shown.succeeded:
        return f"#### {sign} {names}: {title}\n\n"
    return f"#### {sign} {title}: {names}\n\n"


def _names(outcomes: Sequence[Outcome], rank: Rank, *, is_linked: bool) -> Item:
    """Return the names of a group, the first one with a link where the table has none."""
    texts = [escaped(outcome.workspace) for outcome in outcomes]
    if is_linked:
        texts[0] = link(outcomes[0].workspace, outcomes[0].run_url)
    paragraph = Item("In ", end="\n\n", is_ordered=True)
    for start in range(0, len(texts), _FIRST_NAMES):
        together = texts[start : start + _FIRST_NAMES]
        paragraph.add(
            Item(
                f"{', ' if start else ''}{', '.join(together)}",
                Rank.NAMES if start else rank,
                "name",
                len(together),
                instead=f" and {len(texts) - start:,} more" if start else "\u2026",
            )
        )
    return paragraph


def _changes(report: Report, family: Family, *, with_values: bool) -> Iterator[Item]:
    shown = family.shown
    changes = shown.changes
    if shown.succeeded:
        undone = undone_of(shown)
        has_details = changes is not None and _has_details(changes)
        if changes is not None and (has_details or not undone.is_empty):
            yield changes_item(
                changes,
                is_open=family.is_destructive,
                with_values=with_values,
                undone=undone,
            )
        elif lines := _plan_in_log(report, shown):
            opening = "<details><summary>Log of the plan</summary>\n\n"
            block = Item(opening, end="</details>\n\n")
            block.add(text_item(lines, Rank.VALUES, "log", "log line"))
            yield block
    elif changes is not None and not changes.is_empty:
        # Workspaces with the same error can have different plans.
        others = len(family.outcomes) - 1
        differ = f" (those of {others:,} others may differ)" if others else ""
        title = f"Plan of {html_text(shown.workspace)}{differ}: "
        yield changes_item(changes, is_open=False, title=title, with_values=with_values)


def _has_details(changes: PlannedChanges) -> bool:
    return not changes.is_empty or bool(changes.diagnostics)


def _plan_in_log(report: Report, outcome: Outcome) -> list[str]:
    """Return what the log says of the plan, where a server returns no plan as JSON."""
    log = report.logs.get(outcome.workspace, "")
    if not log.strip():
        return []
    lines = plain_lines(log)
    starts = (n for n, line in enumerate(lines) if "the following actions:" in line)
    return lines[next(starts, 0) :]


def _differences(family: Family) -> Item:
    rows, more = difference_rows(family.differences)
    has_variants = len(family.groups) > 1
    opened = " open" if has_variants else ""
    number = len(rows) + more
    verb = "differs" if number == 1 else "differ"
    summary = f"{counted(number, 'value')} {verb} between them"
    head = f"<details{opened}><summary>{summary}</summary>\n\n| what | value | workspaces |\n|---|---|---|\n"
    end = f"| and {more:,} more | | |\n" if more else ""
    table = Item(head, end=f"{end}\n</details>\n\n", is_ordered=True)
    rank = Rank.ADDRESSES if has_variants else Rank.VALUES
    for number, row in enumerate(rows):
        rest = counted(len(rows) - number, "more value")
        table.add(Item(_row(row), rank, "difference", instead=f"| {rest} | | |\n"))
    return table


def _row(row: DifferenceRow) -> str:
    odd = " **odd**" if row.is_odd else ""
    names = ", ".join(map(escaped, row.workspaces[:_NAMES_OF_A_ROW]))
    rest = len(row.workspaces) - _NAMES_OF_A_ROW
    more = f" and {rest:,} more" if rest > 0 else ""
    return f"| {code_cell(row.place)} | {code_cell(row.value)}{odd} | {names}{more} |\n"


def _unchanged(report: Report, family: Family) -> Item:
    """Return the names of the unchanged workspaces, folded."""
    word = word_of(family.shown, is_drift=report.is_drift)
    summary = f"{sign_of(family.shown)} {len(family.outcomes):,} {word}"
    block = Item(f"<details><summary>{summary}</summary>\n\n", end="</details>\n\n")
    block.add(_names(family.outcomes, Rank.NAMES, is_linked=False))
    return block
