"""Families and groups: what is in one group differs only in what its table shows."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_backend.models.changes import Diagnostic, PlannedChanges
from remote_backend.models.failure import Failure, FailureKind, Place
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.values import ABSENT, UNKNOWN, Value
from remote_backend.plans.differences import Difference, Side
from remote_backend.plans.groups import Family, group_outcomes
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.plans.titles import title_of
from remote_backend.plans.workspace_names import name_items, names_text
from tests.support.paths import SAMPLES
from tests.support.report_builders import change, outcome, plan, update

NAMES = ("dev-eu-west", "prod-eu-west", "prod-us-east", "test-us-east")
TEXTS = ("a", "dev", "prod", "eu-west", "us-east", "prod-eu-west", "x.dev-eu-west.y", "")


@st.composite
def plans(draw: st.DrawFn) -> PlannedChanges:
    """Return a small plan, so that many are alike; values may carry names of workspaces."""
    attribute = st.one_of(
        st.sampled_from(TEXTS), st.lists(st.sampled_from(TEXTS), max_size=3), st.none()
    )
    changes = []
    for address in ("a.x", "a.y"):
        action = draw(st.sampled_from(["update", "update", "create", "delete", "no-op"]))
        inner: dict[str, Any] = {
            "before": {"v": draw(attribute)} if action != "create" else None,
            "after": {"v": draw(attribute)} if action != "delete" else None,
        }
        if action in ("update", "create") and draw(st.integers(0, 5)) == 0:
            inner["after_unknown"] = {"v": True}
        changes.append(change(address, action, change=inner))
    outputs = {"o": {"actions": ["update"], "before": "a", "after": draw(attribute)}}
    return plan(*changes, output_changes=outputs if draw(st.booleans()) else {})


def facts_of(one: Outcome) -> dict[tuple[Any, ...], list[Value]]:
    """Return all values of a plan by place, path and side; elements of lists by their list."""
    facts: dict[tuple[Any, ...], list[Value]] = {}
    assert one.changes is not None
    parts = [(resource.address, resource.attributes) for resource in one.changes.resources]
    parts += [
        (f"output {output.name}", output.attributes) for output in one.changes.outputs
    ]
    for place, attributes in parts:
        for attribute in attributes:
            is_element = attribute.path[-1:] != () and isinstance(attribute.path[-1], int)
            path = attribute.path[:-1] if is_element else attribute.path
            facts.setdefault((place, path, Side.BEFORE), []).append(attribute.before)
            facts.setdefault((place, path, Side.AFTER), []).append(attribute.after)
    return facts


def tells_apart(difference: Difference, one: str, other: str) -> bool:
    """Say whether a table shows that two workspaces have different values."""
    for value in difference.values:
        if {one, other} <= {*value.workspaces}:
            return value.value is None
    return True


def unseen(family: Family, one: Outcome, other: Outcome) -> Iterator[tuple[Any, ...]]:
    """Give the values of two members that differ without a line in the table."""
    facts, others = facts_of(one), facts_of(other)
    for key in facts.keys() | others.keys():
        if facts.get(key, [ABSENT]) != others.get(key, [ABSENT]) and not any(
            (difference.place, difference.path, difference.side) == key
            and tells_apart(difference, one.workspace, other.workspace)
            for difference in family.differences
        ):
            yield key


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(plans(), min_size=4, max_size=4))
def test_a_family_differs_only_in_what_its_table_shows(made: list[PlannedChanges]) -> None:
    """For every two members, every value is the same, or a line tells them apart (N01)."""
    outcomes = [
        outcome(name, changes, result=Result.CHANGES)
        for name, changes in zip(NAMES, made, strict=True)
    ]
    families = group_outcomes(outcomes)
    assert sorted(name for family in families for name in family.workspaces) == sorted(
        NAMES
    )
    for family in families:
        for one, other in combinations(family.outcomes, 2):
            assert list(unseen(family, one, other)) == []
            assert one.changes is not None and other.changes is not None
            assert [(c.address, c.action) for c in one.changes.resources] == [
                (c.address, c.action) for c in other.changes.resources
            ]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(plans(), min_size=4, max_size=4))
def test_new_values_in_a_group_are_equal_or_carry_the_name(
    made: list[PlannedChanges],
) -> None:
    """Other new values make another group of the family."""
    outcomes = [
        outcome(name, changes, result=Result.CHANGES)
        for name, changes in zip(NAMES, made, strict=True)
    ]
    for family in group_outcomes(outcomes):
        for group in family.groups:
            for difference in group.differences:
                if difference.side is Side.AFTER:
                    assert [value.value for value in difference.values] == [None]


def value(raw: Any) -> Value:
    """Return a value that is known."""
    return Value(value=raw)


def test_real_plans_of_states_with_ids_of_their_own() -> None:
    """Terraform 1.15 planned them: workspaces that differ only in names and ids are alike (A5)."""
    outcomes = [
        outcome(path.stem, parse_json_plan(path.read_bytes()))
        for path in sorted((SAMPLES / "plans" / "eight").glob("*.json"))
    ]
    everyone = [one.workspace for one in outcomes]
    families = group_outcomes(outcomes)
    assert [
        (names_text(name_items(family.workspaces, everyone)), family.title)
        for family in families
    ] == [
        (
            "all prod-*",
            "replaces terraform_data.db, destroys terraform_data.legacy, changes 2, creates 4, moves 1",
        ),
        (
            "dev-eu-west-1, sandbox-us-east-1, staging-eu-west-1",
            "destroys terraform_data.legacy, changes 2, creates 1, moves 1",
        ),
        ("empty-eu-west-1", "creates 11"),
    ]
    assert [len(family.groups) for family in families] == [1, 1, 1]
    new = [
        difference
        for difference in families[0].differences
        if difference.side is Side.AFTER
    ]
    assert [one.place for one in new] == [
        "terraform_data.always", "terraform_data.policy", "terraform_data.user_data",
    ]  # fmt: skip
    assert all(difference.is_each_its_own for difference in families[0].differences)


def test_old_values_and_ids_do_not_separate() -> None:
    """Real objects have an id of their own before they are replaced or destroyed (A5)."""
    outcomes = []
    for number, name in enumerate(("prod-eu", "prod-us", "dev-eu")):
        replaced = change(
            "aws_db.main", "delete", "create",
            change={
                "before": {"id": f"db-{number}", "size": 1}, "after": {"size": 2},
                "after_unknown": {"id": True}, "replace_paths": [["size"]],
            },
        )  # fmt: skip
        gone = {"id": f"i-{number}", **({"tag": 1} if number else {})}
        destroyed = change("aws_x.old", "delete", change={"before": gone, "after": None})
        imported = change("aws_x.in", "no-op", change={"importing": {"id": f"in-{number}"}})
        outcomes.append(outcome(name, plan(replaced, destroyed, imported)))

    [family] = group_outcomes(outcomes)

    assert len(family.groups) == 1
    assert family.title == "replaces aws_db.main, destroys aws_x.old, imports 1"
    was = {
        (difference.place, difference.path): difference for difference in family.differences
    }
    assert {difference.side for difference in family.differences} == {Side.BEFORE}
    assert was["aws_db.main", ("id",)].is_each_its_own
    assert was["aws_x.in", ("import_id",)].is_each_its_own
    tag = was["aws_x.old", ("tag",)]
    assert [(one.value, one.workspaces) for one in tag.values] == [
        (ABSENT, ("prod-eu",)),
        (value(1), ("prod-us", "dev-eu")),
    ]


def test_details_of_warnings_are_values() -> None:
    """A check whose message names a number does not make a family of its own."""

    def warned(message: str) -> PlannedChanges:
        check = {
            "address": {"kind": "check", "to_display": "check.a"},
            "instances": [{"status": "fail", "problems": [{"message": message}]}],
        }
        return plan(change("a.x", "update"), checks=[check])

    messages = {"w1x": "3 days left", "w2x": "3 days left", "w3x": "5 days left"}
    [family] = group_outcomes(
        [outcome(name, warned(message)) for name, message in messages.items()]
    )
    assert [group.workspaces for group in family.groups] == [("w1x", "w2x"), ("w3x",)]
    assert family.title == "changes a.x; 1 has another detail"


def test_the_rarest_value_is_odd_and_first() -> None:
    """If less than a fifth of the workspaces have it."""
    values = {"a": 1, "b": 2, "c": 9}
    outcomes = [
        outcome(f"w{letter}{number}x", plan(update("aws_x.y", "0", letter)))
        for letter, count in values.items()
        for number in range(count)
    ]
    [family] = group_outcomes(outcomes)
    [difference] = family.differences
    assert [(one.value, len(one.workspaces), one.is_odd) for one in difference.values] == [
        (value("a"), 1, True),
        (value("b"), 2, True),
        (value("c"), 9, False),
    ]
    assert family.title == "changes aws_x.y; 3 have another cidr"
    assert [len(group.outcomes) for group in family.groups] == [9, 2, 1]


def test_many_variants_are_one_group() -> None:
    """If all differ, the difference is the rule, and the table shows it."""
    outcomes = [
        outcome(f"w{n}x", plan(update("aws_x.y", "0", f"10.{n}"))) for n in range(7)
    ]
    [family] = group_outcomes(outcomes)
    assert len(family.groups) == 1
    assert len(family.differences[0].values) == 7
    assert family.title == "changes aws_x.y; cidr differs"


def test_one_workspace_shows_its_true_text() -> None:
    """Its name in an address is a word of the configuration (N30)."""
    [family] = group_outcomes(
        [outcome("main", plan(change("aws_route_table.main", "delete")))]
    )
    assert family.title == "destroys aws_route_table.main"
    assert family.differences == ()


def test_a_set_is_compared_without_its_order() -> None:
    """Plans write sets sorted, so a name changes the place of an element."""
    outcomes = [
        outcome(
            name,
            plan(change("a.x", "create", change={"after": {"v": sorted(["m", name])}})),
        )
        for name in ("aa-1", "zz-1")
    ]
    [family] = group_outcomes(outcomes)
    assert len(family.groups) == 1


def test_where_an_element_comes_in_is_shown() -> None:
    """The same element at another place of another list is not the same change."""
    lists = ((["a", "b"], ["n", "a", "b"]), (["a", "b"], ["a", "b", "n"]))
    outcomes = [
        outcome(name, plan(change("a.x", "update", change={"before": {"v": old}, "after": {"v": new}})))
        for name, (old, new) in zip(("w1x", "w2x"), lists, strict=True)
    ]  # fmt: skip
    [family] = group_outcomes(outcomes)
    [difference] = family.differences
    assert (difference.side, difference.path) == (Side.INDEX, ("v",))
    assert [one.value for one in difference.values] == [value(0), value(2)]


def deferred(*addresses: str) -> dict[str, Any]:
    """Return the member of a plan with deferred changes."""
    changes = [change(address, "create") for address in addresses]
    return {
        "deferred_changes": [{"reason": "r", "resource_change": one} for one in changes]
    }


TITLES: dict[str, tuple[PlannedChanges | None, str]] = {
    "danger first, then numbers": (
        plan(
            *(change(f"a.u{n}", "update") for n in range(2)), change("a.d", "delete"),
            change("a.r", "delete", "create"), *(change(f"a.c{n}", "create") for n in range(4)),
            change("a.m", "no-op", previous_address="a.o"),
        ),
        "replaces a.r, destroys a.d, changes 2, creates 4, moves 1",
    ),
    "a second kind is named if it is single": (
        plan(
            change("a.r1", "create", "delete"), change("a.r2", "delete", "create"),
            *(change(f"a.d{n}", "delete") for n in range(5)),
        ),
        "replaces a.r1 and 1 more, destroys 5",
    ),
    "a change alone": (plan(change("a.u", "update")), "changes a.u"),
    "harmless changes": (plan(*(change(f"a.c{n}", "create") for n in range(3))), "creates 3"),
    "a forgotten object": (
        plan(change("a.f", "forget"), change("a.c", "create")), "forgets a.f, creates 1",
    ),
    "a deposed object": (
        plan(change("a.d", "delete", deposed="1234abcd")),
        "destroys a.d (deposed object 1234abcd)",
    ),
    "an action of a later Terraform": (plan(change("a.x", "renew")), "renew a.x"),
    "outputs alone": (
        plan(output_changes={f"o{n}": {"actions": ["create"], "after": 1} for n in range(5)}),
        "changes outputs o0, o1, o2 and 2 more",
    ),
    "drift alone": (
        plan(resource_drift=[change("a.x", "update"), change("a.y", "delete")]),
        "a.y deleted outside, a.x changed outside",
    ),
    "deferred changes": (plan(**deferred("a.x", "a.y")), "defers 2"),
    "actions of providers alone (N33)": (
        plan(action_invocations=[{"address": "action.a.b"}]), "invokes action.a.b",
    ),
    "parts that nobody knows": (plan(ghost_changes=[1]), "1 part not understood"),
    "no details": (None, "+1 ~2, details not available"),
}  # fmt: skip


@pytest.mark.parametrize("name", TITLES)
def test_titles_are_words(name: str) -> None:
    """The most dangerous kind names an address."""
    changes, title = TITLES[name]
    counts = Counts(1, 2, 0, 0)
    made = Outcome(
        workspace="w", full_name="w", result=Result.CHANGES, changes=changes, counts=counts
    )
    assert title_of(made) == title


def test_plans_without_details_are_grouped_by_their_numbers() -> None:
    """A plan that destroys something comes first, even without details."""
    numbers = {"a1": Counts(1, 0, 0, 0), "b1": Counts(1, 0, 2, 0), "c1": Counts(1, 0, 0, 0)}
    outcomes = [
        Outcome(workspace=name, full_name=name, result=Result.CHANGES, counts=counts)
        for name, counts in numbers.items()
    ]
    families = group_outcomes(outcomes)
    assert [family.workspaces for family in families] == [("b1",), ("a1", "c1")]
    assert [family.is_destructive for family in families] == [True, False]


def test_errors_are_grouped_by_the_first_one() -> None:
    """Different errors are never one group; names, ids and numbers do not separate (A4)."""

    def failed(name: str, title: str, detail: str, line: int = 1) -> Outcome:
        failure = Failure(
            kind=FailureKind.TERRAFORM, title=title, text=detail, detail=detail,
            place=Place(file="main.tf", line=line),
        )  # fmt: skip
        return outcome(name, result=Result.FAILED, failure=failure)

    families = group_outcomes(
        [
            failed("dev", "No role", "net-dev has no role i-0123456789abcdef0"),
            failed("prod", "No role", "net-prod has no role i-0fedcba9876543210"),
            failed("odd", "No role", "net-odd has no role i-0fedcba9876543210", line=2),
            failed("other", "Wrong type", "a number is needed"),
        ]
    )
    assert [(family.workspaces, family.title) for family in families] == [
        (("dev", "prod"), "No role (main.tf:1)"),
        (("odd",), "No role (main.tf:2)"),
        (("other",), "Wrong type (main.tf:1)"),
    ]


def test_an_error_of_the_details_is_better_than_the_status_of_the_run() -> None:
    """As for batches of an older journal, whose details are read later."""
    error = Diagnostic(
        severity="error", summary="No role", place="main.tf:7", detail="none"
    )
    made = outcome(
        "dev", PlannedChanges(diagnostics=(error,)), result=Result.FAILED, reason="the run errored"
    )  # fmt: skip
    assert group_outcomes([made])[0].title == "No role (main.tf:7)"


@pytest.mark.parametrize(
    ("members", "text"),
    [
        (("prod-a", "prod-b"), "all prod-*"),
        (("prod-a",), "prod-a"),
        (("dev-a-1", "dev-a-2", "prod-a"), "all dev-a-*, prod-a"),
        (("dev-a-1", "dev-a-2", "dev-b", "prod-a"), "all dev-*, prod-a"),
        (
            ("solo", "prod-a", "dev-b", "dev-a-1", "prod_c"),
            "solo, prod-a, dev-b and 2 more",
        ),
    ],
)
def test_names_are_joined(members: tuple[str, ...], text: str) -> None:
    """A pattern stands only for workspaces that are all in the group."""
    everyone = ("prod-a", "prod-b", "prod_c", "dev-a-1", "dev-a-2", "dev-b", "solo")
    assert names_text(name_items(members, everyone)) == text


def test_an_unknown_value_is_not_compared() -> None:
    """Nor is a value that both hide; but unknown is not the same as known."""
    outcomes = []
    for name, after in (("w1x", {"v": 1}), ("w2x", {}), ("w3x", {})):
        inner: dict[str, Any] = {"before": {"v": 0}, "after": after}
        inner["after_unknown"] = {} if after else {"v": True}
        outcomes.append(outcome(name, plan(change("a.x", "update", change=inner))))
    families = group_outcomes(outcomes)
    assert [family.workspaces for family in families] == [("w2x", "w3x"), ("w1x",)]
    shown = families[0].shown.changes
    assert shown is not None and shown.resources[0].attributes[0].after == UNKNOWN
