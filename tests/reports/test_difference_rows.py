"""Differences of a group as rows: short, and still different."""

from remote_backend.plans.groups import group_outcomes
from remote_backend.reports.difference_rows import DifferenceRow, difference_rows
from tests.support.report_builders import change, outcome, plan, update

SAME = "x" * 2100


def test_long_values_are_shown_where_they_differ() -> None:
    """Two texts that begin alike do not look the same, and say where their parts are from (N01)."""
    cidrs = {"w1x": "172.16.0.0/12", "w2x": "0.0.0.0/0"}
    outcomes = [
        outcome(name, plan(update("aws_x.y", "", f"{SAME}{cidr}")))
        for name, cidr in cidrs.items()
    ]
    rows, more = difference_rows(group_outcomes(outcomes)[0].differences)
    assert more == 0
    assert [(row.value, row.workspaces) for row in rows] == [
        (f'...{"x" * 30}172.16.0.0/12" (from character 2,072 of 2,115)', ("w1x",)),
        (f'...{"x" * 30}0.0.0.0/0" (from character 2,072 of 2,111)', ("w2x",)),
    ]


def test_values_by_name_are_one_row() -> None:
    """And so are old values of which each workspace has its own."""
    names = ("dev", "prod", "test")
    outcomes = [
        outcome(name, plan(update("aws_x.y", f"id-{number}", f"net {name}")))
        for number, name in enumerate(names)
    ]
    rows, _ = difference_rows(group_outcomes(outcomes)[0].differences)
    assert rows == (
        DifferenceRow("aws_x.y cidr", "each its own", ()),
        DifferenceRow("was aws_x.y cidr", "each its own", ()),
    )


def test_old_values_of_their_own_are_one_row_together() -> None:
    """Ids of replaced objects would fill the table."""
    outcomes = [
        outcome(f"w{n}x", plan(*(update(f"a.r{m}", f"{n}", "new") for m in range(15))))
        for n in range(3)
    ]
    rows, more = difference_rows(group_outcomes(outcomes)[0].differences)
    assert rows == (DifferenceRow("was a.r0 cidr and 14 more", "each its own", ()),)
    assert more == 0


def test_rows_that_do_not_fit_are_counted() -> None:
    """Nothing is left out without a number."""
    outcomes = [
        outcome(f"w{n}x", plan(*(update(f"a.r{m}", f"{n % 2}", "new") for m in range(15))))
        for n in range(4)
    ]
    rows, more = difference_rows(group_outcomes(outcomes)[0].differences)
    assert (len(rows), more) == (20, 10)


def test_an_odd_value_is_marked() -> None:
    """A person sees the one that is not like the others."""
    outcomes = [
        outcome(f"w{n}x", plan(change("a.b", "create", change={"after": {"v": n == 0}})))
        for n in range(6)
    ]
    rows, _ = difference_rows(group_outcomes(outcomes)[0].differences)
    assert [(row.place, row.value, row.is_odd) for row in rows] == [
        ("a.b v", "true", True),
        ("a.b v", "false", False),
    ]
