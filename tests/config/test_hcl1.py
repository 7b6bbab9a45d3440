"""HCL 1 is read whole, with the texts of HCL 2, or refused with a line."""

from decimal import Decimal
from typing import Any

import pytest

from remote_backend.config.hcl1 import Hcl1Error, parse_hcl1


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("", {}),
        ("# c\n// c\n/* c\n */", {}),
        ('a = "x"', {"a": "x"}),
        ('"a/b" = "x" # c\n', {"a/b": "x"}),
        ('a = "\\t\\n\\u00e9\\"\\\\ ${b} $${c} é"', {"a": '\t\né"\\ ${b} ${c} é'}),
        ("a = <<EOT\n x\\n\n\n EOT\nb = 1", {"a": " x\\n\n\n", "b": Decimal(1)}),
        ("a = <<-EOT\n    x\n      y\n    EOT\n", {"a": "x\n  y\n"}),
        ("a = [true, false, -1.5e3,]", {"a": [True, False, Decimal(-1500)]}),
        ('a = [[], {b = 1, "c" = {}}]', {"a": [[], {"b": Decimal(1), "c": {}}]}),
        ("a { b = 1, c = 2 }", {"a": {"b": Decimal(1), "c": Decimal(2)}}),
        ("a {\n b = 1\n c {}\n}\n", {"a": {"b": Decimal(1), "c": {}}}),
        ('"a" "h.test:1" b { c = 1 }', {"a": {"h.test:1": {"b": {"c": Decimal(1)}}}}),
        ("a x {}\na y {}\na x {}", {"a": [{"x": {}}, {"y": {}}, {"x": {}}]}),
        ("a = 1\na = 2", {"a": Decimal(2)}),
        ('a = {\r\n "h" { b = 1 }\r\n}\r\n', {"a": {"h": {"b": Decimal(1)}}}),
    ],
)
def test_members_are_read(text: str, members: dict[str, Any]) -> None:
    """Blocks and attributes, quoted or not, in lines or behind commas (N23, N24)."""
    assert parse_hcl1(text) == members


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a = 1\nb = "sekret\nc = 1', 2),
        ('a {\n b = "sekret"', 2),
        ('a = "sekret" ]', 1),
        ("a = sekret", 1),
        ("a = [1 2]", 1),
        ("a = [1,", 1),
        ("a 1", 1),
        ("a: 1", 1),
        ("a b = 1", 1),
        ("\n/* sekret", 2),
        ("a = <<EOT\nsekret", 1),
        ('\na = "sekret\\q"', 2),
        ('a = "\\ud800"', 1),
        ("}", 1),
        ("@", 1),
        ("a = " + "[" * 100_000, 1),
        ("a {\n" * 100_000, 61),
    ],
)
def test_what_is_not_hcl_has_a_line(text: str, line: int) -> None:
    """The message shows nothing of the file, which may hold tokens."""
    with pytest.raises(Hcl1Error) as caught:
        parse_hcl1(text)

    assert caught.value.line == line
    assert "sekret" not in str(caught.value)


def test_a_long_list_is_read_once() -> None:
    """A list of 100 kB is read to its end (L4: it took 16 seconds)."""
    (values,) = parse_hcl1("a = [" + "1," * 50_000 + "]").values()

    assert len(values) == 50_000
