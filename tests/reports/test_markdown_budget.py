"""What is written when not all of a report fits: whole items, and a count of all others."""

import re
from collections.abc import Iterable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.reports.markdown_budget import (
    Item,
    Rank,
    all_items,
    missing,
    select,
    text_of,
    written,
)
from remote_backend.reports.summary import Report
from remote_backend.reports.to_markdown import to_markdown
from tests.support.markdown import assert_valid, left_out, section_counts
from tests.support.report_builders import change, outcome, plan, report, update

NOUNS = ("address", "value", "line")


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> Item:
    """Return an item with items inside it, of any rank and size."""
    is_structure = draw(st.booleans())
    item = Item(
        "x" * draw(st.integers(0, 30)),
        None if is_structure else draw(st.sampled_from(Rank)),
        "" if is_structure else draw(st.sampled_from(NOUNS)),
        draw(st.integers(1, 12)),
        end="." * draw(st.integers(0, 5)),
        is_ordered=draw(st.booleans()),
        instead="?" * draw(st.integers(0, 9)),
        has_note=draw(st.booleans()),
    )
    for child in draw(st.lists(trees(depth - 1), max_size=4)) if depth else ():
        item.add(child)
    return item


@settings(max_examples=200, deadline=None)
@given(tree=trees(), room=st.integers(0, 400))
def test_the_budget_holds_for_any_tree(tree: Item, room: int) -> None:
    """What is written takes no more than the limit, and all that is counted is written or missing."""
    everything = written(tree)
    least = tree.cost
    select(tree, least + room)
    assert len(text_of(tree)) <= least + room
    assert written(tree) + missing(tree) == everything


@settings(max_examples=100, deadline=None)
@given(tree=trees(), room=st.integers(0, 400))
def test_an_item_is_written_within_the_items_that_it_stands_in(
    tree: Item, room: int
) -> None:
    """In a list whose items build on each other, nothing stands behind a gap."""
    select(tree, tree.cost + room)
    for item in all_items(tree):
        if not item.is_written:
            assert not any(child.is_written for child in item.children)
        elif item.is_ordered:
            marks = [child.is_written for child in item.children]
            assert marks == sorted(marks, reverse=True)


def test_important_items_come_first_and_smaller_ones_fill_the_rest() -> None:
    """The order is that of the ranks; a large item does not keep a later small one out."""
    root = Item("")
    for text, rank in (
        ("value", Rank.VALUES),
        ("a large address", Rank.ADDRESSES),
        ("db", Rank.DESTROYED),
        ("v", Rank.VALUES),
    ):
        root.add(Item(text, rank))
    select(root, 5)
    assert text_of(root) == "dbv"


def test_what_is_left_out_is_counted_where_it_was() -> None:
    """A list ends with the number of its rest, and a section with a note."""
    root = Item("")
    section = root.add(Item("", Rank.HEAD, has_note=True))
    names = section.add(Item("In ", Rank.HEAD, is_ordered=True))
    names.add(Item("a", Rank.HEAD, "name"))
    names.add(Item(", bbbbbbbbbbbbbbbbbbbbbb", Rank.NAMES, "name", instead=" and 1 more"))
    select(root, 50)
    assert text_of(root) == "In a and 1 more<sub>1 of 2 names shown</sub>\n\n"


ERROR = Failure(
    kind=FailureKind.TERRAFORM,
    title="Unsupported argument",
    text="Error: Unsupported argument\n"
    + "\n".join(f"line {n} ``` </details>" for n in range(90)),
)


def large_update(address: str, number: int) -> dict[str, object]:
    """Return an update with values, long texts and JSON."""
    before = {f"a{n}": f"old {n}" for n in range(6)}
    after = {f"a{n}": f"new {n} {number}" for n in range(6)}
    before["script"] = "\n".join(f"echo {n}" for n in range(60))
    after["script"] = "\n".join(f"printf {n} {number}" for n in range(60))
    before["policy"] = '{"Action": ["read"], "Effect": "Allow"}'
    after["policy"] = f'{{"Action": ["write", "{number}"], "Effect": "Allow"}}'
    return change(address, "update", change={"before": before, "after": after})


def outcomes_of(number: int) -> Iterable[Outcome]:
    """Give many workspaces: errors, destroys, changes in groups of some size, unchanged ones."""
    kinds = max(2, number // 12)
    for n in range(number):
        name = f"{('dev', 'prod', 'stage')[n % 3]}-eu-{n:03}"
        kind = n % kinds
        if n % 7 == 0:
            title = f"Unsupported argument {'abcdefghij'[kind % 10]}"
            failure = Failure(kind=ERROR.kind, title=title, text=ERROR.text)
            yield outcome(name, result=Result.FAILED, failure=failure)
        elif n % 7 == 1:
            addresses = [f"aws_eip.e{k}" for k in range(kind + 1)]
            yield outcome(name, plan(*(change(address, "delete") for address in addresses)))
        elif n % 7 < 5:
            yield outcome(
                name, plan(large_update(f"aws_x.r{kind}", 1), update("aws_y.z", "1", "2"))
            )
        else:
            yield outcome(name)


@cache
def batch_of(number: int) -> Report:
    """Return the report of a batch of so many workspaces."""
    return report(*outcomes_of(number))


@cache
def whole_text(number: int) -> str:
    """Return such a report without a limit."""
    return to_markdown(batch_of(number), most_characters=10_000_000)


@pytest.mark.parametrize("number", [8, 40, 300, 1000])
@pytest.mark.parametrize("limit", [500, 2_000, 8_000, 65_536])
def test_reports_of_any_size_fit(number: int, limit: int) -> None:
    """Closed fences and tags, no line cut, and a count of all that is missing (N36)."""
    assert_report_fits(number, limit)


@settings(max_examples=40, deadline=None)
@given(limit=st.integers(500, 70_000))
def test_reports_fit_into_any_limit(limit: int) -> None:
    """Every limit from 500 characters on."""
    assert_report_fits(40, limit)


def assert_report_fits(number: int, limit: int) -> None:
    """Check a cut report against the whole one."""
    whole = whole_text(number)
    text = to_markdown(batch_of(number), most_characters=limit)
    assert len(text) <= limit
    assert_valid(text)
    lines = set(whole.splitlines())
    counts = re.compile(r"(and|in|of|more|Left out|shown|\u2026)")
    assert [
        line for line in text.splitlines() if line not in lines and not counts.search(line)
    ] == []
    assert ("Left out" in text) == (len(whole) > limit)
    total, kept = section_counts(whole), section_counts(text)
    assert kept + left_out(text) == total
    assert "Left out" not in whole
