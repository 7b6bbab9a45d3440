"""The section of a page that says why these workspaces were planned, and which were not."""

from collections.abc import Iterator

from remote_backend.models.selection import Selection
from remote_backend.reports.html_text import breakable, count_of, html_text
from remote_backend.reports.summary import Report

__all__ = ("selection_section",)


def selection_section(report: Report) -> str:
    """Return the section; empty where no change has selected the workspaces."""
    selection = report.selection
    if selection is None:
        return ""
    sentence = html_text(f"{selection.sentence[:1].upper()}{selection.sentence[1:]}")
    return (
        '<section id="selection">\n<details class="facts"><summary><h2>Selection</h2></summary>\n'
        f"<p>{sentence}.</p>\n<ul>\n{''.join(_items(selection))}</ul>\n</details></section>\n"
    )


def _items(selection: Selection) -> Iterator[str]:
    for reasons, names in selection.groups:
        yield f"<li>{_names(names)}: {'; '.join(map(html_text, reasons))}</li>\n"
    if selection.deleted:
        yield (
            f"<li>{_names(selection.deleted)}: not planned, because the change has deleted the "
            "configuration</li>\n"
        )
    if selection.not_touched:
        count = count_of(len(selection.not_touched), "workspace")
        yield f"<li>{count} not touched: {_names(selection.not_touched)}</li>\n"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(map(breakable, names))
