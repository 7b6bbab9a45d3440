"""The section of a page that lists the configurations of a batch of several."""

from remote_backend.models.planned_place import configurations_text
from remote_backend.reports.configuration_results import configuration_results
from remote_backend.reports.html_text import breakable, html_text
from remote_backend.reports.summary import Report

__all__ = ("configurations_section",)


def configurations_section(report: Report) -> str:
    """Return the section; empty for a batch of one configuration."""
    results = tuple(configuration_results(report))
    if not results:
        return ""
    items = "".join(
        f"<li>{breakable(name)}: {html_text(text)}</li>\n" for name, text in results
    )
    return (
        '<section id="configurations">\n<details class="facts">'
        f"<summary><h2>{configurations_text(len(results))}</h2></summary>\n"
        f"<ul>\n{items}</ul>\n</details></section>\n"
    )
