"""Variables of a run: Python values of a caller, written as HCL expressions."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

from remote_backend.errors import RunOptionsError
from remote_backend.formats.hcl import IDENTIFIER, write_hcl

__all__ = ("run_variables_of",)


def run_variables_of(
    variables: Mapping[str, Any] | Iterable[tuple[str, str]],
) -> tuple[tuple[str, str], ...]:
    """Return names and HCL expressions of a mapping; pairs are such expressions already.

    Values are texts, numbers, bools, None, lists and mappings; numbers keep all digits. Raises `RunOptionsError`, which never shows a value.
    """
    if isinstance(variables, Mapping):
        return tuple(
            (_name(name), _expression(name, variables[name])) for name in variables
        )
    pairs = tuple(variables)
    if not all(map(_is_pair, pairs)):
        raise _refused("variables take a mapping of names to values")
    return pairs


def _is_pair(pair: object) -> bool:
    return (
        isinstance(pair, tuple)
        and len(pair) == 2
        and all(isinstance(part, str) for part in pair)
    )


def _name(name: object) -> str:
    if not isinstance(name, str) or not IDENTIFIER.fullmatch(name):
        raise _refused(f"variables: {name!r} is not a name of a variable")
    return name


def _expression(name: str, value: object) -> str:
    try:
        _require_writable(name, value)
        return write_hcl(value)  # type: ignore[arg-type] # was checked
    except RecursionError:
        raise _refused(f"variables: {name} is nested too deeply; simplify it") from None


def _require_writable(place: str, value: object) -> None:
    """Raise an error that names the place of a value that Terraform cannot have."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            if not isinstance(key, str):
                raise _refused(f"variables: a key of {place} is not a text; write str(key)")
            _require_text(f"a key of {place}", key)
            _require_writable(f"{place}.{key}", member)
    elif isinstance(value, list | tuple):
        for index, element in enumerate(value):
            _require_writable(f"{place}[{index}]", element)
    elif isinstance(value, str):
        _require_text(place, value)
    elif isinstance(value, Decimal | float):
        if not isfinite(value):
            raise _refused(f"variables: {place} is not a finite number")
    elif value is not None and not isinstance(value, int):
        raise _refused(
            f"variables: {place} is a {type(value).__name__}; give a text, number, bool, list "
            "or mapping"
        )


def _require_text(place: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _refused(
            f"variables: {place} has characters that UTF-8 cannot write"
        ) from None


def _refused(text: str) -> RunOptionsError:
    return RunOptionsError(text, parameters=("variables",))
