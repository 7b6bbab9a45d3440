"""The differences of a group as rows of text, for every form of report."""

from collections.abc import Iterator, Sequence
from os.path import commonprefix

from attrs import frozen

from remote_backend.plans.differences import Difference, DifferingValue, Side
from remote_backend.plans.value_text import path_text, value_text

__all__ = ("DifferenceRow", "difference_rows")

_MOST_ROWS = 20
_LONGEST_VALUE = 120
_CONTEXT = 30
_EACH_ITS_OWN = "each its own"
_WORDS = {
    Side.AFTER: "",
    Side.BEFORE: "was",
    Side.INDEX: "position",
    Side.NAME: "",
}


@frozen
class DifferenceRow:
    """One value of one place, and the workspaces that have it."""

    place: str
    """Address and path; `was` in front of old values."""

    value: str
    workspaces: tuple[str, ...]
    """Empty where each workspace has its own value."""

    is_odd: bool = False


def difference_rows(
    differences: Sequence[Difference], most: int = _MOST_ROWS
) -> tuple[tuple[DifferenceRow, ...], int]:
    """Return the first rows, and how many more there are.

    Old values of which each workspace has its own are one row together.
    """
    rows: list[DifferenceRow] = []
    old_places: list[str] = []
    for difference in differences:
        if difference.side is Side.BEFORE and difference.is_each_its_own:
            old_places.append(_place(difference))
        else:
            rows += _rows(difference)
    if old_places:
        more = f" and {len(old_places) - 1} more" if len(old_places) > 1 else ""
        rows.append(DifferenceRow(f"{old_places[0]}{more}", _EACH_ITS_OWN, ()))
    return tuple(rows[:most]), max(0, len(rows) - most)


def _place(difference: Difference) -> str:
    words = (_WORDS[difference.side], difference.place, path_text(difference.path))
    return " ".join(word for word in words if word)


def _rows(difference: Difference) -> Iterator[DifferenceRow]:
    place = _place(difference)
    if difference.is_each_its_own:
        yield DifferenceRow(place, _EACH_ITS_OWN, ())
        return
    texts = [_text(value) for value in difference.values]
    # Two long texts can begin alike, so what is shown begins where they differ.
    start = max(0, len(commonprefix(texts)) - _CONTEXT) if _is_long(texts) else 0
    for value, text in zip(difference.values, texts, strict=True):
        yield DifferenceRow(place, _excerpt(text, start), value.workspaces, value.is_odd)


def _is_long(texts: Sequence[str]) -> bool:
    return max(map(len, texts)) > _LONGEST_VALUE


def _text(value: DifferingValue) -> str:
    return _EACH_ITS_OWN if value.value is None else value_text(value.value)


def _excerpt(text: str, start: int) -> str:
    if len(text) <= _LONGEST_VALUE:
        return text
    part = text[start : start + _LONGEST_VALUE]
    head = "..." if start else ""
    tail = "..." if start + _LONGEST_VALUE < len(text) else ""
    place = f"from character {start + 1:,} of {len(text):,}"
    return f"{head}{part}{tail} ({place})"
