"""Places in a JSON text, so that a change leaves everything else as it was, byte for byte."""

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from attrs import field, frozen

from remote_backend.errors import StateError

__all__ = (
    "Edit",
    "Element",
    "Member",
    "array_elements",
    "find_member",
    "members",
    "parse_value",
    "members_by_key",
    "remove_elements",
    "remove_member",
    "repeated",
    "require_end",
    "set_member",
    "apply_edits",
    "apply_edits_encoded",
)

_PIECE_CHARACTERS = 1 << 20
_BLANKS = re.compile(r"[ \t\r\n]*")


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except ArithmeticError:
        raise ValueError(f"{digits[:40]} has an exponent that is too large") from None


# Numbers keep their digits; most of them are small and whole.
_DECODER = json.JSONDecoder(
    parse_float=_decimal,
    parse_int=lambda digits: int(digits) if len(digits) < 18 else Decimal(digits),
    parse_constant=_refuse,
)


@frozen
class Member:
    """A member of an object, and where it stands."""

    key: str
    start: int
    value_start: int
    value_end: int
    value: Any = field(repr=False)


@frozen
class Element:
    """An element of an array, and where it stands."""

    start: int
    end: int
    value: Any = field(repr=False)


@frozen
class Edit:
    """A part of a text that is replaced."""

    start: int
    end: int
    text: str = field(repr=False)


def parse_value(text: str, start: int = 0) -> tuple[Any, int]:
    """Return the value that begins at a place and where it ends; raises `StateError`."""
    try:
        return _DECODER.raw_decode(text, _skip(text, start))
    except RecursionError:
        raise StateError("it is nested too deeply") from None
    except ValueError as error:
        raise _broken(text, getattr(error, "pos", start)) from None


def members(
    text: str,
    start: int,
    *,
    unread: Callable[[str], bool] | None = None,
    check: Callable[[str, int, Any], None] | None = None,
) -> Iterator[Member]:
    """Give the members of the object that begins at a place.

    Values of members that `unread` accepts are not kept, only their places. `check` gets each
    element of their arrays, with the name of the member and its number from 1.
    """
    place = _expect(text, start, "{")
    place = _skip(text, place)
    if text[place : place + 1] == "}":
        return
    while True:
        begin = place
        if text[place : place + 1] != '"':
            raise _broken(text, place)
        key, place = parse_value(text, place)
        value_start = _skip(text, _expect(text, place, ":"))
        if unread is not None and unread(key):
            value, end = (
                None,
                _end_of(text, value_start, partial(check, key) if check else None),
            )
        else:
            value, end = parse_value(text, value_start)
        yield Member(key, begin, value_start, end, value)
        place = _skip(text, end)
        if text[place : place + 1] == "}":
            return
        place = _skip(text, _expect(text, place, ","))


def require_end(text: str, end: int) -> None:
    """Refuse what stands behind a document that ends at a place; raises `StateError`."""
    end = _skip(text, end)
    if end < len(text):
        raise StateError(f"there is more behind its JSON document ({_place(text, end)})")


def members_by_key(text: str, start: int) -> Iterator[Member]:
    """Give the places of the members of an object, and keep none of their values."""
    return members(text, start, unread=lambda _: True)


def array_elements(text: str, start: int) -> Iterator[Element]:
    """Give the elements of the array that begins at a place."""
    place = _skip(text, _expect(text, start, "["))
    if text[place : place + 1] == "]":
        return
    while True:
        value, end = parse_value(text, place)
        yield Element(place, end, value)
        place = _skip(text, end)
        if text[place : place + 1] == "]":
            return
        place = _skip(text, _expect(text, place, ","))


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with parts of it replaced; the parts must not overlap."""
    return "".join(_pieces(text, edits))


def apply_edits_encoded(text: str, edits: Iterable[Edit]) -> bytes:
    """Return the bytes of a text with parts of it replaced.

    Of a large text no other copy is made meanwhile.
    """
    data = io.BytesIO()
    for piece in _pieces(text, edits):
        data.write(piece.encode())
    # Nothing else holds the buffer, so it is handed over and not copied.
    return data.getvalue()


def _pieces(text: str, edits: Iterable[Edit]) -> Iterator[str]:
    place = 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        yield from _slices(text, place, edit.start)
        yield edit.text
        place = edit.end
    yield from _slices(text, place, len(text))


def _slices(text: str, start: int, end: int) -> Iterator[str]:
    for place in range(start, end, _PIECE_CHARACTERS):
        yield text[place : min(end, place + _PIECE_CHARACTERS)]


def set_member(
    text: str, start: int, key: str, value: str, *, after: tuple[str, ...] = ()
) -> Edit:
    """Return the edit that gives a member of an object a value, as JSON text.

    A new member stands behind the last one that `after` names, or first; it is laid out as
    the others are.
    """
    found = list(members_by_key(text, start))
    member = _only(text, found, key)
    if member is not None:
        return Edit(member.value_start, member.value_end, value)
    name = json.dumps(key)
    if not found:
        return Edit(start, start + 1, f"{{{name}: {value}")
    colon = text[parse_value(text, found[0].start)[1] : found[0].value_start]
    new = f"{name}{colon if colon.strip() == ':' else ': '}{value}"
    before = [member for member in found if member.key in after]
    blanks = text[_expect(text, start, "{") : found[0].start]
    if not before:
        return Edit(found[0].start, found[0].start, f"{new},{blanks}")
    place = before[-1].value_end
    return Edit(place, place, f",{blanks}{new}")


def remove_member(text: str, start: int, key: str) -> Edit | None:
    """Return the edit that removes a member of an object, or None when it is not there."""
    found = list(members_by_key(text, start))
    member = _only(text, found, key)
    if member is None:
        return None
    position = found.index(member)
    if position + 1 < len(found):
        return Edit(member.start, found[position + 1].start, "")
    begin = found[position - 1].value_end if position else member.start
    return Edit(begin, member.value_end, "")


def find_member(text: str, start: int, key: str) -> Member | None:
    """Return the place of a member of an object, or None; raises `StateError` for two of them."""
    return _only(text, list(members_by_key(text, start)), key)


def repeated(text: str, member: Member) -> StateError:
    """Return the error about a member whose name stands in its object already."""
    where = _place(text, member.start)
    return StateError(f"its member {member.key!r} stands there a second time ({where})")


def remove_elements(text: str, start: int, gone: Callable[[Any], bool]) -> list[Edit]:
    """Return the edits that remove elements of an array."""
    found = list(array_elements(text, start))
    kept = [one for one in found if not gone(one.value)]
    if len(kept) == len(found):
        return []
    if not kept:
        closing = text.index("]", found[-1].end)
        return [Edit(start, closing + 1, "[]")]
    edits = []
    kept_before: Element | None = None
    for position, one in enumerate(found):
        if one in kept:
            kept_before = one
        elif kept_before is None:
            edits.append(Edit(one.start, found[position + 1].start, ""))
        else:
            begin = found[position - 1].end
            edits.append(Edit(begin, one.end, ""))
    return edits


def _only(text: str, found: list[Member], key: str) -> Member | None:
    """Return the member of a name; one that stands twice cannot be changed with certainty."""
    named = [member for member in found if member.key == key]
    if len(named) > 1:
        raise repeated(text, named[1])
    return next(iter(named), None)


def _end_of(text: str, start: int, check: Callable[[int, Any], None] | None) -> int:
    if text[start : start + 1] != "[":
        return parse_value(text, start)[1]
    end = start + 1
    for number, element in enumerate(array_elements(text, start), start=1):
        end = element.end
        if check is not None:
            check(number, element.value)
    return _expect(text, end, "]")


def _skip(text: str, place: int) -> int:
    found = _BLANKS.match(text, place)
    return found.end() if found else place


def _expect(text: str, place: int, mark: str) -> int:
    place = _skip(text, place)
    if text[place : place + 1] != mark:
        raise _broken(text, place)
    return place + 1


def _broken(text: str, place: int) -> StateError:
    return StateError(f"it is not valid JSON ({_place(text, place)})")


def _place(text: str, place: int) -> str:
    line = text.count("\n", 0, place) + 1
    return f"line {line}, column {place - text.rfind(chr(10), 0, place)}"
