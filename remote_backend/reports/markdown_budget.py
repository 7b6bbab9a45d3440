"""Which parts of a report are written when not all of them fit.

A report is a tree of items. An item is written whole or not at all, and always with the items that
it stands in. Items are added in the order of their rank, and within a rank in the order of the
report, until the budget is used; a smaller item may still fit after a larger one did not.

An item reserves room for its end, for the counts of what is left out of it (`has_note`), and in a list
whose items build on each other (`is_ordered`) for the text in the place of the first one that is
left out. So the budget holds whatever happens afterwards, and everything that is missing is counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum

from attrs import define, field

from remote_backend.reports.markdown_text import counted

__all__ = (
    "Item",
    "Rank",
    "all_items",
    "left_out_text",
    "missing",
    "select",
    "text_of",
    "written",
)


class Rank(IntEnum):
    """What is written first."""

    HEAD = 0
    ERRORS = 1
    DESTROYED = 2
    """The addresses of what is destroyed or replaced."""

    FORCED_BY = 3
    ADDRESSES = 4
    """All other addresses; dangerous groups come first in a report anyway."""

    VALUES = 5
    REST_OF_ERRORS = 6
    NAMES = 7
    """Names of workspaces beyond the first ones."""


@define(eq=False)
class Item:
    """A part of a report that is written whole or not at all."""

    text: str
    rank: Rank | None = None
    """None for an item that is written only because of an item inside it."""

    noun: str = ""
    """What is counted if it is left out; empty if it is not counted."""

    count: int = 1
    children: "list[Item]" = field(factory=list)
    end: str = ""
    is_ordered: bool = False
    """Whether each child needs the one before it."""

    instead: str = ""
    """The text in the place of this one and all later ones, in an ordered list."""

    has_note: bool = False
    """Whether what is left out of it is counted at its end."""

    is_written: bool = True
    _parent: "Item | None" = None
    _previous: "Item | None" = None
    _next: "Item | None" = None

    def add(self, child: "Item") -> "Item":
        """Put an item into this one, behind the others; return it."""
        child._parent = self
        if self.is_ordered and self.children:
            child._previous = self.children[-1]
            self.children[-1]._next = child
        self.children.append(child)
        return child

    @property
    def cost(self) -> int:
        """How many characters it takes to write it, with what it reserves."""
        cost = len(self.text) + len(self.end)
        if self.is_ordered and self.children:
            cost += len(self.children[0].instead)
        if self._parent is not None and self._parent.is_ordered:
            # What it reserves for the next one takes the place of what was reserved for itself.
            cost += (len(self._next.instead) if self._next is not None else 0) - len(
                self.instead
            )
        if self.has_note:
            total = _counts(part for child in self.children for part in all_items(child))
            cost += len(_note(total, total))
        return cost

    def unwritten_line(self) -> "list[Item]":
        """Return it and the unwritten items that it stands in, or nothing if it is too early."""
        line: list[Item] = []
        item: Item | None = self
        while item is not None and not item.is_written:
            if item._previous is not None and not item._previous.is_written:
                return []
            line.append(item)
            item = item._parent
        return line


def select(root: Item, limit: int) -> None:
    """Mark the items that are written; `root` always is, whatever the limit."""
    items = list(all_items(root))
    for item in items:
        item.is_written = item is root
    room = limit - root.cost
    ranked = (item for item in items if item.rank is not None)
    for item in sorted(ranked, key=lambda item: item.rank or Rank.HEAD):
        line = item.unwritten_line()
        cost = sum(part.cost for part in line)
        if cost <= room:
            room -= cost
            for part in line:
                part.is_written = True


def text_of(item: Item) -> str:
    """Return what is written of an item, with all that stands in it."""
    if not item.is_written:
        return ""
    parts = [item.text]
    for child in item.children:
        if child.is_written:
            parts.append(text_of(child))
        elif item.is_ordered:
            parts.append(child.instead)
            break
    note = _note(written(item), missing(item)) if item.has_note else ""
    return "".join((*parts, item.end, note))


def written(item: Item) -> Counter[str]:
    """Return how much of each kind is written of an item."""
    return _counts(part for part in all_items(item) if part.is_written)


def missing(item: Item) -> Counter[str]:
    """Return how much of each kind is left out of an item."""
    return _counts(part for part in all_items(item) if not part.is_written)


def left_out_text(counts: Mapping[str, int]) -> str:
    """Return what is left out: `32 values, 4 error texts`."""
    return ", ".join(counted(number, noun) for noun, number in counts.items() if number)


def _note(shown: Mapping[str, int], left_out: Mapping[str, int]) -> str:
    parts = [
        f"{shown.get(noun, 0):,} of {counted(shown.get(noun, 0) + number, noun)}"
        for noun, number in left_out.items()
    ]
    return f"<sub>{', '.join(parts)} shown</sub>\n\n" if parts else ""


def _counts(items: Iterable[Item]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for item in items:
        if item.noun:
            counts[item.noun] += item.count
    return counts


def all_items(item: Item) -> Iterator[Item]:
    """Give an item and all that stands in it, in the order of the report."""
    yield item
    for child in item.children:
        yield from all_items(child)
