"""The differences of a group as rows of text, for every form of report."""

from collections.abc import Iterator, Sequence

from attrs import frozen

from remote_backend.plans.differences import Difference, DifferingValue, Side
from remote_backend.plans.value_text import path_text, value_text

__all__ = ("DifferenceRow", "difference_rows")

_MOST_ROWS = 20
_LONGEST_VALUE = 200
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
    """Return the first rows, and how many more there are."""
    rows = [row for difference in differences for row in _rows(difference)]
    return tuple(rows[:most]), max(0, len(rows) - most)


def _rows(difference: Difference) -> Iterator[DifferenceRow]:
    path = path_text(difference.path)
    words = (_WORDS[difference.side], difference.place, path)
    place = " ".join(word for word in words if word)
    if difference.is_each_its_own:
        yield DifferenceRow(place, _EACH_ITS_OWN, ())
        return
    for value in difference.values:
        yield DifferenceRow(place, _text(value), value.workspaces, value.is_odd)


def _text(value: DifferingValue) -> str:
    if value.value is None:
        return _EACH_ITS_OWN
    return value_text(value.value, longest=_LONGEST_VALUE)
