"""Which elements of two lists face each other, so that one that was put in is one change."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher

from attrs import frozen

__all__ = ("Pair", "align")

# Beyond this the search takes seconds; then a list counts as one value.
_MOST_COMPARISONS = 1_000_000


@frozen
class Pair:
    """The indexes of an element in the old and in the new list; None where it is not in one."""

    old: int | None
    new: int | None

    @property
    def index(self) -> int:
        """The new index of an element, or the old one if it goes."""
        index = self.old if self.new is None else self.new
        assert index is not None
        return index


def align(
    old: Sequence[Hashable],
    new: Sequence[Hashable],
    *,
    are_maps: Callable[[int, int], bool],
) -> list[Pair] | None:
    """Return every element once, equal ones in pairs; None for lists too large to align.

    Elements between equal ones are paired in their order, if the list keeps its length and there are
    as many old as new ones. Otherwise an old element goes and a new one comes, apart from maps, which
    `are_maps` recognizes by an old and a new index.
    """
    start = _common_length(old, new)
    end = _common_length(old[start:][::-1], new[start:][::-1])
    old_middle, new_middle = old[start : len(old) - end], new[start : len(new) - end]
    if len(old_middle) * len(new_middle) > _MOST_COMPARISONS:
        return None
    matcher = SequenceMatcher(None, old_middle, new_middle, autojunk=False)
    pairs = [Pair(index, index) for index in range(start)]
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        between = range(start + old_start, start + old_end)
        new_between = range(start + new_start, start + new_end)
        keeps_length = len(old) == len(new) and len(between) == len(new_between)
        if tag == "equal" or keeps_length:
            pairs += map(Pair, between, new_between)
        else:
            pairs += _paired(between, list(new_between), are_maps)
    pairs += [Pair(len(old) - rest, len(new) - rest) for rest in range(end, 0, -1)]
    return pairs


def _common_length(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    length = 0
    for old_item, new_item in zip(old, new, strict=False):
        if old_item != new_item:
            break
        length += 1
    return length


def _paired(
    old: range, new: list[int], are_maps: Callable[[int, int], bool]
) -> Iterator[Pair]:
    # As Terraform does: internal/command/jsonformat/collections/slice.go, `ProcessSlice`.
    for old_index in old:
        if new and are_maps(old_index, new[0]):
            yield Pair(old_index, new.pop(0))
        else:
            yield Pair(old_index, None)
    yield from (Pair(None, new_index) for new_index in new)
