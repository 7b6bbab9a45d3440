"""What all pages have in common: head, style, navigation, rules for the browser."""

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib import resources

from aiohttp import web
from attrs import frozen

from remote_backend.formats.page_style import page_style
from remote_backend.reports.html_text import html_text
from remote_backend.server.context import USER
from remote_backend.server.pages.addresses import organization_path, shown_organization
from remote_backend.server.pages.markup import menu, name_link

__all__ = ("Page", "read_asset", "respond_with_page")

# Nothing from elsewhere, no script in the page itself, no frame around it.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_STYLE = "pages.css"
_ASSETS = {
    _STYLE: ("remote_backend.server.pages", _STYLE),
    "run.js": ("remote_backend.server.pages", "run.js"),
    "batch.js": ("remote_backend.server.pages", "batch.js"),
    "report.js": ("remote_backend.reports", "report.js"),
}


@frozen(kw_only=True)
class Page:
    """A page for people."""

    title: str
    """Text, of the window and of the heading."""

    body: str
    """HTML."""

    heading: str = ""
    """HTML of the heading, where it is more than the title."""

    crumbs: tuple[tuple[str, str], ...] = ()
    """Addresses and names of the pages above."""

    scripts: tuple[str, ...] = ()
    refreshes: bool = False
    """Whether browsers without scripts read it again every five seconds."""

    is_whole: bool = False
    """Whether the body has heading and landmarks of its own."""

    status: int = 200


def respond_with_page(request: web.Request, page: Page) -> web.Response:
    """Return a page with navigation for those who are logged in."""
    scripts = "".join(
        f'<script src="{_address(name)}" defer></script>\n' for name in page.scripts
    )
    refresh = '<noscript><meta http-equiv="refresh" content="5"></noscript>\n'
    text = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html_text(_window_title(request, page))}</title>\n"
        f'<link rel="stylesheet" href="{_address(_STYLE)}">\n'
        f"{scripts}{refresh if page.refreshes else ''}</head>\n<body>\n"
        f"{_navigation(request)}{_content(page)}</body>\n</html>\n"
    )
    return web.Response(
        text=text,
        status=page.status,
        content_type="text/html",
        headers={
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        },
    )


def _window_title(request: web.Request, page: Page) -> str:
    if USER not in request:
        return page.title
    return f"{page.title} \u00b7 {shown_organization(request).name}"


def _content(page: Page) -> str:
    if page.is_whole:
        return f"{_crumbs(page.crumbs)}{page.body}"
    heading = page.heading or html_text(page.title)
    return f"{_crumbs(page.crumbs)}<main>\n<h1>{heading}</h1>\n{page.body}</main>\n"


def _navigation(request: web.Request) -> str:
    user = request.get(USER)
    if user is None:
        return ""
    pages = {
        "/app": "Home",
        organization_path(request, "workspaces"): "Workspaces",
        organization_path(request, "batches"): "Batches",
        "/app/settings/tokens": "Tokens",
    }
    return (
        f'<div class="top">\n{menu("Main", "main-menu", pages, request.path)}'
        '<form method="post" action="/app/-/logout" aria-label="Session">'
        f"<span>{html_text(user.shown_name)}</span> <button>Log out</button></form>\n</div>\n"
    )


def _crumbs(crumbs: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<li>{name_link(address, name)}</li>" for address, name in crumbs)
    if not items:
        return ""
    return f'<nav class="crumbs" aria-label="Breadcrumb">\n<ol>{items}</ol>\n</nav>\n'


def read_asset(name: str) -> web.Response:
    """Return a file that pages use; its address changes with its text."""
    if name not in _ASSETS:
        raise web.HTTPNotFound
    return web.Response(
        text=_text(name),
        content_type=_TYPES[name[name.rindex(".") :]],
        headers={
            "Cache-Control": "private, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        },
    )


@cache
def _address(name: str) -> str:
    return f"/app/-/{name}?{sha256(_text(name).encode()).hexdigest()[:12]}"


@cache
def _text(name: str) -> str:
    package, file = _ASSETS[name]
    text = resources.files(package).joinpath(file).read_text("utf-8")
    if name != _STYLE:
        return text
    of_reports = resources.files("remote_backend.reports").joinpath("report.css")
    return page_style() + of_reports.read_text("utf-8") + text
