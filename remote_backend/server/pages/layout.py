"""What all pages have in common: head, style, rules for the browser."""

from collections.abc import Iterable
from html import escape
from importlib import resources

from aiohttp import web

from remote_backend.formats.page_style import page_style

__all__ = ("asset", "link", "page", "table")

# Nothing from elsewhere, no script in the page itself, no frame around it.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_ASSETS = ("pages.css", "run.js")


def page(
    title: str, body: str, *, status: int = 200, script: bool = False, refresh: bool = False
) -> web.Response:
    """Return a page; title is text, body is HTML."""
    head = '<script src="/app/-/run.js" defer></script>' if script else ""
    head += (
        '<noscript><meta http-equiv="refresh" content="5"></noscript>' if refresh else ""
    )
    text = (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n"
        f'<link rel="stylesheet" href="/app/-/pages.css">\n{head}\n</head>\n<body>\n'
        f"<main>\n<h1>{escape(title)}</h1>\n{body}</main>\n</body>\n</html>\n"
    )
    return web.Response(
        text=text,
        status=status,
        content_type="text/html",
        headers={
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        },
    )


def asset(name: str) -> web.Response:
    """Return a file that pages use."""
    if name not in _ASSETS:
        raise web.HTTPNotFound
    text = resources.files("remote_backend.server.pages").joinpath(name).read_text("utf-8")
    if name == "pages.css":
        text = page_style() + text
    return web.Response(text=text, content_type=_TYPES[name[name.rindex(".") :]])


def link(address: str, text: str) -> str:
    """Return a link; both are texts."""
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table, or a word where it would be empty; heads are texts, cells are HTML."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    lines = "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows
    )
    if not lines:
        return "<p>None.</p>\n"
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table>\n"
