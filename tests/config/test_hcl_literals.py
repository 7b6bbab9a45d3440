"""Values are written as HCL that means the same."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.config.hcl import parse_hcl
from remote_backend.config.hcl_literals import (
    Literal,
    literal_of_template,
)
from remote_backend.formats.hcl import HclValue, write_hcl

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers().map(Decimal) | TEXTS,
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(TEXTS, inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.5"), "0.5"),
        (Decimal("1E+999999"), "1E+999999"),
        ("a", '"a"'),
        ('q"\\\n\r\t\x01', '"q\\"\\\\\\n\\r\\t\\u0001"'),
        ("${a} %{b} $ % $${c}", '"$${a} %%{b} $ % $$${c}"'),
        ((), "[]"),
        ((Decimal(1), "x"), '[1, "x"]'),
        ({"a b": Decimal(1), "c": None}, '{"a b" = 1, "c" = null}'),
    ],
)
def test_values_are_written_on_one_line(value: HclValue, written: str) -> None:
    """Each kind of value has one spelling, with everything escaped."""
    assert write_hcl(value) == written


@given(VALUES)
def test_what_is_written_is_read_as_the_same(value: HclValue) -> None:
    """Reading gives back what was written, whatever is in the texts."""
    body = parse_hcl(f"a = {write_hcl(value)}\n".encode())

    assert body.error_line is None
    assert body.attributes[0].literal == Literal(value)


@pytest.mark.parametrize(
    ("text", "value"), [("a", "a"), ("$${a}", "${a}"), ("%%{a}", "%{a}"), ("$", "$")]
)
def test_a_template_without_expressions_is_a_literal(text: str, value: str) -> None:
    """Doubled marks stand for themselves."""
    assert literal_of_template(text) == Literal(value)


@pytest.mark.parametrize("text", ["${a}", "x%{ if a }", "$${a}${b}"])
def test_a_template_with_an_expression_is_no_literal(text: str) -> None:
    """One expression makes the whole text depend on something."""
    assert literal_of_template(text) is None
