"""Sets of outcomes with the families and groups that a person would make of them."""

import pytest

from remote_backend.models.changes import Diagnostic, PlannedChanges
from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.groups import group_outcomes
from tests.support.report_builders import change, outcome, plan, update


def failed(name: str, reason: str, *causes: Diagnostic) -> Outcome:
    """Return a plan that failed, with what the engine said when it is known."""
    changes = PlannedChanges(diagnostics=causes) if causes else None
    return outcome(name, changes, result=Result.FAILED, reason=reason)


def error(text: str, detail: str = "") -> Diagnostic:
    """Return an error of the engine."""
    return Diagnostic(severity="error", summary=text, detail=detail)


ROUTE = update("aws_route.a", "1", "2")
SETS = {
    "all alike": (
        [outcome(name, plan(ROUTE)) for name in ("a1", "b1", "c1")],
        [[("a1", "b1", "c1")]],
    ),
    "other values": (
        [
            outcome("a1", plan(update("aws_route.a", "1", "2"))),
            outcome("b1", plan(update("aws_route.a", "1", "3"))),
            outcome("c1", plan(update("aws_route.a", "1", "2"))),
        ],
        [[("a1", "c1"), ("b1",)]],
    ),
    "other starting values": (
        [
            outcome("a1", plan(update("aws_route.a", "1", "2"))),
            outcome("b1", plan(update("aws_route.a", "0", "2"))),
        ],
        [[("a1", "b1")]],
    ),
    "the name in a value": (
        [
            outcome(n, plan(update("aws_route.a", f"x-{n}-y", f"{n}.test")))
            for n in ("dev", "eu-7")
        ],
        [[("dev", "eu-7")]],
    ),
    "the full name in a value": (
        [outcome(n, plan(update("aws_a.a", "", f"net-{n}/id"))) for n in ("dev", "eu-7")],
        [[("dev", "eu-7")]],
    ),
    "a name within a word is another word": (
        [
            outcome("eu", plan(update("aws_route.a", "1", "europe"))),
            outcome("us", plan(update("aws_route.a", "1", "usrope"))),
        ],
        [[("eu",), ("us",)]],
    ),
    "a name that begins with another": (
        [outcome(n, plan(update("aws_route.a", "1", n))) for n in ("dev", "dev-2")],
        [[("dev", "dev-2")]],
    ),
    "a name of another workspace is a difference": (
        [
            outcome("dev", plan(update("aws_route.a", "1", "dev"))),
            outcome("prod", plan(update("aws_route.a", "1", "prod"))),
            outcome("eu", plan(update("aws_route.a", "1", "dev"))),
        ],
        [[("dev", "prod"), ("eu",)]],
    ),
    "a constant that is the name of one workspace": (
        [
            outcome("dev", plan(update("aws_route.a", "1", "dev"))),
            outcome("prod", plan(update("aws_route.a", "1", "dev"))),
        ],
        [[("dev", "prod")]],
    ),
    "a name in the address of all": (
        [
            outcome(name, plan(change("aws_route_table.main", "delete")))
            for name in ("main", "other")
        ],
        [[("main", "other")]],
    ),
    "parts of the name": (
        [
            outcome(name, plan(update("aws_route.a", "1", f"zone {name[4:]}")))
            for name in ("dev-eu-west-1", "prd-us-east-2")
        ],
        [[("dev-eu-west-1", "prd-us-east-2")]],
    ),
    "a short part is a value": (
        [
            outcome(name, plan(update("aws_route.a", "1", name[:3])))
            for name in ("dev-1", "prd-1")
        ],
        [[("dev-1",), ("prd-1",)]],
    ),
    "a part at another place": (
        [
            outcome("east-west", plan(update("aws_route.a", "1", "east"))),
            outcome("west-east", plan(update("aws_route.a", "1", "east"))),
            outcome("east-north", plan(update("aws_route.a", "1", "north"))),
        ],
        [[("west-east", "east-north"), ("east-west",)]],
    ),
    "the name decides the order of addresses": (
        [
            outcome(
                name,
                plan(
                    *sorted(
                        (change(f'aws_x.y["{key}"]', "create") for key in (name, "m")),
                        key=lambda one: str(one["address"]),
                    )
                ),
            )
            for name in ("aa", "zz")
        ],
        [[("aa", "zz")]],
    ),
    "one more resource": (
        [
            outcome("a1", plan(ROUTE)),
            outcome("b1", plan(ROUTE, change("aws_x.y", "create"))),
            outcome("c1", plan(ROUTE)),
        ],
        [[("a1", "c1")], [("b1",)]],
    ),
    "danger before size": (
        [
            *(outcome(f"u{n}", plan(ROUTE)) for n in range(3)),
            *(outcome(f"d{n}", plan(change("aws_x.y", "delete"))) for n in range(4)),
            outcome("n1"),
            failed("f1", "the run errored"),
        ],
        [[("f1",)], [("d0", "d1", "d2", "d3")], [("u0", "u1", "u2")], [("n1",)]],
    ),
    "changes before creations where as many workspaces have them": (
        [
            outcome("a1", plan(output_changes={"o": {"actions": ["create"], "after": 1}})),
            outcome("b1", plan(change("aws_x.y", "create"))),
            outcome("c1", plan(ROUTE)),
        ],
        [[("c1",)], [("b1",)], [("a1",)]],
    ),
    "outputs alone": (
        [
            outcome(
                name,
                plan(output_changes={"o": {"actions": ["create"], "after": after}}),
            )
            for name, after in (("a1", "x"), ("b1", "y"), ("c1", "x"))
        ],
        [[("a1", "c1"), ("b1",)]],
    ),
    "drift alone": (
        [
            outcome(name, plan(resource_drift=[change("aws_x.y", *actions)]))
            for name, actions in (
                ("a1", ("update",)),
                ("b1", ("delete",)),
                ("c1", ("update",)),
            )
        ],
        [[("a1", "c1")], [("b1",)]],
    ),
    "failures by what the engine said": (
        [
            failed("a1", "the run errored", error("no such zone", "zone a1 is unknown")),
            failed("b1", "the run errored", error("no such zone", "zone b1 is unknown")),
            failed("c1", "the run errored", error("no rights")),
            failed("d1", "the run errored"),
        ],
        [[("a1", "b1")], [("c1",)], [("d1",)]],
    ),
    "failures whose reason carries the name": (
        [failed(name, f"net-{name} is locked by ann") for name in ("dev", "prod")],
        [[("dev", "prod")]],
    ),
    "letters of any language": (
        [
            outcome(n, plan(update("aws_route.a", "1", f"gr\u00fcn {n}")))
            for n in ("k\u00f6ln", "\u6771\u4eac")
        ],
        [[("k\u00f6ln", "\u6771\u4eac")]],
    ),
    "a check that fails in one of them": (
        [
            outcome("a1", plan(ROUTE)),
            outcome(
                "b1",
                plan(
                    ROUTE,
                    checks=[
                        {"address": {"kind": "check"}, "instances": [{"status": "fail"}]}
                    ],
                ),
            ),
            outcome("c1", plan(ROUTE)),
        ],
        [[("a1", "c1")], [("b1",)]],
    ),
}


@pytest.mark.parametrize("name", SETS)
def test_the_right_groups(name: str) -> None:
    """In the order of importance; groups that differ in new values alone are one family."""
    outcomes, families = SETS[name]
    found = group_outcomes(outcomes)
    assert [[group.workspaces for group in one.groups] for one in found] == families


def test_a_failure_is_named_by_its_first_error() -> None:
    """Not by the status of the run."""
    broken = failed("a1", "the run errored", error("no such zone"), error("no rights"))
    [family] = group_outcomes([broken])
    assert family.title == "no such zone"
