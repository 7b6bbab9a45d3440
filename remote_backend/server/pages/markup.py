"""Pieces of pages: links, tables, forms, moments, numbered pages of a list."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from remote_backend.reports.html_text import breakable, html_text

__all__ = (
    "choice",
    "form",
    "link",
    "menu",
    "moment",
    "name_link",
    "paging",
    "section",
    "size_text",
    "table",
)

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_CURRENT = ' aria-current="page"'


def link(address: str, text: str) -> str:
    """Return a link; both are texts."""
    return f'<a href="{html_text(address)}">{html_text(text)}</a>'


def menu(label: str, css_class: str, pages: Mapping[str, str], path: str) -> str:
    """Return links to pages, by their addresses; that of a path is marked as the current one."""
    items = "".join(
        f'<li><a href="{html_text(address)}"{_CURRENT if address == path else ""}>'
        f"{html_text(name)}</a></li>"
        for address, name in pages.items()
    )
    return f'<nav class="{css_class}" aria-label="{label}">\n<ul>{items}</ul>\n</nav>\n'


def name_link(address: str, name: str) -> str:
    """Return a link with a name whose line may break."""
    return f'<a href="{html_text(address)}">{breakable(name)}</a>'


def section(title: str, body: str, *, id: str = "", is_open: bool | None = None) -> str:
    """Return a section of a page, which folds unless `is_open` is None; the body is HTML."""
    mark = f' id="{id}"' if id else ""
    if is_open is None:
        return f"<section{mark}>\n<h2>{html_text(title)}</h2>\n{body}</section>\n"
    opened = " open" if is_open else ""
    return (
        f'<section{mark}>\n<details class="facts"{opened}>'
        f"<summary><h2>{html_text(title)}</h2></summary>\n{body}</details></section>\n"
    )


def table(
    heads: Sequence[str], rows: Iterable[Iterable[str]], *, empty: str = "None."
) -> str:
    """Return a table, or a sentence where it would be empty; heads are texts, cells HTML.

    The first cell of a row names it. Columns without a head hold buttons.
    """
    body = "".join(map(_row, rows))
    if not body:
        return f"<p>{html_text(empty)}</p>\n"
    head = "".join(
        f'<th scope="col">{html_text(name)}</th>' if name else "<td></td>" for name in heads
    )
    return (
        '<div class="wide" tabindex="0" role="group" aria-label="Table">\n'
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )


def _row(cells: Iterable[str]) -> str:
    first, *others = cells
    rest = "".join(f"<td>{cell}</td>" for cell in others)
    return f'<tr><th scope="row">{first}</th>{rest}</tr>\n'


def form(action: str, form_token: str, body: str, *, label: str = "") -> str:
    """Return a form that is posted; the body is HTML."""
    name = f' aria-label="{html_text(label)}"' if label else ""
    return (
        f'<form method="post" action="{html_text(action)}"{name}>\n'
        f'<input type="hidden" name="form_token" value="{form_token}">\n{body}</form>\n'
    )


def choice(name: str, options: Mapping[str, str], chosen: str) -> str:
    """Return a list to choose from: values with what is shown for each."""
    items = "".join(
        f'<option value="{html_text(value)}"{" selected" if value == chosen else ""}>'
        f"{html_text(text)}</option>"
        for value, text in options.items()
    )
    return f'<select name="{name}">{items}</select>'


def moment(text: str, now: datetime | None = None) -> str:
    """Return a time of the API as how long ago it was, with the time in UTC as its title."""
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return html_text(text)
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    exact = f"{text[:19].replace('T', ' ')} UTC"
    return (
        f'<time datetime="{html_text(text)}" title="{html_text(exact)}">'
        f"{_age(seconds) or html_text(text[:10])}</time>"
    )


def _age(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{max(0, int(seconds))} s ago"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)} h ago"
    days = int(seconds // _DAY)
    if days > 30:
        return ""
    return f"{days} day{'s' if days > 1 else ''} ago"


def size_text(size: int) -> str:
    """Return a number of bytes for people."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:,.1f} KB" if size < 1_000_000 else f"{size / 1_000_000:,.1f} MB"


def paging(path: str, query: Mapping[str, str], page: int, pages: int) -> str:
    """Return links to the previous and next page of a list; nothing for a single page."""
    if pages < 2:
        return ""

    def to(number: int, text: str) -> str:
        address = f"{path}?{urlencode({**query, 'page': str(number)}, errors='replace')}"
        return link(address, text) if 1 <= number <= pages else ""

    parts = (to(page - 1, "Previous"), f"Page {page:,} of {pages:,}", to(page + 1, "Next"))
    return f'<nav class="paging" aria-label="Pages of the list">{" ".join(parts)}</nav>\n'
