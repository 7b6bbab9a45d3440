"""From the bytes of a log to lines for people."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.cli.output.ci_commands import disarm
from remote_backend.cli.output.log_lines import LogLines, LogRenderer
from remote_backend.formats.ansi import clean
from remote_backend.formats.structured_messages import render_structured


def lines_of(chunks: list[bytes]) -> str:
    """Return the joined lines of a log in chunks."""
    reader = LogLines()
    found = [line for chunk in chunks for line in reader.feed(chunk)]
    return "".join([*found, *reader.finish()])


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


def rendered(*chunks: bytes) -> list[str]:
    """Return the lines of a log in chunks, cleaned as for a file."""
    renderer = LogRenderer(clean)
    found = [line for chunk in chunks for line in renderer.feed(chunk)]
    return [*found, *renderer.finish()]


def test_frame_bytes_are_never_printed() -> None:
    """They may be data in the middle of a log, and still say nothing to a person (P06)."""
    assert rendered(b"a\x02b\x03c\n") == ["abc\n"]


def test_a_long_line_is_passed_on_in_parts() -> None:
    """A line without an end costs no memory and no time for what was seen before (P08)."""
    renderer = LogRenderer(clean)
    chunk = b"x" * (1 << 16)

    parts = [part for _ in range(64) for part in renderer.feed(chunk)]
    held = sum(map(len, (*renderer.feed(b"y\nnext"), *renderer.finish())))

    assert len(parts) == 3 and all("\n" not in part for part in parts)
    assert held == (64 << 16) + len("y\nnext") - sum(map(len, parts))


@pytest.mark.parametrize(
    "evil", ["##[error]x", "##\u200b\u200b\u200b[error]x", "##teamcity[x", "::error::x"]
)
def test_a_part_of_a_line_ends_before_a_command(evil: str) -> None:
    """Two parts that are written after each other make no command that neither holds."""
    padding = b" " * ((1 << 20) + 1)
    for cut in range(1, len(evil)):
        renderer = LogRenderer(lambda part: disarm(part, ("github", "teamcity")))
        chunks = (padding + evil[:cut].encode(), evil[cut:].encode() + b"\n")
        text = "".join(part for chunk in chunks for part in renderer.feed(chunk))

        assert text.endswith("x\n")
        assert not re.search(r"##\[|##teamcity|::error", text.replace(": :", ""))


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


@pytest.mark.parametrize(
    "line",
    [
        message(type="outputs", outputs={"x": {"value": "@"}}).replace('"@"', "[" * 1200 + "]" * 1200),
        "[" * 100_000 + "\n",
        "{" + '"@level":' * 100_000 + "\n",
        '{"@level":1,"@message":' + "[" * 100_000 + "\n",
        '{"@level":1,"x":' + "9" * 5000 + "}\n",
    ],
)  # fmt: skip
def test_a_line_that_is_too_deep_is_shown_as_it_is(line: str) -> None:
    """One odd line ends no batch: it stands there as the server wrote it (M4)."""
    assert render_structured(line) == line


def test_half_a_character_is_replaced() -> None:
    """A lone surrogate in a structured line reaches no stream that could not encode it (N25)."""
    line = b'{"@level":"info","@message":"a \\ud83d b"}\n'

    assert rendered(line) == ["a \ufffd b\n"]
