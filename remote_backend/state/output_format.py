"""Output values in the notation of Terraform 1.x, and as JSON for programs."""

import json
import secrets
from collections.abc import Mapping
from decimal import Decimal
from itertools import chain, repeat
from typing import Any

from remote_backend.errors import NestedTooDeeply
from remote_backend.formats.go_quoting import go_quote, html_safe
from remote_backend.models.state import StateOutput

__all__ = (
    "TOO_DEEP",
    "json_text",
    "number_text",
    "object_json",
    "outputs_json",
    "raw_text",
    "value_text",
)

TOO_DEEP = "(nested too deeply to be shown)"
"""Printed instead of a value that is deeper than the recursion limit of Python."""

_MOST_DIGITS = 1000

_NULLS = {"string": "tostring(null)", "number": "tonumber(null)", "bool": "tobool(null)"}


def value_text(value: Any, type_: Any) -> str:
    """Return a value in the notation of `terraform output`; the type is that of the state."""
    try:
        return _text(value, type_, 0)
    except RecursionError:
        return TOO_DEEP


def _text(value: Any, type_: Any, indent: int) -> str:
    kind, element_type = _kind(type_)
    if kind == "dynamic" and isinstance(value, dict) and set(value) == {"value", "type"}:
        return _text(value["value"], value["type"], indent)
    if value is None:
        return _null(type_)
    if kind in ("list", "set") and isinstance(value, list):
        return f"to{kind}({_list([(element, element_type) for element in value], indent)})"
    if kind == "map" and isinstance(value, dict):
        pairs = [(key, element, element_type) for key, element in sorted(value.items())]
        return f"tomap({_object(pairs, indent)})"
    if isinstance(value, list):
        kinds = element_type if isinstance(element_type, list) else []
        return _list(list(zip(value, chain(kinds, repeat(None)), strict=False)), indent)
    if isinstance(value, dict):
        types = element_type if isinstance(element_type, Mapping) else {}
        return _object(
            [(key, element, types.get(key)) for key, element in sorted(value.items())],
            indent,
        )
    if isinstance(value, str):
        return _string(value, indent)
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value)


def raw_text(value: Any) -> str | None:
    """Return a string, number or bool without quotes; None for other values."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, int | Decimal) else None


def json_text(value: Any) -> str:
    """Return a value as JSON on one line; raises `NestedTooDeeply` for very deep nesting."""
    return _dumped(value, None)


def object_json(members: Mapping[str, str]) -> str:
    """Return the JSON of an object whose members are JSON already."""
    pairs = (f"{json_text(name)}:{text}" for name, text in sorted(members.items()))
    return f"{{{','.join(pairs)}}}"


def outputs_json(outputs: Mapping[str, StateOutput]) -> str:
    """Return all outputs as the JSON of `terraform output -json`; raises as `json_text` does."""
    document = {
        name: {"sensitive": output.sensitive, "type": output.type, "value": output.value}
        for name, output in sorted(outputs.items())
    }
    return _dumped(document, 2)


def number_text(number: int | Decimal) -> str:
    """Return a number without trailing zeros, and without an exponent if that is short.

    `1e300000000` takes 12 bytes in a state; written out it would take 300 MB.
    """
    if isinstance(number, int):
        return str(number)
    if abs(number.adjusted()) > _MOST_DIGITS:
        return str(number).lower()
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _kind(type_: Any) -> tuple[str, Any]:
    if isinstance(type_, list) and len(type_) >= 2 and isinstance(type_[0], str):
        return type_[0], type_[1]
    return (type_, None) if isinstance(type_, str) else ("", None)


def _null(type_: Any) -> str:
    if isinstance(type_, str):
        return _NULLS.get(type_, "null")
    kind, element_type = _kind(type_)
    if kind in ("list", "set", "map"):
        return f"to{kind}(null) /* of {_type_text(element_type)} */"
    return f"null /* {_type_text(type_)} */"


def _type_text(type_: Any) -> str:
    kind, element_type = _kind(type_)
    if kind in ("list", "set", "map"):
        return f"{kind} of {_type_text(element_type)}"
    return kind or "any"


def _list(items: list[tuple[Any, Any]], indent: int) -> str:
    if not items:
        return "[]"
    blanks = " " * (indent + 2)
    lines = "".join(f"{blanks}{_text(value, kind, indent + 2)},\n" for value, kind in items)
    return f"[\n{lines}{' ' * indent}]"


def _object(pairs: list[tuple[str, Any, Any]], indent: int) -> str:
    if not pairs:
        return "{}"
    blanks = " " * (indent + 2)
    lines = "".join(
        f"{blanks}{go_quote(key)} = {_text(value, kind, indent + 2)}\n"
        for key, value, kind in pairs
    )
    return f"{{\n{lines}{' ' * indent}}}"


def _string(text: str, indent: int) -> str:
    if "\n" not in text:
        return go_quote(text)
    lines = text.split("\n")
    marker = "EOT"
    while any(line.strip() == marker for line in lines):
        marker += "_"
    blanks = " " * indent
    body = "".join(f"{blanks}{line}\n" for line in lines)
    return f"<<{'-' if indent else ''}{marker}\n{body}{blanks}{marker}"


def _dumped(value: Any, indent: int | None) -> str:
    separators = (",", ":") if indent is None else (",", ": ")
    numbers: list[str] = []
    mark = secrets.token_hex(8)

    def replace_decimals(node: Any) -> Any:
        if isinstance(node, Decimal):
            numbers.append(number_text(node))
            return f"{mark}:{len(numbers) - 1}"
        if isinstance(node, dict):
            return {key: replace_decimals(child) for key, child in node.items()}
        return (
            [replace_decimals(child) for child in node] if isinstance(node, list) else node
        )

    try:
        text = json.dumps(
            replace_decimals(value),
            indent=indent,
            separators=separators,
            ensure_ascii=False,
            sort_keys=True,
        )
    except RecursionError:
        raise NestedTooDeeply("it is nested too deeply to be written as JSON") from None
    for position, number in enumerate(numbers):
        text = text.replace(f'"{mark}:{position}"', number, 1)
    return html_safe(text)
