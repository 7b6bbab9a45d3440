"""Positions in a JSON text, so that an edit keeps every other byte as it was."""

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


# Decimal keeps all digits of a number; int is faster, and most numbers are small integers.
_DECODER = json.JSONDecoder(
    parse_float=_decimal,
    parse_int=lambda digits: int(digits) if len(digits) < 18 else Decimal(digits),
    parse_constant=_refuse,
)


@frozen
class Member:
    """A member of an object and its position."""

    key: str
    start: int
    value_start: int
    value_end: int
    value: Any = field(repr=False)


@frozen
class Element:
    """An element of an array and its position."""

    start: int
    end: int
    value: Any = field(repr=False)


@frozen
class Edit:
    """The replacement of a part of a text."""

    start: int
    end: int
    text: str = field(repr=False)


def parse_value(text: str, start: int = 0) -> tuple[Any, int]:
    """Return the value at a position and the position of its end; raises `StateError`."""
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
    """Yield the members of the object at a position.

    Values of members that `unread` accepts are not kept, only their positions. `check` gets
    each element of their arrays, with the name of the member and the number of the element,
    counted from 1.
    """
    position = _expect(text, start, "{")
    position = _skip(text, position)
    if text[position : position + 1] == "}":
        return
    while True:
        start_of_member = position
        if text[position : position + 1] != '"':
            raise _broken(text, position)
        key, position = parse_value(text, position)
        value_start = _skip(text, _expect(text, position, ":"))
        if unread is not None and unread(key):
            value, end = (
                None,
                _end_of(text, value_start, partial(check, key) if check else None),
            )
        else:
            value, end = parse_value(text, value_start)
        yield Member(key, start_of_member, value_start, end, value)
        position = _skip(text, end)
        if text[position : position + 1] == "}":
            return
        position = _skip(text, _expect(text, position, ","))


def require_end(text: str, end: int) -> None:
    """Raise `StateError` for text after a document that ends at a position."""
    end = _skip(text, end)
    if end < len(text):
        raise StateError(
            f"there is more text after its JSON document ({_line_and_column(text, end)})"
        )


def members_by_key(text: str, start: int) -> Iterator[Member]:
    """Yield the members of an object with their positions, without their values."""
    return members(text, start, unread=lambda _: True)


def array_elements(text: str, start: int) -> Iterator[Element]:
    """Yield the elements of the array at a position."""
    position = _skip(text, _expect(text, start, "["))
    if text[position : position + 1] == "]":
        return
    while True:
        value, end = parse_value(text, position)
        yield Element(position, end, value)
        position = _skip(text, end)
        if text[position : position + 1] == "]":
            return
        position = _skip(text, _expect(text, position, ","))


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with edits applied, which must not overlap."""
    return "".join(_pieces(text, edits))


def apply_edits_encoded(text: str, edits: Iterable[Edit]) -> bytes:
    """Return the bytes of a text with edits applied, without another copy of the text."""
    data = io.BytesIO()
    for piece in _pieces(text, edits):
        data.write(piece.encode())
    # The buffer has no other reference, so `getvalue` does not copy it.
    return data.getvalue()


def _pieces(text: str, edits: Iterable[Edit]) -> Iterator[str]:
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        yield from _slices(text, position, edit.start)
        yield edit.text
        position = edit.end
    yield from _slices(text, position, len(text))


def _slices(text: str, start: int, end: int) -> Iterator[str]:
    for position in range(start, end, _PIECE_CHARACTERS):
        yield text[position : min(end, position + _PIECE_CHARACTERS)]


def set_member(
    text: str, start: int, key: str, value: str, *, after: tuple[str, ...] = ()
) -> Edit:
    """Return the edit that sets a member of an object to a value, given as JSON text.

    A new member comes after the last one that `after` names, or first, in the layout of the
    other members.
    """
    all_members = list(members_by_key(text, start))
    member = _only(text, all_members, key)
    if member is not None:
        return Edit(member.value_start, member.value_end, value)
    name = json.dumps(key)
    if not all_members:
        return Edit(start, start + 1, f"{{{name}: {value}")
    colon = text[parse_value(text, all_members[0].start)[1] : all_members[0].value_start]
    new = f"{name}{colon if colon.strip() == ':' else ': '}{value}"
    predecessors = [member for member in all_members if member.key in after]
    blanks = text[_expect(text, start, "{") : all_members[0].start]
    if not predecessors:
        return Edit(all_members[0].start, all_members[0].start, f"{new},{blanks}")
    position = predecessors[-1].value_end
    return Edit(position, position, f",{blanks}{new}")


def remove_member(text: str, start: int, key: str) -> Edit | None:
    """Return the edit that removes a member of an object, or None when it does not exist."""
    all_members = list(members_by_key(text, start))
    member = _only(text, all_members, key)
    if member is None:
        return None
    position = all_members.index(member)
    if position + 1 < len(all_members):
        return Edit(member.start, all_members[position + 1].start, "")
    start_of_edit = all_members[position - 1].value_end if position else member.start
    return Edit(start_of_edit, member.value_end, "")


def find_member(text: str, start: int, key: str) -> Member | None:
    """Return a member of an object, or None; raises `StateError` when it is there twice."""
    return _only(text, list(members_by_key(text, start)), key)


def repeated(text: str, member: Member) -> StateError:
    """Return the error about a second member of the same name."""
    where = _line_and_column(text, member.start)
    return StateError(f"its member {member.key!r} is there a second time ({where})")


def remove_elements(text: str, start: int, is_removed: Callable[[Any], bool]) -> list[Edit]:
    """Return the edits that remove elements of an array."""
    elements = list(array_elements(text, start))
    kept = [element for element in elements if not is_removed(element.value)]
    if len(kept) == len(elements):
        return []
    if not kept:
        closing = text.index("]", elements[-1].end)
        return [Edit(start, closing + 1, "[]")]
    edits = []
    kept_before: Element | None = None
    for position, element in enumerate(elements):
        if element in kept:
            kept_before = element
        elif kept_before is None:
            edits.append(Edit(element.start, elements[position + 1].start, ""))
        else:
            edits.append(Edit(elements[position - 1].end, element.end, ""))
    return edits


def _only(text: str, candidates: list[Member], key: str) -> Member | None:
    """Return the member of a name; raises `StateError` for two, as readers differ about them."""
    same_name = [member for member in candidates if member.key == key]
    if len(same_name) > 1:
        raise repeated(text, same_name[1])
    return next(iter(same_name), None)


def _end_of(text: str, start: int, check: Callable[[int, Any], None] | None) -> int:
    if text[start : start + 1] != "[":
        return parse_value(text, start)[1]
    end = start + 1
    for number, element in enumerate(array_elements(text, start), start=1):
        end = element.end
        if check is not None:
            check(number, element.value)
    return _expect(text, end, "]")


def _skip(text: str, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def _expect(text: str, position: int, mark: str) -> int:
    position = _skip(text, position)
    if text[position : position + 1] != mark:
        raise _broken(text, position)
    return position + 1


def _broken(text: str, position: int) -> StateError:
    return StateError(f"it is not valid JSON ({_line_and_column(text, position)})")


def _line_and_column(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}"
