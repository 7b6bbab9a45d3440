"""The section of a page about plans that do not see which outputs others will change."""

from collections.abc import Sequence

from remote_backend.models.outcome import Outcome
from remote_backend.reports.html_text import html_text, names_html
from remote_backend.reports.summary import Report
from remote_backend.reports.words import unseen_groups, unseen_text

__all__ = ("unseen_section",)


def unseen_section(report: Report) -> str:
    """Return the section; empty where each plan sees all."""
    items = "".join(_item(*group) for group in unseen_groups(report.outcomes))
    if not items:
        return ""
    return (
        '<section id="unseen">\n<h2>Not seen yet</h2>\n'
        f'<ul class="yellow">\n{items}</ul>\n</section>\n'
    )


def _item(producers: Sequence[str], outcomes: Sequence[Outcome]) -> str:
    names = names_html(outcome.workspace for outcome in outcomes)
    return f"<li>{names}: {html_text(unseen_text(producers, len(outcomes)))}</li>\n"
