"""Values as HCL source text."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

__all__ = ("IDENTIFIER", "HclValue", "write_hcl")

# https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#identifiers
IDENTIFIER = re.compile(r"[^\W\d][\w-]*")

HclValue: TypeAlias = (
    str
    | Decimal
    | int
    | float
    | bool
    | Sequence["HclValue"]
    | Mapping[str, "HclValue"]
    | None
)

_LARGE = 10**4000
_NEEDS_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]|[$%](?=\{)')
_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", '"': r"\"", "\\": r"\\"}


def write_hcl(value: HclValue) -> str:
    """Return an HCL expression for a value, on one line; no text in it is a template."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        # All digits are written out unless that would fill the memory.
        return format(value, "f") if abs(value.adjusted()) < 100 else str(value)
    if isinstance(value, int):
        # `str` refuses integers of more than 4300 digits, and enums print their names.
        return format(Decimal(value), "f") if abs(value) >= _LARGE else int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, str):
        return f'"{_NEEDS_ESCAPE.sub(_escaped, value)}"'
    if isinstance(value, Mapping):
        pairs = [f"{write_hcl(key)} = {write_hcl(item)}" for key, item in value.items()]
        return "{" + ", ".join(pairs) + "}"
    return "[" + ", ".join([write_hcl(item) for item in value]) + "]"


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    # A mark before a brace begins a template unless it is doubled.
    if character in "$%":
        return character * 2
    return _ESCAPES.get(character, f"\\u{ord(character):04x}")
