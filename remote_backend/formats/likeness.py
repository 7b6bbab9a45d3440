"""Which name a mistyped one may have meant."""

import difflib
from collections.abc import Iterable

__all__ = ("did_you_mean", "nearest_name")

# Below it a guess is wrong more often than right.
_LEAST_LIKENESS = 0.6


def nearest_name(typed: str, names: Iterable[str]) -> str | None:
    """Return the name most like a typed one, or None when none is at least 60 % alike."""
    matches = difflib.get_close_matches(typed, list(names), n=1, cutoff=_LEAST_LIKENESS)
    return matches[0] if matches else None


def did_you_mean(typed: str, names: Iterable[str]) -> str:
    """Return the end of a sentence that names the nearest name, or an empty text."""
    nearest = nearest_name(typed, names)
    return f"; did you mean {nearest}?" if nearest is not None else ""
