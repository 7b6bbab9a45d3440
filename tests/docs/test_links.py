"""Links of the README and of docs/ lead to pages, pictures and headings that exist."""

from pathlib import Path

import pytest

from tests.support.documents import PAGES, anchors, links, read
from tests.support.paths import REPOSITORY


def broken_links(page: Path, text: str) -> list[str]:
    """Return the links of a page that lead nowhere; addresses of other hosts are not opened."""
    return [
        link for link in links(text) if "://" not in link and not leads(page, text, link)
    ]


def leads(page: Path, text: str, link: str) -> bool:
    """Return whether a link leads to a file of the repository, and to a heading there."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.is_file() or REPOSITORY not in target.parents:
        return False
    # Of headings with the same text only the first has the same anchor on GitHub and on the site.
    return not anchor or anchor in anchors(read(target) if path else text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    """Files and headings behind the links of a page exist."""
    assert broken_links(page, read(page)) == []


@pytest.mark.parametrize(
    ("link", "is_broken"),
    [
        ("CHANGELOG.md", False),
        ("CHANGELOG.md#unreleased", False),
        ("#a-b--c", False),
        ("https://example.com/x", False),
        ("CHANGELOG.md#no-such-heading", True),
        ("docs/no-such-page.md", True),
        ("docs", True),
        ("../elsewhere.md", True),
        ("#c", True),
    ],
)
def test_a_broken_link_is_seen(link: str, is_broken: bool) -> None:
    """The test above names links to files and headings that do not exist."""
    text = f"# A b & `c`\n\nText with a [link]({link}).\n"
    assert broken_links(REPOSITORY / "README.md", text) == [link] * is_broken
