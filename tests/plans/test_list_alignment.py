"""Elements of two lists that face each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.plans.list_alignment import Pair, align

letters = st.lists(st.sampled_from("abcd"), max_size=8)


def pairs_of(old: str, new: str, maps: str = "") -> list[tuple[int | None, int | None]]:
    """Return the pairs of two lists of letters, some of which stand for maps."""
    found = align(
        old, new, are_maps=lambda index, other: old[index] in maps and new[other] in maps
    )
    assert found is not None
    return [(pair.old, pair.new) for pair in found]


@pytest.mark.parametrize(
    ("old", "new", "maps", "pairs"),
    [
        ("", "", "", []),
        ("abc", "ac", "", [(0, 0), (1, None), (2, 1)]),
        ("ac", "abc", "", [(0, 0), (None, 1), (1, 2)]),
        ("abc", "axc", "", [(0, 0), (1, 1), (2, 2)]),
        ("abc", "axcd", "", [(0, 0), (1, None), (None, 1), (2, 2), (None, 3)]),
        ("abc", "axcd", "bx", [(0, 0), (1, 1), (2, 2), (None, 3)]),
        ("ab", "xyz", "abxy", [(0, 0), (1, 1), (None, 2)]),
        ("abc", "bcd", "", [(0, None), (1, 0), (2, 1), (None, 2)]),
    ],
)
def test_elements_that_are_equal_face_each_other(
    old: str, new: str, maps: str, pairs: list[tuple[int | None, int | None]]
) -> None:
    """Those between them are paired if the list keeps its length, or if both are maps."""
    assert pairs_of(old, new, maps) == pairs


@given(letters, letters)
def test_every_element_is_there_once(old: list[str], new: list[str]) -> None:
    """In its order, on both sides; and what is in both lists alike is never all of it taken out."""
    pairs = align(old, new, are_maps=lambda index, other: False)
    assert pairs is not None
    if {*old} & {*new}:
        assert any(
            pair.old is not None and pair.new is not None and old[pair.old] == new[pair.new]
            for pair in pairs
        )
    assert [pair.old for pair in pairs if pair.old is not None] == [*range(len(old))]
    assert [pair.new for pair in pairs if pair.new is not None] == [*range(len(new))]


def test_a_long_list_with_one_change_is_aligned() -> None:
    """What is the same at both ends needs no search."""
    old = [str(number) for number in range(20_000)]
    new = old[:9_000] + old[9_001:]
    pairs = align(old, new, are_maps=lambda index, other: False)
    assert pairs is not None
    assert [pair for pair in pairs if pair.new is None] == [Pair(9_000, None)]


def test_lists_that_would_take_seconds_are_not_aligned() -> None:
    """Then a list counts as one value."""
    old = [str(number) for number in range(2_000)]
    assert align(old, old[::-1], are_maps=lambda index, other: False) is None
