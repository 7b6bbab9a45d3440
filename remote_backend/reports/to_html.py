"""Reports as one page that needs nothing else, for a reader with ten seconds or an hour.

In this order: the numbers; what failed; which resources change where; the groups with their
changes, the dangerous first; costs, policies and times. Everything can be read without the script,
which adds search, filters, keys and buttons to copy. The modules `html_*` have the parts.
"""

from remote_backend.reports.html_checks import costs_section, policies_section
from remote_backend.reports.html_comparison import comparison_section
from remote_backend.reports.html_configurations import configurations_section
from remote_backend.reports.html_groups import group_section
from remote_backend.reports.html_header import keys_dialog, page_header, page_title
from remote_backend.reports.html_kinds import Kind, families_by_kind
from remote_backend.reports.html_matrix import matrix_section
from remote_backend.reports.html_page import html_page
from remote_backend.reports.html_selection import selection_section
from remote_backend.reports.html_text import html_text
from remote_backend.reports.html_timeline import timeline_section
from remote_backend.reports.html_unseen import unseen_section
from remote_backend.reports.summary import Report

__all__ = ("report_body", "to_html")

_BEFORE_THE_MATRIX = (Kind.FAILED, Kind.CANCELED, Kind.RUNNING)
_WITH_CHANGES = (Kind.DESTROY, Kind.CHANGED)


def to_html(report: Report) -> str:
    """Return a report as one page of HTML, readable without its script."""
    return html_page(page_title(report, families_by_kind(report)), report_body(report))


def report_body(report: Report, *, below_header: str = "") -> str:
    """Return what stands in the body of a page: header, main and the list of keys.

    `below_header` is HTML of the page of a server.
    """
    kinds = families_by_kind(report)
    sections = {
        kind: group_section(report, kind, families) for kind, families in kinds.items()
    }
    changing = [family for kind in _WITH_CHANGES for family in kinds.get(kind, ())]
    first = [text for kind, text in sections.items() if kind in _BEFORE_THE_MATRIX]
    others = [text for kind, text in sections.items() if kind not in _BEFORE_THE_MATRIX]
    log_command = report.log_command
    command = f' data-log="{html_text(log_command)}"' if log_command is not None else ""
    return (
        f"{page_header(report, kinds)}{below_header}<main{command}>\n{''.join(first)}"
        f"{matrix_section(report, changing)}{''.join(others)}"
        f"{comparison_section(report)}{unseen_section(report)}"
        f"{costs_section(report.outcomes, report.totals.cost)}"
        f"{policies_section(report.outcomes)}{timeline_section(report.outcomes)}"
        f"{configurations_section(report)}{selection_section(report)}</main>\n"
        f"{keys_dialog()}"
    )
