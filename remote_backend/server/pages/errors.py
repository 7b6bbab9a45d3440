"""Pages about what went wrong: what was looked for, what is nearest, and ways on."""

from collections.abc import Iterable
from difflib import get_close_matches

from aiohttp import web

from remote_backend.reports.html_text import html_text
from remote_backend.server.context import USER, context_of
from remote_backend.server.pages.addresses import (
    organization_path,
    shown_organization,
    workspace_path,
)
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.markup import name_link
from remote_backend.server.pages.sessions import user_of_session
from remote_backend.server.records import WorkspaceRecord

__all__ = ("broken_page", "error_page")

_TITLES = {400: "Bad request", 404: "Not found", 409: "Conflict", 422: "Not possible"}


async def error_page(
    request: web.Request, status: int, problems: Iterable[str] = (), title: str = ""
) -> web.Response:
    """Return a page about an error; names of workspaces are for those who are logged in."""
    user = await user_of_session(request)
    if user is not None:
        request[USER] = user
    texts = [f'<p role="alert">{html_text(_sentence(text))}</p>\n' for text in problems]
    nearest = await _nearest(request) if status == 404 and user is not None else ""
    ways = '<p><a href="/app">Home</a></p>\n'
    page = Page(
        title=title or _TITLES.get(status, "Error"),
        body="".join(texts) + nearest + (_search(request) if user else "") + ways,
        status=status,
    )
    return respond_with_page(request, page)


def broken_page(request: web.Request) -> web.Response:
    """Return a page about a mistake of the server, without reading any record."""
    body = (
        "<p>The server could not show this page; the cause is on its standard error.</p>\n"
        '<p><a href="/app">Home</a></p>\n'
    )
    return respond_with_page(request, Page(title="Error", body=body, status=500))


def _sentence(text: str) -> str:
    # The first word may be a name, so it stays as it is.
    return text if text.endswith(".") else f"{text}."


async def _nearest(request: web.Request) -> str:
    looked_for = request.match_info.get("workspace", "")
    if not looked_for:
        return ""
    organization_id = shown_organization(request).id
    workspaces = await context_of(request).store.read(
        lambda records: records.all(WorkspaceRecord, organization_id)
    )
    names = [workspace.name for workspace in workspaces]
    if looked_for in names:
        names = [looked_for]
    items = "".join(
        f"<li>{name_link(workspace_path(request, name), name)}</li>\n"
        for name in get_close_matches(looked_for[:200], names, n=5)
    )
    return (
        f'<p>Workspaces with such a name:</p>\n<ul class="links">\n{items}</ul>\n'
        if items
        else ""
    )


def _search(request: web.Request) -> str:
    action = organization_path(request, "workspaces")
    return (
        f'<form class="filters" role="search" action="{action}">\n<label>Search workspaces '
        '<input type="search" name="search"></label>\n<button>Show</button>\n</form>\n'
    )
