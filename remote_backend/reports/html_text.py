"""Texts of plans, names and logs as HTML: always text, never markup."""

import re
from collections.abc import Iterable
from html import escape

from remote_backend.formats.amounts import signed_numbers
from remote_backend.formats.ansi_html import plain_text
from remote_backend.models.plan import Counts

__all__ = (
    "breakable",
    "count_of",
    "counts_html",
    "html_text",
    "link",
    "name_html",
    "names_html",
)

# Nothing that a server returns may become a link to a script. The last one is for reports that
# are pages of the embedded server.
_LINKS = ("https://", "http://", "/app/")
_MOST_NAMES = 20
_SHORT = 25
_BREAKS = re.compile(r"(?<=[-./_])(?=\w)")


def html_text(text: str) -> str:
    """Return a text for an element or a quoted attribute of a page."""
    return escape(plain_text(text))


def breakable(text: str) -> str:
    """Return a name or an address whose line may break behind `-`, `.`, `/` and `_`.

    Short ones fit on the narrowest screen, and most of a large page is such texts.
    """
    if len(text) < _SHORT:
        return html_text(text)
    return _BREAKS.sub("<wbr>", html_text(text))


def name_html(name: str) -> str:
    """Return a name for a narrow place, where of `DIR:WORKSPACE` the directory is cut first."""
    directory, colon, workspace = name.rpartition(":")
    if not colon:
        return breakable(name)
    return (
        f'<span class="directory">{html_text(directory)}</span>'
        f"<span>{html_text(colon + workspace)}</span>"
    )


def link(address: str | None, html: str) -> str:
    """Return a link around HTML, or the HTML alone where browsers must not go."""
    if address is None or not address.startswith(_LINKS):
        return html
    return f'<a href="{html_text(address)}">{html}</a>'


def count_of(number: int, noun: str) -> str:
    """Return a number with a noun: `1 workspace`, `1,204 workspaces`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def counts_html(counts: Counts, *, replaced: int = 0) -> str:
    """Return the numbers of a plan without zeros: `+12 -7, 2 replaced`."""
    named = ((replaced, "replaced"), (counts.imported, "imported"))
    texts = [signed_numbers(counts.add, counts.change, counts.destroy, separator=",")]
    texts += [f"{number:,} {word}" for number, word in named if number]
    return ", ".join(filter(None, texts))


def names_html(names: Iterable[str]) -> str:
    """Return up to 20 names of workspaces, and how many more there are."""
    listed = list(names)
    text = ", ".join(map(breakable, listed[:_MOST_NAMES]))
    rest = len(listed) - _MOST_NAMES
    return f"{text} and {rest:,} more" if rest > 0 else text
