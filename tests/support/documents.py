"""Reads the README and the pages of docs/: their headings, links and blocks of code."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.paths import REPOSITORY

__all__ = ("PAGES", "anchors", "links")

PAGES = (
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    REPOSITORY / "benchmarks/RESULTS.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
)
_PARSER = MarkdownIt("commonmark").enable("table")


@cache
def _tokens(text: str) -> tuple[Token, ...]:
    return tuple(_PARSER.parse(text))


def anchors(text: str) -> list[str]:
    """Return what leads to each heading, on GitHub and on the site (see `slugify` in mkdocs.yml)."""
    tokens = _tokens(text)
    titles = [
        "".join(part.content for part in inline.children or ())
        for heading, inline in zip(tokens, tokens[1:], strict=False)
        if heading.type == "heading_open"
    ]
    return [
        re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles
    ]


def links(text: str) -> Iterator[str]:
    """Give the targets of links and pictures."""
    for token in _tokens(text):
        for part in token.children or ():
            target = part.attrGet("href") or part.attrGet("src")
            if target:
                yield str(target)


def read(page: Path) -> str:
    """Return the text of a page."""
    return page.read_text(encoding="utf-8")
