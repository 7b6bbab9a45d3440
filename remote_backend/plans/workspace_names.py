"""Many names of workspaces in few words: `all prod-*`, or some names and a number."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from attrs import frozen

__all__ = ("NameItem", "name_items", "names_text")

_FEWEST = 2
_SEPARATOR = re.compile("[-_]")


@frozen
class NameItem:
    """A name, or a pattern that stands for all workspaces that match it."""

    text: str
    count: int = 1


def name_items(members: Sequence[str], everyone: Iterable[str]) -> tuple[NameItem, ...]:
    """Return patterns, the largest first, then the names that none of them covers.

    A pattern is used only if every workspace of `everyone` that matches is a member.
    """
    all_counts = _prefix_counts(tuple(everyone))
    own_counts = Counter(prefix for name in members for prefix in _prefixes(name))

    def pattern_of(name: str) -> str | None:
        return next(
            (
                prefix
                for prefix in _prefixes(name)
                if own_counts[prefix] == all_counts[prefix] >= _FEWEST
            ),
            None,
        )

    patterns: Counter[str] = Counter()
    singles = []
    for name in members:
        if (prefix := pattern_of(name)) is not None:
            patterns[prefix] += 1
        else:
            singles.append(NameItem(name))
    return (
        *(NameItem(f"all {prefix}*", count) for prefix, count in patterns.most_common()),
        *singles,
    )


def names_text(items: Sequence[NameItem], most: int = 3) -> str:
    """Return the first items, and how many workspaces the others are."""
    rest = sum(item.count for item in items[most:])
    listed = ", ".join(item.text for item in items[:most])
    return f"{listed} and {rest} more" if rest else listed


# A report calls this for each of its groups; without the cache its time would grow with the square
# of the number of workspaces.
@lru_cache(maxsize=1)
def _prefix_counts(names: tuple[str, ...]) -> Counter[str]:
    return Counter(prefix for name in names for prefix in _prefixes(name))


def _prefixes(name: str) -> Iterator[str]:
    """Give the beginnings of a name up to each separator, the shortest first.

    Of `DIR:WORKSPACE` those of the workspace alone: a part of a directory names nothing.
    """
    for separator in _SEPARATOR.finditer(name, name.rfind(":") + 1):
        yield name[: separator.end()]
