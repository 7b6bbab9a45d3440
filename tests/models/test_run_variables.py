"""Python values become the HCL expressions that mean the same."""

import enum
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.config.hcl import parse_hcl
from remote_backend.errors import RunOptionsError
from remote_backend.models.run import PlanOptions
from remote_backend.planning.options import BatchOptions

SECRET = "secret-value"


class Region(enum.StrEnum):
    """A text with names of its own."""

    EU = "eu"


class Level(enum.IntEnum):
    """A number that prints as a name."""

    LOW = 1


class Real(float):
    """A number that prints in another way, as those of numpy do."""

    def __repr__(self) -> str:
        return f"Real({float(self)})"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("eu", '"eu"'),
        ('a "b" ${c} %{d}\n', r'"a \"b\" $${c} %%{d}\n"'),
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (-0.5, "-0.5"),
        (2**200, str(2**200)),
        (Decimal("0.10000000000000000000000000001"), "0.10000000000000000000000000001"),
        (["a", 1, False], '["a", 1, false]'),
        (("a",), '["a"]'),
        ({"a": {"b c": [None]}}, '{"a" = {"b c" = [null]}}'),
        (Region.EU, '"eu"'),
        (Level.LOW, "1"),
        (Real(1.5), "1.5"),
    ],
)
def test_values_are_written_exactly(value: Any, text: str) -> None:
    """Each as Terraform writes it; no text is a template, and no digit is lost."""
    assert PlanOptions(variables={"x": value}).variables == (("x", text),)


def test_integers_of_any_length_are_written() -> None:
    """Also one that is longer than Python converts to text."""
    [(_, text)] = PlanOptions(variables={"x": -(10**5000)}).variables
    assert text == "-1" + "0" * 5000
    assert len(text) > sys.get_int_max_str_digits()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, places=6)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner),
    max_leaves=8,
)


def plain(value: Any) -> Any:
    """Return a value as both sides can be compared: numbers as decimals, lists as tuples."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    return Decimal(value)


@given(VALUES)
def test_the_text_means_the_value(value: Any) -> None:
    """Reading the expression gives what was written."""
    [(_, text)] = PlanOptions(variables={"x": value}).variables
    [attribute] = parse_hcl(f"x = {text}\n".encode()).attributes
    assert attribute.literal is not None
    assert plain(attribute.literal.value) == plain(value)


def nested(depth: int) -> Any:
    """Return lists within lists."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"1a": SECRET}, "'1a' is not a name"),
        ({1: SECRET}, "1 is not a name"),
        ({"x": {1: SECRET}}, "a key of x is not a text"),
        ({"x": {"a": [SECRET, {SECRET}]}}, r"x.a\[1\] is a set"),
        ({"x": SECRET.encode()}, "x is a bytes"),
        ({"x": float("nan")}, "x is not a finite number"),
        ({"x": Decimal("Infinity")}, "x is not a finite number"),
        ({"x": f"{SECRET}\ud800"}, "x has characters"),
        ({"x": nested(100_000)}, "x is nested too deeply"),
        (SECRET, "a mapping of names"),
        ({SECRET}, "a mapping of names"),
        ([SECRET], "a mapping of names"),
        ([("x", 1)], "a mapping of names"),
    ],
)
def test_values_that_terraform_cannot_have_are_refused(variables: Any, text: str) -> None:
    """The error names the place and never shows a value."""
    with pytest.raises(RunOptionsError, match=text) as info:
        PlanOptions(variables=variables)
    assert SECRET not in str(info.value)
    assert info.value.parameters == ("variables",)


def test_no_repr_shows_a_value() -> None:
    """Options may be logged; their variables are left out."""
    options = BatchOptions(plan=PlanOptions(variables={"token": SECRET}))
    assert SECRET not in repr(options)
