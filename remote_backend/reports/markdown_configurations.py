"""The section of a comment that lists the configurations of a batch of several."""

from collections.abc import Iterator

from remote_backend.models.planned_place import configurations_text
from remote_backend.reports.configuration_results import configuration_results
from remote_backend.reports.markdown_budget import Item, Rank
from remote_backend.reports.markdown_text import code_span, escaped
from remote_backend.reports.summary import Report

__all__ = ("configuration_sections",)


def configuration_sections(report: Report) -> Iterator[Item]:
    """Give the folded section; none for a batch of one configuration."""
    results = tuple(configuration_results(report))
    if not results:
        return
    section = Item(
        f"<details><summary>{configurations_text(len(results))}</summary>\n\n",
        Rank.NAMES,
        end="\n</details>\n\n",
        has_note=True,
    )
    for name, text in results:
        line = f"- {code_span(name)}: {escaped(text)}\n"
        section.add(Item(line, Rank.NAMES, "configuration"))
    yield section
