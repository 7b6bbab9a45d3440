"""JSON values to attrs values: strict about types, tolerant of everything unknown."""

from collections.abc import Mapping
from typing import Any, TypeVar

from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError

from remote_backend.errors import UnexpectedAnswer
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.run_phases import StatusTimes

__all__ = ("TOO_DEEP", "structure")

TOO_DEEP = "JSON that is nested too deeply"

Value = TypeVar("Value")


def _text(value: Any, _: type[str]) -> str:
    if not isinstance(value, str):
        raise TypeError("expected text")
    return value


def _flag(value: Any, _: type[bool]) -> bool:
    if not isinstance(value, bool):
        raise TypeError("expected true or false")
    return value


def _integer(value: Any, _: type[int]) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("expected a whole number")
    return value


def _as_is(value: Any, _: Any) -> Any:
    return value


def _make_converter(*, explains: bool) -> Converter:
    # The default hooks of cattrs read null as the text "None" and "false" as true.
    converter = Converter(detailed_validation=explains)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(bool, _flag)
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(SignedUrl, _as_is)
    converter.register_structure_hook(StatusTimes, _as_is)
    converter.register_structure_hook(SignedUrl | str | None, _as_is)
    return converter


_CONVERTER = _make_converter(explains=False)
# It takes twice as long, and reports which member is wrong.
_EXPLAINING = _make_converter(explains=True)


def structure(members: Mapping[str, Any], kind: type[Value]) -> Value:
    """Return a value of a class from its members; null counts as absent at any depth.

    Raises `UnexpectedAnswer` that names the members, never their contents.
    """
    try:
        present = _without_nulls(members)
    except RecursionError:
        raise UnexpectedAnswer(TOO_DEEP) from None
    try:
        return _CONVERTER.structure(present, kind)
    except Exception:  # the hooks of the class may raise anything
        pass
    try:
        return _EXPLAINING.structure(present, kind)
    except BaseValidationError as error:
        problems = "; ".join(text.replace("$.", "") for text in transform_error(error))
        raise UnexpectedAnswer(
            f"a {kind.__name__} that cannot be read: {problems}"
        ) from None


def _without_nulls(members: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _inner(v) for k, v in members.items() if v is not None}


def _inner(value: Any) -> Any:
    # Parsed JSON has no other containers, and most values are not containers.
    if type(value) is dict:
        return _without_nulls(value)
    return [_inner(item) for item in value] if type(value) is list else value
