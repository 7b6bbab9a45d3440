"""The one grammar of what text of others may do: colors, and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.formats.ansi import SGR, clean, one_line, physical_lines, reveal

NASTY = (
    "\x1b", "[", "]", "\x9b", "\x9d", "\x90", "\x9c", "\x07", "\\", "P", "X", "^", "_", "m", "K",
    "2J", "0;1", "31", ":", "?", " ", "!", "\r", "\n", "\t", "52;c;cm0=", "\u202e", "\u2066",
    "\u200b", "\u2028", "\ud83d", "\x7f", "\x08", "a", "é",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(NASTY) | st.text(max_size=3), max_size=30).map("".join)
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff]"
)


@given(TEXTS, st.booleans())
def test_complete_colors_are_all_that_is_left(text: str, colors: bool) -> None:
    """Whatever the text, no other escape survives or comes into being, and twice is once (H3)."""
    for how in (clean, reveal):
        cleaned = how(text, colors=colors)

        rest = SGR.sub("", cleaned) if colors else cleaned
        assert not FORBIDDEN.search(rest)
        assert how(cleaned, colors=colors) == cleaned


@given(
    st.text(
        st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])
        | st.sampled_from("\t\n")
    )
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Tabs, line feeds, and letters of all scripts are kept, byte for byte."""
    assert clean(text) == clean(text, colors=True) == reveal(text) == text


@pytest.mark.parametrize(
    "escape",
    [
        "\x1b[2J",
        "\x1b[H",
        "\x1b[0K",
        "\x1b[?25l",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1b]52;c;cm0=\x9c",
        "\x1bPq#0\x1b\\",
        "\x1bc",
        "\x1b(0",
        "\x9b2J",
        "\x9b31m",
        "\x9d0;title\x9c",
        "\x07",
        "\u202e",
        "\u200b",
        "\ufeff",
    ],
)
def test_nothing_steers_or_hides(escape: str) -> None:
    """Text may be colored and nothing else: not clear, move, name a window, or turn words."""
    assert clean(f"a{escape}b", colors=True) == clean(f"a{escape}b") == "ab"


def test_what_is_removed_leaves_no_new_sequence() -> None:
    """A sequence within another one does not become one when the inner one goes (H3)."""
    evil = "\x1b\x1b[K]52;c;cm0gLXJmIH4=\x1b\x1b[K\\"

    assert clean(evil, colors=True) == "]52;c;cm0gLXJmIH4=\\"


def test_an_open_string_hides_no_other_line() -> None:
    """A title that is never ended takes its own line and not the error below."""
    assert clean("\x1b]0;title\nError: no") == "\nError: no"


def test_colors_go_where_they_do_not_belong() -> None:
    """A pipe gets plain text, a terminal with colors keeps them (P12)."""
    line = "\x1b[1mPlan:\x1b[0m \x1b[38;2;1;2;3m1\x1b[m \x1b[4:3mto\x1b[0m add"

    assert clean(line) == "Plan: 1 to add"
    assert clean(line, colors=True) == line


@pytest.mark.parametrize("line", ["[red]word[reset] [default]", "[bold]", "a [1;31] b"])
def test_words_in_brackets_are_text(line: str) -> None:
    """Terraform swallows such words; here they are printed."""
    assert clean(line) == clean(line, colors=True) == line


def test_a_reader_sees_the_numbers_of_what_hides() -> None:
    """In a report, what turns or hides words is shown, as is half of a character (N42, N25)."""
    assert reveal("a\u202eb\u200b\ud83d\x1b[2J") == "a<U+202E>b<U+200B><U+D83D>"
    assert clean("a\ud83db") == "a\ufffdb"


def test_lines_are_those_that_a_terminal_sees() -> None:
    """A lone carriage return ends a line; what separates lines elsewhere is dropped."""
    assert physical_lines("a\r\nb\rc\nd\u2028e") == ["a", "b", "c", "d\u2028e"]
    assert one_line("a\r\nb\rc \x1b[1md\u2028e") == "a b c de"


@pytest.mark.parametrize(
    "fragment", ["\x1b", "\x1b[", "\x1b[0", "\x1b]", "\x9b0", "\x1b[0 "]
)
def test_no_text_takes_longer_than_its_length(fragment: str) -> None:
    """A megabyte of openings that never end is not slower than text: it ends within this test."""
    assert "\x1b" not in clean(fragment * (1 << 20))
