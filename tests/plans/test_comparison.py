"""What a change of the configuration causes, apart from all that was pending anyway."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_backend.models.changes import (
    AttributeChange,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.comparison import (
    EFFECTIVE,
    ChangeClass,
    ComparedChange,
    Comparison,
    ComparisonResult,
    Section,
)
from remote_backend.models.values import ABSENT, SENSITIVE, UNKNOWN, Value
from remote_backend.plans.change_match import Matcher
from remote_backend.plans.comparison import ComparedPlans, compare_plans, effect_of
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.plans.move_suggestions import moved_block, suggest_moves
from remote_backend.plans.plan_time import TIME_OF_PLAN, PlanTime
from tests.support.report_builders import change, plan, update

CAUSED, UNDONE = ChangeClass.CAUSED, ChangeClass.UNDONE
PENDING, UNSURE = ChangeClass.PENDING, ChangeClass.PENDING_UNSURE
MOVED, PERHAPS_MOVED = ChangeClass.MOVED, ChangeClass.PERHAPS_MOVED
UNKNOWN_NOW, KNOWN_NOW = ChangeClass.UNKNOWN_NOW, ChangeClass.KNOWN_NOW
CANNOT_TELL = ChangeClass.CANNOT_TELL
NOTHING = PlannedChanges()


def classes(compared: ComparedPlans) -> dict[str, ChangeClass]:
    """Return the class of each change by address or name."""
    return {name_of(change): change.change_class for change in compared.changes}


def name_of(compared: ComparedChange) -> str:
    """Return what a change is called."""
    shown = compared.head or compared.base
    assert shown is not None
    name = shown.name if isinstance(shown, OutputChange) else shown.address
    return (
        name
        if compared.section is Section.RESOURCES
        else f"{compared.section.value} {name}"
    )


def compared(head: list[Any], base: list[Any], **more: Any) -> dict[str, ChangeClass]:
    """Return the classes of two lists of changes of resources."""
    return classes(compare_plans(plan(*head), plan(*base), **more))


def replace(address: str, path: str = "engine", **more: Any) -> dict[str, Any]:
    """Return a replacement that one attribute forces."""
    sides = {"before": {path: "a"}, "after": {path: "b"}, "replace_paths": [[path]]}
    return change(address, "delete", "create", change=sides, **more)


def create(address: str, unknown: dict[str, bool] | None = None, **values: Any) -> Any:
    """Return a create whose identifier is not known yet."""
    return change(
        address,
        "create",
        change={"after": values, "after_unknown": unknown or {"id": True}},
    )


def delete(address: str, **values: Any) -> Any:
    """Return a destroy of an object with an identifier."""
    return change(address, "delete", change={"before": {"id": "i-1", **values}})


def moved(address: str, source: str, *actions: str, **inner: Any) -> Any:
    """Return a change of an object that is moved."""
    return change(address, *(actions or ("no-op",)), previous_address=source, change=inner)


def with_unknown(address: str) -> Any:
    """Return an update whose new value is known after the apply only."""
    sides = {"before": {"cidr": "a"}, "after": {}, "after_unknown": {"cidr": True}}
    return change(address, "update", change=sides)


def secret(address: str, before: str, after: str) -> Any:
    """Return an update of a sensitive value."""
    return change(
        address,
        "update",
        change={
            "before": {"password": before},
            "after": {"password": after},
            "before_sensitive": {"password": True},
            "after_sensitive": {"password": True},
        },
    )


@pytest.mark.parametrize(
    ("head", "base"),
    [
        ([update("aws_vpc.a", "1", "2")], []),
        ([replace("aws_db.a")], [update("aws_db.a", "1", "2")]),
        ([update("aws_vpc.a", "1", "3")], [update("aws_vpc.a", "1", "2")]),
        ([replace("aws_db.a", "engine")], [replace("aws_db.a", "size")]),
    ],
    ids=["only in the head", "another action", "another value", "another forcing path"],
)
def test_what_the_base_does_not_do_is_caused(head: list[Any], base: list[Any]) -> None:
    """Caused: only in head, or other action, paths, new values or replacing paths than in base."""
    [result] = compared(head, base).values()

    assert result is CAUSED


def test_a_caused_change_has_the_value_of_the_base() -> None:
    """Shown in full with base and head value, and without the attributes that both plans have."""
    sides = {"before": {"cidr": "1", "name": "a"}, "after": {"cidr": "3", "name": "b"}}
    head = plan(change("aws_vpc.a", "update", change=sides))
    sides = {"before": {"cidr": "1", "name": "a"}, "after": {"cidr": "2", "name": "b"}}
    base = plan(change("aws_vpc.a", "update", change=sides))

    [only] = compare_plans(head, base).changes

    assert isinstance(only.shown, ResourceChange)
    [attribute] = only.shown.attributes
    assert (attribute.path, attribute.after, attribute.base) == (
        ("cidr",),
        Value(value="3"),
        Value(value="2"),
    )


def test_an_attribute_that_only_the_base_changes_is_shown_as_kept() -> None:
    """The head keeps what the base would change: a difference, with both values."""
    sides = {"before": {"cidr": "1", "name": "a"}, "after": {"cidr": "2", "name": "b"}}
    base = plan(change("aws_vpc.a", "update", change=sides))
    head = plan(
        change(
            "aws_vpc.a",
            "update",
            change={**sides, "after": {"cidr": "2", "name": "a"}},
        )
    )

    [only] = compare_plans(head, base).changes

    assert only.change_class is CAUSED
    assert isinstance(only.shown, ResourceChange)
    assert only.shown.attributes == (
        AttributeChange(
            path=("name",),
            before=Value(value="a"),
            after=Value(value="a"),
            base=Value(value="b"),
        ),
    )


@pytest.mark.parametrize(
    "both",
    [
        update("aws_vpc.a", "1", "2"),
        replace("aws_db.a"),
        delete("aws_vpc.a", cidr="1"),
        create("aws_vpc.a", cidr="1"),
        moved("aws_vpc.b", "aws_vpc.a"),
        with_unknown("aws_vpc.a"),
    ],
    ids=["update", "replace", "delete", "create", "move", "unknown"],
)
def test_what_both_plans_do_is_pending_anyway(both: Any) -> None:
    """Pending anyway: equal in both."""
    [result] = compared([both], [both]).values()

    assert result is PENDING


def test_what_only_the_base_does_is_undone() -> None:
    """Undone: in base, no-op or missing in head."""
    base = [update("aws_vpc.a", "1", "2"), update("aws_vpc.b", "1", "2")]
    head = [change("aws_vpc.b", "no-op")]

    assert compared(head, base) == {"aws_vpc.a": UNDONE, "aws_vpc.b": UNDONE}


@pytest.mark.parametrize(
    ("head", "base", "expected"),
    [
        (moved("aws_vpc.b", "aws_vpc.a"), [], {"aws_vpc.b": MOVED}),
        (
            moved(
                "aws_vpc.b",
                "aws_vpc.a",
                "update",
                before={"cidr": "1"},
                after={"cidr": "2"},
            ),
            [update("aws_vpc.a", "1", "2")],
            {"aws_vpc.b": MOVED},
        ),
        (
            moved(
                "aws_vpc.b",
                "aws_vpc.a",
                "update",
                before={"cidr": "1"},
                after={"cidr": "3"},
            ),
            [update("aws_vpc.a", "1", "2")],
            {"aws_vpc.b": CAUSED},
        ),
        (
            moved("aws_vpc.b", "aws_vpc.a"),
            [update("aws_vpc.a", "1", "2")],
            {"aws_vpc.b": MOVED, "aws_vpc.a": UNDONE},
        ),
        (
            moved("aws_vpc.c", "aws_vpc.a"),
            [moved("aws_vpc.b", "aws_vpc.a")],
            {"aws_vpc.c": MOVED},
        ),
    ],
    ids=["alone", "with a pending update", "and changed", "update undone", "elsewhere"],
)
def test_a_move_is_one_change(
    head: Any, base: list[Any], expected: dict[str, ChangeClass]
) -> None:
    """Moved: the head's previous address is the base's address, and the rest is equal."""
    assert compared([head], base) == expected


def test_a_destroy_and_a_create_with_equal_values_are_perhaps_a_move() -> None:
    """Perhaps moved: head deletes A and creates B of one type with equal known values."""
    head = plan(
        delete("aws_vpc.a", cidr="10.0.0.0/16", tags={}, arn="arn:1"),
        create("aws_vpc.b", {"id": True, "arn": True}, cidr="10.0.0.0/16", tags=None),
        create("aws_vpc.c", cidr="10.9.0.0/16"),
    )
    result = compare_plans(head, NOTHING)

    assert classes(result) == {
        "aws_vpc.a": PERHAPS_MOVED,
        "aws_vpc.b": PERHAPS_MOVED,
        "aws_vpc.c": CAUSED,
    }
    assert [one.partner for one in result.changes] == ["aws_vpc.b", "aws_vpc.a", None]


@pytest.mark.parametrize(
    ("head", "base"),
    [
        ([delete("aws_vpc.a", cidr="1"), create("aws_vpc.b", cidr="2")], []),
        ([delete("aws_vpc.a", cidr="1"), create("aws_subnet.b", cidr="1")], []),
        (
            [delete("aws_vpc.a", cidr="1"), create("aws_vpc.b", cidr="1")],
            [delete("aws_vpc.a", cidr="1")],
        ),
        ([delete("null_resource.a"), create("null_resource.b")], []),
    ],
    ids=["other values", "another type", "the base destroys it too", "nothing is known"],
)
def test_others_are_no_moves(head: list[Any], base: list[Any]) -> None:
    """A destroy and a create are two changes where their values differ, or nothing tells them."""
    assert PERHAPS_MOVED not in compared(head, base).values()


def test_of_many_that_fit_the_name_decides() -> None:
    """Equal objects are paired by name and key; what stays ambiguous is not suggested."""
    head = [
        *(delete(f'module.old["x.y"].aws_vpc.v["{key}"]', cidr="1") for key in "ab"),
        *(create(f'module.new.aws_vpc.v["{key}"]', cidr="1") for key in "ab"),
    ]
    result = compare_plans(plan(*head), NOTHING)

    assert [one.partner for one in result.changes][:2] == [
        'module.new.aws_vpc.v["a"]',
        'module.new.aws_vpc.v["b"]',
    ]
    ambiguous = [
        delete("aws_vpc.a", cidr="1"),
        create("aws_vpc.b", cidr="1"),
        create("aws_vpc.c", cidr="1"),
    ]
    assert set(compared(ambiguous, []).values()) == {CAUSED}


def test_values_that_are_unknown_on_one_side_are_no_other_values() -> None:
    """Unknown now, known now: what is known after the apply differs, the rest is equal."""
    known = update("aws_vpc.a", "a", "2")
    unknown = with_unknown("aws_vpc.a")

    assert compared([unknown], [known]) == {"aws_vpc.a": UNKNOWN_NOW}
    assert compared([known], [unknown]) == {"aws_vpc.a": KNOWN_NOW}


def test_an_unknown_map_covers_its_members() -> None:
    """A map that is unknown as a whole differs from one with known members in that alone."""

    def tags(after: Any, unknown: Any) -> Any:
        sides = {
            "before": {"tags": {"a": "1"}, "x": "1"},
            "after": {"tags": after, "x": "2"},
            "after_unknown": unknown,
        }
        return change("aws_vpc.a", "update", change=sides)

    known, unknown = tags({"a": "2"}, {}), tags(None, {"tags": True})

    assert compared([unknown], [known]) == {"aws_vpc.a": UNKNOWN_NOW}
    assert compared([known], [unknown]) == {"aws_vpc.a": KNOWN_NOW}


def test_an_unknown_part_of_a_value_is_found_inside() -> None:
    """Parts of a new value are compared at any depth."""

    def rule(after: Any, unknown: Any) -> Any:
        sides = {"after": {"rules": after}, "after_unknown": {"rules": unknown}}
        return change("aws_acl.a", "create", change=sides)

    known = rule([{"port": 1, "id": "x"}], [{}])
    unknown = rule([{"port": 1}], [{"id": True}])
    other = rule([{"port": 2}], [{"id": True}])

    assert compared([unknown], [known]) == {"aws_acl.a": UNKNOWN_NOW}
    assert compared([known], [unknown]) == {"aws_acl.a": KNOWN_NOW}
    assert compared([other], [known]) == {"aws_acl.a": CAUSED}


def test_nobody_can_tell_whether_two_hidden_values_are_equal() -> None:
    """Cannot tell: sensitive on both sides, and only the redacted plan is readable."""
    head, base = secret("aws_db.a", "a" * 9, "b" * 9), secret("aws_db.a", "a" * 9, "c" * 9)

    assert compared([head], [base]) == {"aws_db.a": CANNOT_TELL}


@pytest.mark.parametrize(("are_same", "expected"), [(True, PENDING), (False, CAUSED)])
def test_the_full_plans_tell(are_same: bool, expected: ChangeClass) -> None:
    """With the full plans sensitive values are compared, and the answer is all that is kept."""
    both = secret("aws_db.a", "a" * 9, "b" * 9)
    matcher = Matcher(secrets=lambda place, path: are_same)

    assert compared([both], [both], matcher=matcher) == {"aws_db.a": expected}


def test_an_update_without_values_cannot_be_told() -> None:
    """Where a server has no plan as JSON, the log has addresses and actions alone."""
    only_address = PlannedChanges(
        resources=(ResourceChange(address="aws_vpc.a", action="update"),)
    )

    assert classes(compare_plans(only_address, only_address)) == {"aws_vpc.a": CANNOT_TELL}


def test_other_old_values_mean_that_the_state_has_changed() -> None:
    """Pending anyway (unsure): the two plans do not begin with the same values."""
    result = compare_plans(
        plan(update("aws_vpc.a", "0", "2")), plan(update("aws_vpc.a", "1", "2"))
    )

    assert classes(result) == {"aws_vpc.a": UNSURE}
    assert result.state_changed


def test_drift_in_between_makes_a_change_unsure() -> None:
    """What was changed outside between the two plans is not caused by the configuration."""
    head = plan(
        update("aws_vpc.a", "9", "1"),
        update("aws_vpc.b", "1", "2"),
        resource_drift=[update("aws_vpc.a", "1", "9")],
    )
    result = compare_plans(head, NOTHING)

    assert classes(result) == {
        "aws_vpc.a": UNSURE,
        "aws_vpc.b": CAUSED,
        "drift aws_vpc.a": UNSURE,
    }
    assert result.state_changed


def test_an_object_that_stayed_in_the_base_can_have_changed_in_between() -> None:
    """The old values of objects that the base leaves alone are compared by their marks."""

    def parsed(*changes: Any) -> PlannedChanges:
        document = {"format_version": "1.2", "resource_changes": list(changes)}
        found = parse_json_plan(json.dumps(document).encode(), marks_old_values=True)
        assert found is not None
        return found

    untouched = change("aws_vpc.a", "no-op", change={"before": {"cidr": "1"}})
    result = compare_plans(parsed(update("aws_vpc.a", "9", "1")), parsed(untouched))
    same = compare_plans(parsed(update("aws_vpc.a", "1", "2")), parsed(untouched))

    assert classes(result) == {"aws_vpc.a": UNSURE}
    assert classes(same) == {"aws_vpc.a": CAUSED}


def test_a_secret_leaves_no_mark() -> None:
    """Sensitive old values take no part in the marks, not even as a hash."""

    def marks(password: str) -> object:
        document = {
            "format_version": "1.2",
            "resource_changes": [secret("aws_db.a", password, "x")],
        }
        found = parse_json_plan(json.dumps(document).encode(), marks_old_values=True)
        assert found is not None
        return found.before_marks

    assert marks("hunter2hunter2") == marks("correct horse")


def test_drift_of_both_plans_is_pending_anyway() -> None:
    """Drift is compared as all other changes."""
    drift = plan(resource_drift=[update("aws_vpc.a", "1", "9")])

    assert classes(compare_plans(drift, drift)) == {"drift aws_vpc.a": PENDING}


def test_in_plans_that_only_refresh_new_drift_is_the_news() -> None:
    """Of two drift plans the later one has news, and the earlier one what is gone."""
    head = plan(
        resource_drift=[update("aws_vpc.a", "1", "9"), update("aws_vpc.b", "1", "2")]
    )
    base = plan(
        resource_drift=[update("aws_vpc.b", "1", "2"), update("aws_vpc.c", "1", "2")]
    )

    assert classes(compare_plans(head, base, is_drift=True)) == {
        "drift aws_vpc.a": CAUSED,
        "drift aws_vpc.b": PENDING,
        "drift aws_vpc.c": UNDONE,
    }


def test_outputs_are_compared_as_resources_are() -> None:
    """Outputs have the same classes, by name."""

    def outputs(**after: Any) -> PlannedChanges:
        return plan(
            output_changes={
                name: {"actions": ["update"], "before": "0", "after": value}
                for name, value in after.items()
            }
        )

    result = compare_plans(outputs(a="1", b="1", c="1"), outputs(b="1", c="2", d="1"))

    assert classes(result) == {
        "outputs a": CAUSED,
        "outputs b": PENDING,
        "outputs c": CAUSED,
        "outputs d": UNDONE,
    }


def test_reading_a_data_source_is_no_change() -> None:
    """Data sources that are only read are left out."""
    read = change("data.aws_ami.a", "read", change={"after": {"id": None}})

    assert compared([read], []) == {}


@pytest.mark.parametrize(
    ("head_time", "base_time"),
    [
        (PlanTime("2026-11-27T06:00:02Z"), PlanTime("2026-11-27T06:00:01Z")),
        (
            PlanTime(None, ("2026-11-27T06:00:00+00:00", "2026-11-27T06:00:09Z")),
            PlanTime(None, ("2026-11-27T06:00:00Z", "2026-11-27T06:00:09Z")),
        ),
    ],
    ids=["full plan", "redacted plan"],
)
def test_the_time_of_the_plan_is_no_difference(
    head_time: PlanTime, base_time: PlanTime
) -> None:
    """`plantimestamp()` is new in every plan, also inside of a longer text."""
    head = update("aws_vpc.a", "0", "made at 2026-11-27T06:00:02Z")
    base = update("aws_vpc.a", "0", "made at 2026-11-27T06:00:01Z")

    assert compared([head], [base]) == {"aws_vpc.a": CAUSED}
    matcher = Matcher(head_time, base_time)
    assert compared([head], [base], matcher=matcher) == {"aws_vpc.a": PENDING}


def test_another_time_stays_a_difference() -> None:
    """A time that is not that of the plan is a value like any other."""
    between = ("2026-11-27T06:00:00Z", "2026-11-27T06:00:09Z")
    time = PlanTime(None, between)
    value = Value(value=["2020-01-01T00:00:00Z", {"a": "2026-11-27T06:00:03Z"}])

    assert time.removed_from(value) == Value(
        value=["2020-01-01T00:00:00Z", {"a": TIME_OF_PLAN}]
    )
    assert PlanTime(None, ("odd", "odd")).removed_from(value) == value


def _comparison(*changes: Any, base: tuple[Any, ...] = ()) -> Comparison:
    result = compare_plans(plan(*changes), plan(*base))
    return Comparison(result=ComparisonResult.COMPARED, changes=result.changes)


def test_a_move_is_suggested_where_all_workspaces_agree() -> None:
    """A block to paste needs every workspace; the exceptions are listed."""
    rename = (delete("aws_vpc.a", cidr="1"), create("aws_vpc.b", cidr="1"))
    other = (delete("aws_vpc.a", cidr="1"), create("aws_vpc.b", cidr="2"))
    untouched = (update("aws_subnet.x", "1", "2"),)
    agreed = {"dev": _comparison(*rename), "prod": _comparison(*rename)}

    [suggestion] = suggest_moves({**agreed, "new": _comparison(*untouched)})
    [refused] = suggest_moves({**agreed, "odd": _comparison(*other)})

    assert suggestion.is_agreed
    assert suggestion.workspaces == ("dev", "prod")
    assert moved_block(suggestion) == (
        "moved {\n  from = aws_vpc.a\n  to   = aws_vpc.b\n}\n"
    )
    assert not refused.is_agreed
    assert refused.exceptions == ("odd",)


def renamed(source: str, target: str, *more: str) -> tuple[Any, ...]:
    """Return the changes of a renamed module, with an object that only this workspace has."""
    names = ("aws_vpc.this", 'aws_subnet.zone["a.b"]', 'aws_subnet.zone["c"]', *more)
    return (
        *(delete(f"{source}.{name}", cidr=name) for name in names),
        *(create(f"{target}.{name}", cidr=name) for name in names),
    )


def test_a_renamed_module_is_one_move() -> None:
    """One block for the module, and not one for each of its objects."""
    comparisons = {
        "dev": _comparison(*renamed("module.old", "module.new")),
        "prod": _comparison(*renamed("module.old", "module.new", "aws_eip.only_here")),
        "other": _comparison(update("aws_vpc.x", "1", "2")),
    }
    [suggestion] = suggest_moves(comparisons)

    assert (suggestion.source, suggestion.target) == ("module.old", "module.new")
    assert suggestion.workspaces == ("dev", "prod")


def test_a_renamed_block_with_instances_is_one_move() -> None:
    """All instances keep their keys, so a block without keys moves them."""
    changes = [
        change
        for key in ("a", "b")
        for change in (
            delete(f'aws_vpc.old["{key}"]', cidr=key),
            create(f'aws_vpc.new["{key}"]', cidr=key),
        )
    ]
    [suggestion] = suggest_moves({"dev": _comparison(*changes)})

    assert (suggestion.source, suggestion.target) == ("aws_vpc.old", "aws_vpc.new")


def test_a_module_is_no_move_where_one_of_its_objects_goes() -> None:
    """A block for the module would move what is to be destroyed, so each object has its own."""
    changes = (
        *renamed("module.old", "module.new"),
        delete("module.old.aws_db.gone", cidr="9"),
    )
    suggestions = suggest_moves({"dev": _comparison(*changes)})

    assert [one.source for one in suggestions] == [
        "module.old.aws_vpc.this",
        "module.old.aws_subnet.zone",
    ]


def test_the_effect_has_what_the_change_causes() -> None:
    """The part of a plan that counts: caused changes, new messages, new unknown parts."""
    warning = {"address": {"kind": "check", "to_display": "check.a"}, "status": "fail"}
    head = plan(
        update("aws_vpc.a", "1", "2"),
        update("aws_vpc.b", "1", "2"),
        checks=[warning],
        later_member=[1],
    )
    base = plan(update("aws_vpc.b", "1", "2"), checks=[warning])
    result = compare_plans(head, base)
    effective = [one for one in result.changes if one.change_class in EFFECTIVE]
    effect = effect_of(head, base, effective)

    assert [one.address for one in effect.resources] == ["aws_vpc.a"]
    assert effect.diagnostics == ()
    assert effect.not_understood == ("later_member (1)",)


ADDRESSES = st.sampled_from(
    ["aws_vpc.a", "aws_vpc.b", 'aws_vpc.c["x.y"]', "module.m.aws_vpc.a", "aws_db.a"]
)
VALUES = st.sampled_from(
    [ABSENT, UNKNOWN, SENSITIVE, Value(value="1"), Value(value="2"), Value(value=None)]
)
ATTRIBUTES = st.builds(
    AttributeChange,
    path=st.sampled_from([("cidr",), ("tags",), ("tags", "a"), ("rules", 0)]),
    before=VALUES,
    after=VALUES,
    replaces=st.booleans(),
)
RESOURCES = st.builds(
    ResourceChange,
    address=ADDRESSES,
    action=st.sampled_from(
        ["create", "update", "delete", "replace", "move", "forget", "read", "novel"]
    ),
    type=st.just("aws_vpc"),
    deposed=st.sampled_from([None, None, "dead"]),
    previous_address=st.one_of(st.none(), ADDRESSES),
    attributes=st.lists(ATTRIBUTES, max_size=3).map(tuple),
)
OUTPUTS = st.builds(
    OutputChange,
    name=st.sampled_from("abc"),
    action=st.sampled_from(["create", "update", "delete"]),
    attributes=st.lists(ATTRIBUTES, max_size=2).map(tuple),
)
PLANS = st.builds(
    PlannedChanges,
    resources=st.lists(RESOURCES, max_size=6).map(tuple),
    outputs=st.lists(OUTPUTS, max_size=3).map(tuple),
    drift=st.lists(RESOURCES, max_size=2).map(tuple),
    deferred=st.lists(RESOURCES, max_size=2).map(tuple),
)


def _changes_of(planned: PlannedChanges) -> list[Any]:
    """Return all changes of a plan that are classified."""
    changes: list[Any] = [
        *planned.resources,
        *planned.outputs,
        *planned.drift,
        *planned.deferred,
    ]
    return [one for one in changes if getattr(one, "action", "") != "read"]


def _same(ones: list[Any], others: list[Any]) -> bool:
    """Whether two lists have the same objects, each as often."""
    return sorted(map(id, ones)) == sorted(map(id, others))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(head=PLANS, base=PLANS, is_drift=st.booleans())
def test_every_change_is_in_exactly_one_class(
    head: PlannedChanges, base: PlannedChanges, is_drift: bool
) -> None:
    """None of the head is missing or twice, and undone holds only what the base alone has."""
    changes = compare_plans(head, base, is_drift=is_drift).changes
    of_head = [one.head for one in changes if one.head is not None]
    of_base = [one.base for one in changes if one.base is not None]

    assert _same(of_head, _changes_of(head))
    assert _same(of_base, _changes_of(base))
    for one in changes:
        if one.change_class is UNDONE:
            assert one.head is None
        if one.head is None:
            assert one.change_class in (UNDONE, UNSURE)
        if one.change_class is PENDING:
            assert one.head is not None and one.base is not None


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(planned=PLANS, is_drift=st.booleans())
def test_a_plan_compared_with_itself_has_no_effect(
    planned: PlannedChanges, is_drift: bool
) -> None:
    """Nothing is caused or undone where nothing was changed."""
    unique = PlannedChanges(
        resources=tuple({_unique(one): one for one in planned.resources}.values()),
        outputs=tuple({_unique(one): one for one in planned.outputs}.values()),
        drift=tuple({_unique(one): one for one in planned.drift}.values()),
        deferred=tuple({_unique(one): one for one in planned.deferred}.values()),
    )
    result = compare_plans(unique, unique, is_drift=is_drift)

    assert {one.change_class for one in result.changes} <= {PENDING, CANNOT_TELL}
    assert not result.state_changed


def _unique(one: Any) -> Any:
    return (one.address, one.deposed) if isinstance(one, ResourceChange) else one.name


RELATIONS: dict[str, tuple[Callable[[str], list[Any]], Callable[[str], list[Any]], Any]] = {
    "caused alone": (lambda a: [update(a, "1", "2")], lambda a: [], CAUSED),
    "caused otherwise": (
        lambda a: [update(a, "1", "3")],
        lambda a: [update(a, "1", "2")],
        CAUSED,
    ),
    "pending": (
        lambda a: [update(a, "1", "2")],
        lambda a: [update(a, "1", "2")],
        PENDING,
    ),
    "undone": (lambda a: [], lambda a: [update(a, "1", "2")], UNDONE),
    "moved": (lambda a: [moved(a, f"{a}_old")], lambda a: [], MOVED),
    "unknown": (
        lambda a: [with_unknown(a)],
        lambda a: [update(a, "a", "2")],
        UNKNOWN_NOW,
    ),
    "known": (lambda a: [update(a, "a", "2")], lambda a: [with_unknown(a)], KNOWN_NOW),
    "secret": (
        lambda a: [secret(a, "1" * 9, "2" * 9)],
        lambda a: [secret(a, "1" * 9, "3" * 9)],
        CANNOT_TELL,
    ),
    "unsure": (
        lambda a: [update(a, "0", "2")],
        lambda a: [update(a, "1", "2")],
        UNSURE,
    ),
    "untouched": (lambda a: [], lambda a: [], None),
}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    relations=st.lists(st.sampled_from(sorted(RELATIONS)), max_size=12),
    order=st.randoms(use_true_random=False),
)
def test_classes_are_those_by_construction(relations: list[str], order: Any) -> None:
    """Of two plans made from a known difference, every change gets its class, in any order."""
    head: list[Any] = []
    base: list[Any] = []
    expected: dict[str, ChangeClass] = {}
    for number, name in enumerate(relations):
        of_head, of_base, change_class = RELATIONS[name]
        address = f"aws_vpc.v{number}"
        head += of_head(address)
        base += of_base(address)
        if change_class is not None:
            expected[address] = change_class
    order.shuffle(head)
    order.shuffle(base)

    assert compared(head, base) == expected
