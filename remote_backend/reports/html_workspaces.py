"""Names of workspaces as items with an anchor each: `#ws=NAME` opens and marks it."""

from urllib.parse import quote

from remote_backend.models.outcome import Outcome
from remote_backend.plans.groups import Family
from remote_backend.reports.html_text import breakable, html_text, link, name_html

__all__ = ("anchor_link", "workspace_items")


def workspace_items(family: Family) -> str:
    """Return the names of a group; each leads to its run where it has one."""
    return "".join(map(_item, family.outcomes))


def anchor_link(workspace: str) -> str:
    """Return a link to the group of a workspace in this page."""
    return f'<a href="#ws={html_text(quote(workspace, errors="replace"))}">{name_html(workspace)}</a>'


def _item(outcome: Outcome) -> str:
    name = link(outcome.run_url, breakable(outcome.workspace))
    return f'<li id="ws={html_text(outcome.workspace)}">{name}</li>\n'
