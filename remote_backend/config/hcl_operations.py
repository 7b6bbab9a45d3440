"""The operators, conditions, indexes and templates of HCL, applied to values."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal, DecimalException, Inexact

from remote_backend.formats.hcl import HclValue

__all__ = (
    "NotConstant",
    "bool_of",
    "choose",
    "element_of",
    "join_template",
    "number_of",
    "operate",
    "operate_alone",
    "text_of",
)

# Terraform calculates with 512 bits, which are 154 decimal digits. Results that need more
# digits are rounded there, so they are refused here.
_EXACT = Context(prec=150, traps=[*Context().traps, Inexact])
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")
_BOOLS = {"true": True, "1": True, "false": False, "0": False}
_MOST_DIGITS = 400


class NotConstant(Exception):
    """An expression that cannot be computed from its own text alone."""


def number_of(value: HclValue) -> Decimal:
    """Convert a value to a number as HCL does; raises `NotConstant`."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    raise NotConstant


def bool_of(value: HclValue) -> bool:
    """Convert a value to true or false as HCL does; raises `NotConstant`."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _BOOLS:
        return _BOOLS[value]
    raise NotConstant


def text_of(value: HclValue) -> str:
    """Convert a value to a text as HCL does; raises `NotConstant`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and abs(value.adjusted()) < _MOST_DIGITS:
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    raise NotConstant


def operate(operator: str, left: HclValue, right: HclValue) -> HclValue:
    """Return the result of an operator between two values; raises `NotConstant`."""
    if operator in ("==", "!="):
        return _are_equal(left, right) == (operator == "==")
    if operator in ("&&", "||"):
        first, second = bool_of(left), bool_of(right)
        return (first and second) if operator == "&&" else (first or second)
    return _calculate(operator, number_of(left), number_of(right))


def operate_alone(operator: str, value: HclValue) -> HclValue:
    """Return the result of an operator before a value; raises `NotConstant`."""
    if operator == "!":
        return not bool_of(value)
    return number_of(value).copy_negate()  # the operator would round


def choose(condition: HclValue, first: HclValue, second: HclValue) -> HclValue:
    """Return the result of a conditional; raises `NotConstant`.

    Both results get one type in HCL: when one is a text, a number becomes a text.
    """
    chosen = first if bool_of(condition) else second
    if first is None or second is None:
        return chosen
    kinds = {_kind_of(first), _kind_of(second)}
    if len(kinds) == 1:
        return chosen
    if str in kinds:
        return text_of(chosen)
    raise NotConstant


def element_of(value: HclValue, key: HclValue) -> HclValue:
    """Return the element of a list or object at an index or name; raises `NotConstant`."""
    try:
        if isinstance(value, Mapping):
            return value[text_of(key)]
        if isinstance(value, Sequence) and not isinstance(value, str):
            number = number_of(key)
            if number == number.to_integral_value() and 0 <= number < len(value):
                return value[int(number)]
    except KeyError:
        pass
    raise NotConstant


def join_template(parts: Sequence[HclValue]) -> HclValue:
    """Return the result of a template; for a lone expression this is its value, unconverted."""
    return parts[0] if len(parts) == 1 else "".join([text_of(part) for part in parts])


def _are_equal(left: HclValue, right: HclValue) -> bool:
    if left is None or right is None:
        return left is right
    return _kind_of(left) == _kind_of(right) and left == right


def _kind_of(value: HclValue) -> type:
    # Lists and objects of different elements have different types, which matters for both
    # callers, so only simple values are compared.
    for kind in (str, bool, Decimal):
        if isinstance(value, kind):
            return kind
    raise NotConstant


def _calculate(operator: str, left: Decimal, right: Decimal) -> HclValue:
    if operator in _COMPARISONS:
        return _COMPARISONS[operator](left, right)
    if operator not in _ARITHMETIC:
        raise NotConstant
    try:
        return _ARITHMETIC[operator](left, right)
    except DecimalException:
        raise NotConstant from None


_COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_ARITHMETIC: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _EXACT.add,
    "-": _EXACT.subtract,
    "*": _EXACT.multiply,
    "/": _EXACT.divide,
    "%": _EXACT.remainder,
}
