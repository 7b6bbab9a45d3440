"""Changes of attributes as text: what differs is shown, and what is left out is counted."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.models.changes import AttributeChange
from remote_backend.models.values import ABSENT, SENSITIVE, UNKNOWN, Json, Path, Value
from remote_backend.plans.change_text import ChangeKind, ChangeText, change_text
from remote_backend.plans.value_text import json_text, path_text, value_text

LINES = [f"line {number}" for number in range(40)]
OTHER_LINES = [*LINES[:20], "other", *LINES[21:]]
POLICY = {"Statement": [{"Action": ["a", "b"], "Effect": "Allow"}]}
OTHER_POLICY = {"Statement": [{"Effect": "Allow", "Action": ["a", "c"]}]}


def text_of(before: Any, after: Any) -> ChangeText:
    """Return the text of a change between two JSON values or `Value`s."""
    sides = [
        side if isinstance(side, Value) else Value(value=side) for side in (before, after)
    ]
    return change_text(AttributeChange(path=("input",), before=sides[0], after=sides[1]))


def drawn(text: ChangeText) -> list[str]:
    """Return the lines of a diff with their signs."""
    return [f"{line.sign}{line.text}" for line in text.lines]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("tags", "Name"), "tags.Name"),
        (("tags", "a.b", 0), 'tags["a.b"][0]'),
        (("tags", ""), 'tags[""]'),
        (("tags", 'say "hi"'), 'tags["say \\"hi\\""]'),
        (("list", 0, "x-y"), "list[0].x-y"),
        (("tags", "0"), 'tags["0"]'),
    ],
)
def test_paths_are_written_as_in_a_configuration(path: Path, text: str) -> None:
    """Different paths have different texts: a key with a point is not a path of two keys."""
    assert path_text(path) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ([], "[]"),
        ({}, "{}"),
        ({"a": None}, "{ a = null }"),
        ({"b.c": [1, True], "a": "x"}, '{ a = "x", "b.c" = [1, true] }'),
        (Decimal("9007199254740993.5"), "9007199254740993.5"),
        (Decimal("1.50"), "1.5"),
        (Decimal("1E+3000000"), "1E+3000000"),
        (123456789012345678901234567890, "123456789012345678901234567890"),
        (
            {"p": SENSITIVE, "u": UNKNOWN},
            "{ p = (sensitive value), u = (known after apply) }",
        ),
    ],
)
def test_values_are_written_with_all_digits(value: Json, text: str) -> None:
    """Null, empty and absent values, hidden parts and numbers of any size (N03, N29)."""
    assert json_text(value) == text


def test_a_value_that_is_cut_says_so() -> None:
    """With the number of its characters (N01)."""
    assert value_text(Value(value="x" * 50), longest=10) == '"xxxxxxxxx... (52 characters)'


def test_a_difference_late_in_a_long_line_is_shown() -> None:
    """The part around it, and its place (N01)."""
    text = text_of("x" * 2100 + "172.16.0.0/12", "x" * 2100 + "0.0.0.0/0 and more")
    assert text.kind is ChangeKind.LONG
    assert text.summary == "differs at character 2,101 of 2,118"
    assert drawn(text) == [
        f"-…{'x' * 30}172.16.0.0/12",
        f"+…{'x' * 30}0.0.0.0/0 and more",
    ]


def test_several_lines_are_a_line_diff() -> None:
    """With a line of context; the others are counted."""
    text = text_of("\n".join(LINES), "\n".join(OTHER_LINES))
    assert (text.kind, text.summary) == (ChangeKind.LINES, "1 of 40 lines differs")
    assert drawn(text) == [
        "…19 lines", " line 19", "-line 20", "+other", " line 21", "…18 lines",
    ]  # fmt: skip


def test_json_is_compared_as_json() -> None:
    """Keys are sorted, and spaces do not count; numbers keep their digits."""
    text = text_of(json.dumps(POLICY), json.dumps(OTHER_POLICY, indent=1))
    assert (text.kind, text.summary) == (ChangeKind.JSON, "(JSON)")
    assert [line for line in drawn(text) if line[0] in "-+"] == [
        '-        "b"', '+        "c"',
    ]  # fmt: skip
    assert text_of('{"a": 1, "b": [2]}', '{"b":[2],"a":1.0}').summary == "formatting only"
    assert text_of("[9007199254740993]", "[9007199254740992]").kind is ChangeKind.JSON


@pytest.mark.parametrize(
    ("before", "after", "summary"),
    [
        ("a", "b", '"a" -> "b"'),
        ("", None, '"" -> null'),
        (ABSENT, [], "(none) -> []"),
        ({"Env": "prod"}, UNKNOWN, '{ Env = "prod" } -> (known after apply)'),
        ("a\nb", UNKNOWN, '"a\\nb" -> (known after apply)'),
        (SENSITIVE, SENSITIVE, "(sensitive value)"),
        (ABSENT, SENSITIVE, "(none) -> (sensitive value)"),
        (ABSENT, "a\nb\n", "2 lines"),
        ("a\nb\n", None, "2 lines"),
        ("a\r\nb", "a\nb", "1 of 2 lines differs"),
        ("a\nb\n", "a\nc\n", "1 of 2 lines differs"),
        ("a\n", "a", "1 of 2 lines differs"),
        ([1] * 100, {"a": 1}, "differs at character 1 of 9"),
    ],
)
def test_other_changes_are_one_line(before: Any, after: Any, summary: str) -> None:
    """Kinds that are not both texts, and texts that appear or vanish (N67)."""
    assert text_of(before, after).summary == summary


def test_a_difference_that_cannot_be_seen_is_escaped() -> None:
    """As a carriage return at the end of a line."""
    assert drawn(text_of("a\r\nb", "a\nb")) == ["-a\\r", "+a", " b"]


def test_a_changed_mark_says_so() -> None:
    """Without the value (N02)."""
    change = AttributeChange(
        path=("p",), before=SENSITIVE, after=SENSITIVE, sensitivity="removed"
    )
    assert "no longer marked as sensitive" in change_text(change).summary


@given(
    st.text('ab \n\r\t\x00{}[]",:1', max_size=200),
    st.text('ab \n\r\t\x00{}[]",:1', max_size=200),
)
def test_two_texts_that_differ_look_different(before: str, after: str) -> None:
    """What is removed and what is added are never the same text."""
    text = text_of(before, after)
    if before == after or text.kind is ChangeKind.FORMATTING:
        return
    if text.kind is ChangeKind.VALUES:
        assert text.summary == f"{json_text(before)} -> {json_text(after)}"
        return
    removed = [line.text for line in text.lines if line.sign == "-"]
    added = [line.text for line in text.lines if line.sign == "+"]
    assert removed != added
