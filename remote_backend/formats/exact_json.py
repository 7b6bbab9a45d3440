"""JSON whose numbers keep every digit, which floats would round."""

import json
import re
import secrets
from decimal import Decimal
from typing import Any

__all__ = ("cut_depth", "dump_exact", "load_exact")

# Longer numbers as int would cost quadratic time, and Python refuses those above 4,300 digits.
_INT_DIGITS = 18


def load_exact(data: bytes | str) -> Any:
    """Return a document with numbers as `int` or `Decimal`; raises ValueError and RecursionError."""
    return json.loads(
        data, parse_float=_number, parse_int=_whole_number, parse_constant=_constant
    )


def dump_exact(value: Any, **how: Any) -> str:
    """Return JSON of a document with `Decimal` numbers; `how` is for `json.dumps`."""
    # The encoder of the standard library cannot write such numbers, and one in Python would take
    # ten times as long. No text of a document can hold a mark that is made for this call.
    mark = secrets.token_hex(16)

    def marked(number: Any) -> str:
        if not isinstance(number, Decimal):
            raise TypeError(f"{type(number).__name__} has no form in JSON")
        return f"{mark}{number}"

    text = json.dumps(value, default=marked, **how)
    return re.sub(f'"{mark}([^"]*)"', r"\1", text) if mark in text else text


def cut_depth(document: Any, levels: int) -> None:
    """Put their JSON text in the place of maps and lists that are nested deeper than `levels`.

    Functions that call themselves for each level would reach Python's limit.
    """
    waiting = [(document, 1)] if isinstance(document, dict | list) else []
    while waiting:
        container, level = waiting.pop()
        keys = container if isinstance(container, dict) else range(len(container))
        for key in list(keys):
            item = container[key]
            if isinstance(item, dict | list):
                if level < levels:
                    waiting.append((item, level + 1))
                else:
                    container[key] = json.dumps(item, default=str)


def _whole_number(digits: str) -> int | Decimal:
    return int(digits) if len(digits) < _INT_DIGITS else Decimal(digits)


def _number(digits: str) -> Decimal | str:
    try:
        number = Decimal(digits)
    except ArithmeticError:
        # The exponent is beyond what Decimal can hold; as text the digits are all there.
        return digits
    return number if number.is_finite() else digits


def _constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
