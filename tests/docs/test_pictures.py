"""The pictures of README and docs/, which `python -m tests.support.pictures` draws."""

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pyte
import pytest

from tests.support.pictures.__main__ import FOLDER
from tests.support.pictures.terminal_svg import frame_of, played

_SVG = "{http://www.w3.org/2000/svg}"
_MOST_BYTES = 150_000


def test_a_row_that_stays_is_stored_once() -> None:
    """Each screen is a place in a strip, colors are classes, and text is escaped."""
    screen = pyte.Screen(20, 2)
    stream = pyte.Stream(screen)
    stream.feed("a <b> & c\r\n\x1b[1;31mred\x1b[0m")
    frames = [frame_of(screen, 1.0)]
    stream.feed("\r\x1b[Knew")
    frames.append(frame_of(screen, 3.0))

    svg = ElementTree.fromstring(played(frames, columns=20, title="t", label="l"))

    rows = ["".join(text.itertext()) for text in svg.findall(f"{_SVG}defs/{_SVG}text")]
    assert rows == ["a <b> & c", "red", "new"]
    used = [use.attrib for use in svg.iter(f"{_SVG}use")]
    assert [(use["href"], use["y"]) for use in used] == [
        ("#r0", "14"),
        ("#r1", "32"),
        ("#r0", "50"),
        ("#r2", "68"),
    ]
    assert [span.get("class") for span in svg.iter(f"{_SVG}tspan")] == [None, "red b", None]
    [style] = svg.iter(f"{_SVG}style")
    assert "0%{transform:translateY(0px)}25%{transform:translateY(-36px)}" in str(
        style.text
    )


def test_the_summary_in_the_picture_adds_up() -> None:
    """Results make up all workspaces, and groups the sums above them (A19)."""
    svg = ElementTree.parse(FOLDER / "batch.svg")
    rows = [" ".join(text.itertext()) for text in svg.iter(f"{_SVG}text")]

    [counts] = [row for row in rows if " workspaces in " in row]
    total, failed, changed, destroy, unchanged = map(
        int, re.findall(r"(\d+) (?:work|fail|chang|destroy|unchang)", counts)
    )
    assert total == failed + changed + unchanged

    [sums] = [row for row in rows if "policies:" in row]
    groups = [re.match(r"(\d+) ((?:[+~-]\d+ )+)", row) for row in rows]
    added = Counter[str]()
    for group in filter(None, groups):
        for sign, number in re.findall(r"([+~-])(\d+)", group[2]):
            added[sign] += int(group[1]) * int(number)
    assert sums.startswith(f"+{added['+']} ~{added['~']} -{added['-']} ")
    assert added["-"] == destroy


@pytest.mark.parametrize("picture", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_pictures_are_small(picture: Path) -> None:
    """A clone and a page load them quickly; see what a picture shows before it is committed."""
    assert picture.stat().st_size < _MOST_BYTES
