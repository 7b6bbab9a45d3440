"""Text of other people inside Markdown: as they wrote it, and without any effect.

Plans, logs and policies may hold fences, HTML, links, mentions of people and numbers of issues, and
characters that hide or reorder text. Outside of code every character that Markdown knows is
escaped; in code a longer fence is used; invisible characters are shown by their numbers.
"""

import re
from collections.abc import Iterable

from remote_backend.formats.ansi import one_line
from remote_backend.formats.ansi_html import plain_text

__all__ = (
    "LONGEST_TITLE",
    "code_cell",
    "code_span",
    "comment",
    "counted",
    "escaped",
    "fence_for",
    "html_text",
    "link",
    "plain_lines",
    "shortened",
)

LONGEST_TITLE = 600
_BACKTICKS = re.compile(r"`+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]|~!])")
_LAST_HASH = re.compile(r"#(?=\s*$)")
# GitHub notifies people and links issues whose names stand in any text. An entity of a character
# without width ends the name, and a reader of the source sees it.
_MENTION = re.compile(r"([@#])(?=\w)")
_NO_MENTION = "\\1&ZeroWidthSpace;"
_LONGEST_LINE = 2000


def escaped(text: str) -> str:
    """Return a text in one line, for headings, paragraphs and cells of tables."""
    text = _SPECIAL.sub(r"\\\1", _without_tags(_one_line(text)))
    return _MENTION.sub(_NO_MENTION, _LAST_HASH.sub(r"\\#", text))


def html_text(text: str) -> str:
    """Return a text in one line for inside of an HTML element, as a summary."""
    return _MENTION.sub(_NO_MENTION, _without_tags(_one_line(text)))


def code_span(text: str) -> str:
    """Return a text in one line as code."""
    text = _one_line(text) or " "
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def code_cell(text: str) -> str:
    """Return a text as code for a cell of a table, where only the pipe is special."""
    return code_span(text).replace("|", "\\|")


def comment(text: str) -> str:
    """Return an HTML comment; it cannot be ended by its text."""
    return f"<!-- {_without_tags(_one_line(text)).replace('--', '-&#45;')} -->"


def link(text: str, url: str | None) -> str:
    """Return a text with a link, or the text alone if there is no address."""
    if not url or not url.startswith(("https://", "http://")):
        return escaped(text)
    address = one_line(url)
    for special, code in (
        ("(", "%28"),
        (")", "%29"),
        (" ", "%20"),
        ("<", "%3C"),
        ("|", "%7C"),
    ):
        address = address.replace(special, code)
    return f"[{escaped(text)}]({address})"


def fence_for(texts: Iterable[str]) -> str:
    """Return a fence that none of the texts can close."""
    return "`" * max(3, 1 + max(map(_longest_run, texts), default=0))


def plain_lines(text: str) -> list[str]:
    """Return the lines of a text as people may see them; very long ones are cut and say so."""
    lines = plain_text(text).rstrip().split("\n")
    return [shortened(line, _LONGEST_LINE) for line in lines]


def shortened(text: str, longest: int = LONGEST_TITLE) -> str:
    """Return a text of at most about so many characters, with the number of the others."""
    rest = len(text) - longest
    return text if rest <= 0 else f"{text[:longest]} ... ({rest:,} more characters)"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 address`, `1,200 values`."""
    return f"{number:,} {noun if number == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)


def _one_line(text: str) -> str:
    return " ".join(plain_text(text).split())


def _without_tags(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
