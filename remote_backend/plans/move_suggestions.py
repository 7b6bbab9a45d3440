"""Moves that the plans of a batch suggest, with `moved` blocks to paste.

A move is suggested only where all workspaces agree: a workspace that destroys and creates the same two
objects with values that differ, or whose object fits to another one, is an exception that is listed.

A renamed module, or a renamed block with several instances, is one move: where all that is destroyed
below an address is perhaps moved to the same place below another one, these two addresses are the move.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from remote_backend.models.changes import ResourceChange
from remote_backend.models.comparison import ChangeClass, Comparison, Section

__all__ = ("MoveSuggestion", "moved_block", "suggest_moves")

# `module.a`, `.aws_vpc.b` and the key of an instance.
_STEP = re.compile(
    r"\.?module\.[^.\[]+|\.?(?:data\.)?[^.\[]+\.[^.\[]+|\[(?:\"(?:[^\"\\\\]|\\\\.)*\"|\d+)\]"
)


@frozen(kw_only=True)
class MoveSuggestion:
    """A move that plans of a batch suggest."""

    source: str
    """The address that is destroyed: of an object, of all instances of a block, or of a module."""

    target: str
    workspaces: tuple[str, ...]
    """Those whose plans suggest it."""

    exceptions: tuple[str, ...] = ()
    """Those in which something else happens to one of the two objects."""

    @property
    def is_agreed(self) -> bool:
        """Whether a `moved` block would be right in all workspaces."""
        return not self.exceptions


def moved_block(suggestion: MoveSuggestion) -> str:
    """Return the block to paste into the configuration."""
    return f"moved {{\n  from = {suggestion.source}\n  to   = {suggestion.target}\n}}\n"


@frozen
class _Facts:
    """What one workspace destroys and creates."""

    partners: Mapping[str, str]
    """What is perhaps moved: the target by the source."""

    destroyed: frozenset[str]
    created: frozenset[str]

    def contradicts(self, source: str, target: str) -> bool:
        """Whether a move of one object would change what happens to it here."""
        if self.partners.get(source) == target:
            return False
        if source in self.partners or target in self.partners.values():
            return True
        return source in self.destroyed and target in self.created

    def moves_all(self, source: str, target: str) -> bool:
        """Whether all that is destroyed or created below two addresses is moved between them."""
        leaving = {one for one in self.destroyed if _is_within(one, source)}
        coming = {one for one in self.created if _is_within(one, target)}
        moved = {one: target + one[len(source) :] for one in leaving}
        return set(moved.values()) == coming and all(
            self.partners.get(old) == new for old, new in moved.items()
        )


def suggest_moves(comparisons: Mapping[str, Comparison]) -> tuple[MoveSuggestion, ...]:
    """Return the moves that the comparisons of a batch suggest, by names of workspaces."""
    facts = {name: _facts(comparison) for name, comparison in comparisons.items()}
    supporters: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    refused: list[MoveSuggestion] = []
    for (source, target), workspaces in _supporters(facts).items():
        exceptions = tuple(
            name for name, one in facts.items() if one.contradicts(source, target)
        )
        if exceptions:
            refused.append(_suggestion((source, target), workspaces, exceptions))
        else:
            pair = _most_general(source, target, facts.values())
            supporters[pair].update(dict.fromkeys(workspaces))
    agreed = (_suggestion(pair, workspaces) for pair, workspaces in supporters.items())
    return (*agreed, *refused)


def _suggestion(
    pair: tuple[str, str], workspaces: Iterable[str], exceptions: tuple[str, ...] = ()
) -> MoveSuggestion:
    source, target = pair
    return MoveSuggestion(
        source=source, target=target, workspaces=tuple(workspaces), exceptions=exceptions
    )


def _supporters(facts: Mapping[str, _Facts]) -> dict[tuple[str, str], list[str]]:
    supporters: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for workspace, one in facts.items():
        for pair in one.partners.items():
            supporters[pair].append(workspace)
    return supporters


def _facts(comparison: Comparison) -> _Facts:
    partners: dict[str, str] = {}
    addresses: defaultdict[str, set[str]] = defaultdict(set)
    for compared in comparison.changes:
        change = compared.head
        if (
            not isinstance(change, ResourceChange)
            or compared.section is not Section.RESOURCES
        ):
            continue
        addresses[change.action].add(change.address)
        is_moved = compared.change_class is ChangeClass.PERHAPS_MOVED
        if is_moved and change.action == "delete" and compared.partner:
            partners[change.address] = compared.partner
    return _Facts(partners, frozenset(addresses["delete"]), frozenset(addresses["create"]))


def _most_general(source: str, target: str, facts: Iterable[_Facts]) -> tuple[str, str]:
    """Return the shortest pair of addresses that moves this object and others rightly."""
    everyone = tuple(facts)
    for shorter, other in _shorter_pairs(source, target):
        if all(one.moves_all(shorter, other) for one in everyone):
            return shorter, other
    return source, target


def _shorter_pairs(source: str, target: str) -> Iterator[tuple[str, str]]:
    """Give the two addresses without equal steps at their ends, the shortest first."""
    steps, others = _STEP.findall(source), _STEP.findall(target)
    if "".join(steps) != source or "".join(others) != target:
        return
    same = 0
    while same < min(len(steps), len(others)) and _at_end(steps, same) == _at_end(
        others, same
    ):
        same += 1
    # What is left must name something: a module or a block, of one kind.
    for count in range(same, 0, -1):
        shorter, other = steps[: len(steps) - count], others[: len(others) - count]
        if shorter and other and _is_module(shorter[-1]) is _is_module(other[-1]):
            yield "".join(shorter), "".join(other)


def _at_end(steps: Sequence[str], number: int) -> str:
    return steps[-1 - number].removeprefix(".")


def _is_module(step: str) -> bool:
    return step.removeprefix(".").startswith("module.")


def _is_within(address: str, place: str) -> bool:
    return address.startswith(place) and address[len(place) : len(place) + 1] in (
        "",
        ".",
        "[",
    )
