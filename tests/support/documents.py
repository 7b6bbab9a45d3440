"""Reads the README and the pages of docs/: their headings, links and blocks of code."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from attrs import frozen
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.paths import REPOSITORY

__all__ = ("PAGES", "Block", "anchors", "blocks", "code_spans", "links", "read")

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


@frozen
class Block:
    """A block of code on a page."""

    page: str
    line: int
    language: str
    text: str
    remark: str
    """The comment in front of it, such as `not run: it needs a network`; empty without one."""

    @property
    def is_run(self) -> bool:
        """Whether nothing says that it cannot be run in a test."""
        return not self.remark

    @property
    def typed(self) -> str:
        """What a person types of it; with prompts, what stands behind them."""
        if self.language != "console":
            return self.text
        lines = self.text.splitlines()
        return "\n".join(line.removeprefix("$ ") for line in lines if line.startswith("$ "))


def blocks(page: Path) -> Iterator[Block]:
    """Give the blocks of code of a page in their order."""
    name = page.relative_to(REPOSITORY).as_posix()
    remark = ""
    for token in _tokens(read(page)):
        if token.type == "fence":
            language = token.info.split()[0] if token.info else ""
            line = token.map[0] + 1 if token.map else 0
            yield Block(name, line, language, token.content, remark)
        comment = re.fullmatch(r"<!-- (.*) -->\s*", token.content, re.DOTALL)
        remark = comment[1] if token.type == "html_block" and comment else ""


def code_spans(text: str) -> Iterator[str]:
    """Give what stands between backticks in sentences."""
    for token in _tokens(text):
        for part in token.children or ():
            if part.type == "code_inline":
                yield part.content


def read(page: Path) -> str:
    """Return the text of a page."""
    return page.read_text(encoding="utf-8")
