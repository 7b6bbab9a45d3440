"""Bytes of a terminal as keys."""

import pytest

from remote_backend.cli.output.view.keys import KeyReader


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"j", ["j"]),
        (b"\x1b[A\x1bOB", ["up", "down"]),
        (b"\x1b[5~\x1b[6~", ["page-up", "page-down"]),
        (b"\r\n\x7f\t", ["enter", "enter", "backspace", "tab"]),
        ("é网😀".encode(), ["é", "网", "😀"]),
        (b"\x1b[1;5C\x1b[200~x", ["x"]),
        (b"\x00\x01\xff", []),
        (b"\x1bx", ["escape", "x"]),
        (b"\x03", ["ctrl-c"]),
    ],
)
def test_keys_have_names(data: bytes, keys: list[str]) -> None:
    """Characters stand for themselves, others have a word, unknown sequences vanish whole."""
    assert list(KeyReader().feed(data)) == keys


def test_a_key_can_come_in_pieces() -> None:
    """A sequence and a character that are cut anywhere are one key each."""
    data = b"\x1b[6~" + "é".encode() + b"\x1bOA"
    reader = KeyReader()
    keys = [key for at in range(len(data)) for key in reader.feed(data[at : at + 1])]
    assert keys == ["page-down", "é", "up"]


def test_a_lone_escape_is_a_key_when_nothing_follows() -> None:
    """It waits for the rest of a sequence first."""
    reader = KeyReader()
    assert list(reader.feed(b"\x1b")) == []
    assert reader.waits
    assert list(reader.end_escape()) == ["escape"]
    assert not reader.waits
    assert list(reader.end_escape()) == []
