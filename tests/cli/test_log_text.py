"""From the bytes of a log to lines for people."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.cli.log_text import LogLines, clean_line, render_structured


def lines_of(chunks: list[bytes]) -> str:
    """Return the joined lines of a log in chunks."""
    reader = LogLines()
    found = [line for chunk in chunks for line in reader.feed(chunk)]
    return "".join([*found, *reader.finish()])


def shown(line: str, *, colors: bool = False, terminal: bool = False) -> str:
    """Return a line as it is shown."""
    return clean_line(line, colors=colors, terminal=terminal)


@given(
    st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])),
    st.lists(st.integers(0, 400)),
)
def test_text_survives_any_chunks(text: str, places: list[int]) -> None:
    """Characters, escapes and lines may be cut anywhere (P09)."""
    data = text.encode()
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    chunks = [data[a:b] for a, b in zip(edges, edges[1:], strict=False)]

    assert lines_of(chunks) == text


@pytest.mark.parametrize(
    ("chunks", "text"),
    [
        ([b"a\r\nprogress 1\rprogress 2\n"], "a\nprogress 1\nprogress 2\n"),
        ([b"a\r", b"\nb"], "a\nb"),
        ([b"a\r", b"b"], "a\nb"),
        ([b"a\r"], "a\n"),
        ([b"\xc3", b"\xa9 \xff\n"], "é \ufffd\n"),
        ([b"cut \xc3"], "cut \ufffd"),
        ([b""], ""),
    ],
)
def test_line_ends_and_odd_bytes(chunks: list[bytes], text: str) -> None:
    """CRLF becomes LF, a lone CR ends a line, undecodable bytes are replaced (P13, P09)."""
    assert lines_of(chunks) == text


@pytest.mark.parametrize(
    "line", ["[red]word[reset] [default]\n", "[bold]\n", "a [1;31] b\n"]
)
def test_words_in_brackets_are_text(line: str) -> None:
    """Terraform swallows such words; here they are printed."""
    assert shown(line) == shown(line, colors=True, terminal=True) == line


def test_colors_go_where_they_do_not_belong() -> None:
    """A pipe gets plain text, a terminal with colors keeps them (P12)."""
    line = "\x1b[1mPlan:\x1b[0m 1 to add\n"

    assert shown(line) == shown(line, terminal=True) == "Plan: 1 to add\n"
    assert shown(line, colors=True, terminal=True) == line


@pytest.mark.parametrize(
    "escape",
    [
        "\x1b[2J",
        "\x1b[H",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1bc",
        "\x9b2J",
        "\x07",
    ],
)
def test_nothing_steers_the_terminal(escape: str) -> None:
    """A log may color its text and nothing else: not clear, move, or name the window."""
    assert shown(f"a{escape}b\n", colors=True, terminal=True) == "ab\n"


def test_frame_bytes_are_never_printed() -> None:
    """They may be data in the middle of a log, and still say nothing to a person (P06)."""
    assert shown("a\x02b\x03c\n") == "abc\n"


def message(**members: object) -> str:
    """Return a line of Terraform's JSON output."""
    return json.dumps({"@level": "info", "@message": "hello", **members}) + "\n"


def test_structured_lines_become_their_messages() -> None:
    """Each line decides for itself, whatever a setting says (P11)."""
    assert render_structured(message(type="version")) == "hello\n"
    assert render_structured(message(type="something_new")) == "hello\n"
    assert render_structured("Terraform v1.9\n") == "Terraform v1.9\n"
    assert render_structured('{"not": "from terraform"}\n') == '{"not": "from terraform"}\n'
    assert render_structured("{ broken\n") == "{ broken\n"


def test_a_structured_error_shows_its_place_and_detail() -> None:
    """Summary, file, line, source and detail are told."""
    text = render_structured(
        message(
            type="diagnostic",
            diagnostic={
                "severity": "error",
                "summary": "Bad value",
                "detail": "It must be a number.",
                "range": {"filename": "main.tf", "start": {"line": 7, "column": 3}},
                "snippet": {
                    "context": 'variable "x"',
                    "code": "  type = nmber",
                    "start_line": 7,
                },
            },
        )
    )

    expected = [
        "Error: Bad value",
        'on main.tf line 7, in variable "x":',
        "7:   type = nmber",
    ]
    assert [part for part in (*expected, "It must be a number.") if part not in text] == []


def test_structured_outputs_hide_sensitive_values() -> None:
    """A value that is sensitive is named as such."""
    outputs = {
        "a": {"sensitive": True, "value": "hush"},
        "b": {"sensitive": False, "value": 1},
    }

    text = render_structured(message(type="outputs", outputs=outputs))

    assert "a = (sensitive value)" in text and "b = 1" in text and "hush" not in text
