"""The section of a comment that says why these workspaces were planned, and which were not."""

from collections.abc import Iterator

from remote_backend.models.selection import Selection
from remote_backend.reports.markdown_budget import Item, Rank
from remote_backend.reports.markdown_text import escaped, html_text
from remote_backend.reports.markdown_words import names_code
from remote_backend.reports.summary import Report

__all__ = ("selection_sections",)

_NAMES = 20


def selection_sections(report: Report) -> Iterator[Item]:
    """Give the folded section; none where no change has selected the workspaces."""
    selection = report.selection
    if selection is None:
        return
    summary = html_text(f"{selection.sentence[:1].upper()}{selection.sentence[1:]}")
    section = Item(
        f"<details><summary>{summary}</summary>\n\n",
        Rank.NAMES,
        end="\n</details>\n\n",
        has_note=True,
    )
    for text in _lines(selection):
        section.add(Item(f"- {text}\n", Rank.NAMES, "reason"))
    yield section


def _lines(selection: Selection) -> Iterator[str]:
    everyone = selection.everyone
    for reasons, names in selection.groups:
        named = names_code(names, everyone, _NAMES)
        yield f"{named}: {'; '.join(map(escaped, reasons))}"
    if selection.deleted:
        named = names_code(selection.deleted, everyone, _NAMES)
        yield f"{named}: not planned, because the change has deleted the configuration"
    if selection.not_touched:
        yield f"not touched: {names_code(selection.not_touched, everyone, _NAMES)}"
