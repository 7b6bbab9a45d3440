"""`mkdocs build --strict` makes a site that needs no network."""

import re
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY
from tests.support.site import site

__all__ = ("site",)

# Links may lead elsewhere; scripts, styles, fonts and pictures must come with the page.
_LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?((?:https?:)?//[^\s\">]+)"
    r"|<link\b(?=[^>]*\brel=\"?(?:stylesheet|icon|preconnect|preload))[^>]*\bhref=\"?((?:https?:)?//[^\s\">]+)"
)


def loaded_from_elsewhere(html: str) -> list[str]:
    """Return the addresses of other hosts that a browser would load with a page."""
    return [match[1] or match[2] for match in _LOADED.finditer(html)]


def test_every_page_is_on_the_site(site: Path) -> None:
    """Pages of docs/ and those that it takes from outside of it have an address."""
    pages = {
        page.relative_to(REPOSITORY / "docs").with_suffix(".html").as_posix()
        for page in (REPOSITORY / "docs").rglob("*.md")
    }
    built = {page.relative_to(site).as_posix() for page in site.rglob("*.html")}
    assert built >= pages | {"changelog.html", "contributing.html", "benchmarks.html"}
    assert 'href="../changelog.html' not in (site / "index.html").read_text(
        encoding="utf-8"
    )
    assert not list(site.rglob("*.py"))


def test_pages_load_nothing_from_other_hosts(site: Path) -> None:
    """So that they can be read from a folder on a machine without a network."""
    for page in site.rglob("*.html"):
        assert loaded_from_elsewhere(page.read_text(encoding="utf-8")) == [], page
        assert "class=mermaid" not in page.read_text(encoding="utf-8"), page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(\"?(https?:)?//", style.read_text(encoding="utf-8")), (
            style
        )


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://elsewhere.example/a.js">',
        "<img alt=x src=//elsewhere.example/a.png>",
        '<link rel="stylesheet" href="https://elsewhere.example/a.css">',
        "<link href=https://elsewhere.example/a.css rel=stylesheet>",
    ],
)
def test_what_is_loaded_from_elsewhere_is_seen(html: str) -> None:
    """The test above would name each of them; a link to another host is none."""
    assert len(loaded_from_elsewhere(html)) == 1
    assert loaded_from_elsewhere('<a href="https://elsewhere.example/">') == []
