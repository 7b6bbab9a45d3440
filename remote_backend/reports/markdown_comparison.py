"""What a comparison adds to a report: moves that may be missing, and what was pending anyway."""

from collections.abc import Iterator, Sequence

from remote_backend.plans.comparison_words import (
    CLASS_WORDS,
    AlikeChanges,
    alike_changes,
    comparison_texts,
    comparisons_of,
    name_of_change,
    states_changed,
)
from remote_backend.plans.move_suggestions import MoveSuggestion, moved_block, suggest_moves
from remote_backend.reports.markdown_budget import Item, Rank
from remote_backend.reports.markdown_text import (
    code_cell,
    code_span,
    counted,
    escaped,
    fence_for,
    plain_lines,
)
from remote_backend.reports.markdown_words import names_code, names_plain
from remote_backend.reports.summary import Report

__all__ = ("comparison_sections",)

_MOST_NAMES = 3
_MOST_ROWS = 500


def comparison_sections(report: Report) -> Iterator[Item]:
    """Give the sections; none without a comparison."""
    if report.compared_with is None:
        return
    if changed := states_changed(report.outcomes, report.compared_with):
        names = _names(report, changed)
        text = (
            f"The state changed between the two plans in {names}; plans without a refresh "
            "both use the stored one.\n\n"
        )
        yield Item(text, Rank.ERRORS)
    yield from _moves(report, suggest_moves(comparisons_of(report.outcomes)))
    if alike := alike_changes(report.outcomes):
        yield _not_caused(report, alike)


def _names(report: Report, workspaces: Sequence[str]) -> str:
    everyone = [outcome.workspace for outcome in report.outcomes]
    return names_code(workspaces, everyone, _MOST_NAMES)


def _moves(report: Report, suggestions: Sequence[MoveSuggestion]) -> Iterator[Item]:
    agreed = [suggestion for suggestion in suggestions if suggestion.is_agreed]
    if agreed:
        blocks = ["".join(_plain_lines(moved_block(one))) for one in agreed]
        fence = fence_for(blocks)
        head = (
            f"#### Perhaps moved: {counted(len(agreed), 'object')}\n\n"
            "The plans destroy and create objects with equal values. These blocks keep them:\n\n"
            f"{fence}hcl\n"
        )
        section = Item(head, end=f"{fence}\n\n", has_note=True)
        for block in blocks:
            section.add(Item(block, Rank.ADDRESSES, "moved block"))
        yield section
    for one in suggestions:
        if not one.is_agreed:
            text = (
                f"{code_span(one.source)} is perhaps moved to {code_span(one.target)} in "
                f"{_names(report, one.workspaces)}, and not in "
                f"{_names(report, one.exceptions)}: no `moved` block fits all of them.\n\n"
            )
            yield Item(text, Rank.ADDRESSES, "move")


def _plain_lines(text: str) -> Iterator[str]:
    for line in plain_lines(text):
        yield f"{line}\n"


def _not_caused(report: Report, alike: Sequence[AlikeChanges]) -> Item:
    """Return what the change does not cause, folded: a row for each address."""
    numbers = escaped(", ".join(comparison_texts(report.outcomes)))
    head = (
        f"<details><summary>Not caused by this change: {numbers}</summary>\n\n"
        "| | what | workspaces |\n|---|---|---|\n"
    )
    section = Item(head, end="\n</details>\n\n", is_ordered=True)
    everyone = [outcome.workspace for outcome in report.outcomes]
    for number, one in enumerate(alike[:_MOST_ROWS]):
        rest = f"| | {counted(len(alike) - number, 'more change')} | |\n"
        section.add(Item(_row(one, everyone), Rank.VALUES, "pending change", instead=rest))
    if len(alike) > _MOST_ROWS:
        rest = f"| | {counted(len(alike) - _MOST_ROWS, 'more change')} | |\n"
        section.add(Item(rest, Rank.VALUES, "pending change", instead=rest))
    return section


def _row(alike: AlikeChanges, everyone: Sequence[str]) -> str:
    names = names_plain(alike.workspaces, everyone, _MOST_NAMES, draw_code=code_cell)
    count = len(alike.workspaces)
    where = f"{count:,}: {names}" if count > 1 else names
    word = CLASS_WORDS[alike.change_class]
    return f"| {word} | {_what(alike)} | {where} |\n"


def _what(alike: AlikeChanges) -> str:
    change = alike.example.change
    action = getattr(change, "action", "invokes")
    previous = getattr(change, "previous_address", None)
    source = f" from {code_cell(previous)}" if previous else ""
    outside = " (changed outside)" if alike.section.value == "drift" else ""
    return f"{code_cell(name_of_change(change))}: {escaped(action)}{source}{outside}"
