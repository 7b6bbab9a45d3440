"""Plans as JSON in the model: whole values, true paths, every action, and no secret."""

import json
from decimal import Decimal
from typing import Any

import pytest

from remote_backend.models.changes import AttributeChange, CheckResult, ResourceChange
from remote_backend.models.values import ABSENT, SENSITIVE, UNKNOWN, Json, Value
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.reports.to_html import to_html
from remote_backend.reports.to_json import to_json
from remote_backend.reports.to_junit import to_junit
from remote_backend.reports.to_markdown import to_markdown
from remote_backend.server.documents.plans import redact_plan
from tests.support.report_builders import change, outcome, plan, report

LONG = "x" * 2100


def value(raw: Json) -> Value:
    """Return a value that is known."""
    return Value(value=raw)


def attributes(before: Json, after: Json, **more: Any) -> list[tuple[Any, ...]]:
    """Return the changes of one attribute `a`; masks are those of the attribute."""
    inner: dict[str, Any] = {"before": {"a": before}, "after": {"a": after}}
    for name in ("before_sensitive", "after_sensitive", "after_unknown"):
        if name in more:
            inner[name] = {"a": more[name]}
    inner["replace_paths"] = more.get("replace_paths", [])
    if more.get("after_unknown") is True:
        del inner["after"]["a"]
    [resource] = plan(change("x.y", "update", change=inner)).resources
    return [
        (attribute.path, attribute.before, attribute.after)
        for attribute in resource.attributes
    ]


CHANGES: dict[str, tuple[Json, Json, dict[str, Any], list[tuple[Any, ...]]]] = {
    "texts that differ late (N01)": (
        f"{LONG}172.16.0.0/12", f"{LONG}0.0.0.0/0", {},
        [(("a",), value(f"{LONG}172.16.0.0/12"), value(f"{LONG}0.0.0.0/0"))],
    ),
    "an empty list and an empty map (N03)": (
        [], {}, {}, [(("a",), value([]), value({}))],
    ),
    "null in a map is not absence (N03)": (
        {"k": None}, {}, {}, [(("a", "k"), value(None), ABSENT)],
    ),
    "null in a list is an element (N03)": (
        ["x"], ["x", None], {}, [(("a", 1), ABSENT, value(None))],
    ),
    "true is not 1": (True, 1, {}, [(("a",), value(True), value(1))]),
    "1 is 1.0": (1, 1.0, {}, []),
    "a key with a point is one key": (
        {"b.c": 1}, {"b": {"c": 1}}, {},
        [(("a", "b"), ABSENT, value({"c": 1})), (("a", "b.c"), value(1), ABSENT)],
    ),
    "an empty key": ({"": 1}, {"": 2}, {}, [(("a", ""), value(1), value(2))]),
    "an element that goes (N35)": (
        ["p", "q", "r"], ["p", "r"], {}, [(("a", 1), value("q"), ABSENT)],
    ),
    "an element that comes (N35)": (
        ["p", "r"], ["p", "q", "r"], {}, [(("a", 1), ABSENT, value("q"))],
    ),
    "a block that goes": (
        [{"n": 1}, {"n": 2}, {"n": 3}], [{"n": 1}, {"n": 3}], {},
        [(("a", 1), value({"n": 2}), ABSENT)],
    ),
    "another order": (
        ["p", "q"], ["q", "p"], {},
        [(("a", 0), ABSENT, value("q")), (("a", 1), value("q"), ABSENT)],
    ),
    "a map that becomes unknown is one change (N67)": (
        {"Env": "prod", "Team": "net"}, None, {"after_unknown": True},
        [(("a",), value({"Env": "prod", "Team": "net"}), UNKNOWN)],
    ),
    "a part that becomes unknown": (
        {"p": 1, "q": [1, 2]}, {"q": [1, None]}, {"after_unknown": {"p": True, "q": [False, True]}},
        [(("a", "p"), value(1), UNKNOWN), (("a", "q", 1), value(2), UNKNOWN)],
    ),
    "an unknown part of a new map": (
        None, {"p": 1}, {"after_unknown": {"q": True}},
        [(("a",), value(None), value({"p": 1, "q": UNKNOWN}))],
    ),
    "a mark that goes (N02)": (
        "hunter-2-secret", "hunter-2-secret", {"before_sensitive": True},
        [(("a",), SENSITIVE, SENSITIVE)],
    ),
    "a mark that comes (N02)": (
        "hunter-2-secret", "hunter-2-secret", {"after_sensitive": True},
        [(("a",), SENSITIVE, SENSITIVE)],
    ),
    "a mark on one side hides both (N02)": (
        "old-secret", "new-plain", {"before_sensitive": True},
        [(("a",), SENSITIVE, SENSITIVE)],
    ),
    "a secret that becomes unknown": (
        "old-secret", None, {"before_sensitive": True, "after_unknown": True},
        [(("a",), SENSITIVE, UNKNOWN)],
    ),
    "a secret element": (
        ["p", "secret-1"], ["p", "secret-2"],
        {"before_sensitive": [False, True], "after_sensitive": [False, True]},
        [(("a", 1), SENSITIVE, SENSITIVE)],
    ),
    "a secret that moved away from its mark": (
        ["p", "secret-1", "q"], ["secret-1", "p", "q"], {"before_sensitive": [False, True, False]},
        [(("a", 0), ABSENT, SENSITIVE), (("a", 1), SENSITIVE, ABSENT)],
    ),
    "a mask that does not fit hides all": (
        ["p", "q"], ["p", "r"], {"after_sensitive": {"k": True}},
        [(("a",), SENSITIVE, SENSITIVE)],
    ),
    "a secret within a map that comes": (
        None, {"p": "secret-1", "q": 1}, {"after_sensitive": {"p": True}},
        [(("a",), value(None), value({"p": SENSITIVE, "q": 1}))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_an_attribute_changes_as_it_is(name: str) -> None:
    """One change for each part that is not the same, with both whole values."""
    before, after, masks, expected = CHANGES[name]
    assert attributes(before, after, **masks) == expected


def test_a_changed_mark_names_its_direction() -> None:
    """The value is the same, and hidden (N02)."""
    marks: tuple[tuple[Any, Any, str], ...] = (
        (True, False, "removed"),
        (False, True, "added"),
    )
    for before, after, sensitivity in marks:
        inner: dict[str, Any] = {
            "before": {"a": "x"}, "after": {"a": "x"},
            "before_sensitive": {"a": before}, "after_sensitive": {"a": after},
        }  # fmt: skip
        [resource] = plan(change("x.y", "update", change=inner)).resources
        [attribute] = resource.attributes
        assert attribute.sensitivity == sensitivity


def test_attributes_that_are_not_set_are_not_listed() -> None:
    """Plans write them as null, or leave them out."""
    inner: dict[str, Any] = {"before": None, "after": {"a": None, "b": 1, "c": []}}
    [resource] = plan(change("x.y", "create", change=inner)).resources
    assert [attribute.path for attribute in resource.attributes] == [("b",), ("c",)]


def test_what_forces_a_replacement_is_always_listed() -> None:
    """Also if both sides look the same, because a server redacted two secrets alike (N65)."""
    inner = {
        "before": {"db": {"password": "(redacted)", "port": 1}, "zone": "a"},
        "after": {"db": {"password": "(redacted)", "port": 2}, "zone": "a"},
        "before_sensitive": {"db": {"password": True}},
        "after_sensitive": {"db": {"password": True}},
        "replace_paths": [["db", "password"], ["zone"], []],
    }
    [resource] = plan(change("x.y", "delete", "create", change=inner)).resources
    assert resource.attributes == (
        AttributeChange(path=("db", "port"), before=value(1), after=value(2)),
        AttributeChange(
            path=("db", "password"), before=SENSITIVE, after=SENSITIVE, replaces=True
        ),
        AttributeChange(path=("zone",), before=value("a"), after=value("a"), replaces=True),
    )


def test_a_forcing_path_that_leads_nowhere_is_listed() -> None:
    """As an element that neither side has; an odd step ends a path."""
    inner = {
        "before": {"list": [1]}, "after": {"list": [1]},
        "replace_paths": [["list", 5], ["list", -2], ["list", {"k": 1}], "odd"],
    }  # fmt: skip
    [resource] = plan(change("x.y", "delete", "create", change=inner)).resources
    assert [
        (attribute.path, attribute.before, attribute.replaces)
        for attribute in resource.attributes
    ] == [
        (("list", 5), ABSENT, True),
        (("list", -2), ABSENT, True),
        (("list",), value([1]), True),
    ]


def test_a_change_around_a_forcing_path_is_marked() -> None:
    """As a list that becomes unknown, of which one element forces the replacement."""
    inner = {
        "before": {"list": [1, 2], "map": {"a": {"b": 1}}},
        "after": {"map": {"a": {"b": 2}}},
        "after_unknown": {"list": True},
        "replace_paths": [["list", 1], ["map"]],
    }
    [resource] = plan(change("x.y", "delete", "create", change=inner)).resources
    assert [(attribute.path, attribute.replaces) for attribute in resource.attributes] == [
        (("list",), True),
        (("map", "a", "b"), True),
    ]


def test_numbers_keep_all_digits() -> None:
    """Also through the redacted answer of the server (N29)."""
    numbers = [
        "9007199254740993.5", "0.1234567890123456789", "1e3000000",
        "123456789012345678901234567890.123456789", "9007199254740993",
    ]  # fmt: skip
    outputs = ",".join(
        f'"o{index}":{{"actions":["create"],"before":null,"after":{number}}}'
        for index, number in enumerate(numbers)
    )
    data = f'{{"format_version":"1.2","output_changes":{{{outputs}}}}}'.encode()
    for document in (data, redact_plan(data)):
        found = parse_json_plan(document)
        assert found is not None
        assert [output.after for output in found.outputs] == [
            value(Decimal(number)) for number in numbers
        ]


OUTPUTS: dict[str, tuple[dict[str, Any], Value, Value]] = {
    "a new empty list": ({"actions": ["create"], "after": []}, ABSENT, value([])),
    "a new empty map": ({"actions": ["create"], "after": {}}, ABSENT, value({})),
    "a list that becomes empty": (
        {"actions": ["update"], "before": ["x"], "after": []}, value(["x"]), value([]),
    ),
    "a null inside": (
        {"actions": ["create"], "after": {"a": None}}, ABSENT, value({"a": None}),
    ),
    "one that goes": ({"actions": ["delete"], "before": 1}, value(1), ABSENT),
    "one that becomes a secret": (
        {"actions": ["update"], "before": "x", "after": "y", "after_sensitive": True},
        SENSITIVE, SENSITIVE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_keep_empty_and_null_values_apart(name: str) -> None:
    """An empty list is not an absent output (N03)."""
    document, before, after = OUTPUTS[name]
    [output] = plan(output_changes={"o": document}).outputs
    assert (output.before, output.after) == (before, after)


def resource_of(*actions: str, **more: Any) -> ResourceChange:
    """Return the only resource of a plan."""
    [resource] = plan(change("x.y", *actions, **more)).resources
    return resource


def test_every_action_has_a_name_of_its_own() -> None:
    """And the numbers are those of Terraform: a forgotten object is not destroyed (N32)."""
    names = {
        ("delete", "create"): ("replace", (1, 0, 1)),
        ("create", "delete"): ("replace_create_first", (1, 0, 1)),
        ("create", "forget"): ("create_then_forget", (1, 0, 0)),
        ("forget",): ("forget", (0, 0, 0)),
        ("update",): ("update", (0, 1, 0)),
        ("renew",): ("renew", (0, 0, 0)),
        ("renew", "delete"): ("renew+delete", (0, 0, 0)),
    }
    for actions, (name, (add, update, destroy)) in names.items():
        found = plan(change("x.y", *actions))
        assert [resource.action for resource in found.resources] == [name]
        counts = found.counts
        assert (counts.add, counts.change, counts.destroy) == (add, update, destroy)


def test_a_deposed_object_has_the_true_address() -> None:
    """Its key stands apart (N30, N56)."""
    deposed = resource_of("delete", deposed="deadbeef")
    assert (deposed.address, deposed.deposed) == ("x.y", "deadbeef")


@pytest.mark.parametrize(
    ("importing", "imported_id", "identity"),
    [
        ({"id": "i-1"}, "i-1", None),
        ({"identity": {"arn": "a", "n": 1}}, None, value({"arn": "a", "n": 1})),
        ({"unknown": True}, None, UNKNOWN),
    ],
)
def test_an_import_by_id_or_identity(
    importing: dict[str, Any], imported_id: str | None, identity: Value | None
) -> None:
    """Also one that is known after the apply only."""
    found = resource_of("no-op", change={"importing": importing})
    assert (found.action, found.is_import) == ("import", True)
    assert (found.imported_id, found.imported_identity) == (imported_id, identity)


def test_reasons_are_kept() -> None:
    """Of an action, and of a change that a later plan has to decide."""
    reasoned = change("x.y", "delete", action_reason="delete_because_no_module")
    deferred = {
        "reason": "provider_config_unknown",
        "resource_change": change("x.z", "create"),
    }
    found = plan(reasoned, deferred_changes=[deferred])
    assert found.resources[0].action_reason == "delete_because_no_module"
    assert [(one.address, one.deferred_reason) for one in found.deferred] == [
        ("x.z", "provider_config_unknown")
    ]


def test_actions_of_providers_are_read() -> None:
    """A plan that only invokes actions is not empty, and their secrets are hidden (N33)."""
    invocation = {
        "address": "action.aws_lambda_invoke.a",
        "type": "aws_lambda_invoke",
        "config_values": {"name": "f", "payload": "secret-payload"},
        "config_sensitive": {"payload": True},
        "lifecycle_action_trigger": {
            "triggering_resource_address": "x.y",
            "action_trigger_event": "AfterCreate",
        },
    }
    later = {"reason": "unknown_actions", "action_invocation": {"address": "action.b.c"}}
    found = plan(action_invocations=[invocation], deferred_action_invocations=[later])
    first, second = found.actions
    assert (first.trigger_address, first.trigger_event) == ("x.y", "AfterCreate")
    assert first.configuration == value({"name": "f", "payload": SENSITIVE})
    assert (second.address, second.deferred_reason) == ("action.b.c", "unknown_actions")
    assert not found.is_empty


def test_results_of_checks_are_kept() -> None:
    """Those that hold too."""
    checks = [
        {
            "address": {"kind": "check", "to_display": "check.a"},
            "status": "pass",
            "instances": [{"address": {"to_display": "check.a"}, "status": "pass"}],
        },
        {"address": {"kind": "resource", "to_display": "x.y"}, "status": "unknown"},
    ]
    assert plan(checks=checks).checks == (
        CheckResult(address="check.a", kind="check", status="pass"),
        CheckResult(address="x.y", kind="resource", status="unknown"),
    )


def test_parts_of_a_later_format_are_named() -> None:
    """Nothing vanishes because nobody knows it yet; what is empty says nothing (N33)."""
    odd = change("x.y", "update", change={"rotations": [1]}, quarantine=True, notes=None)
    found = plan(
        odd, ghost_changes=[{}, {}], ghost_empty=[], applyable=True, variables={"a": 1}
    )
    assert found.not_understood == (
        "ghost_changes (2)",
        "x.y: quarantine",
        "x.y: rotations",
    )


def test_a_plan_in_the_form_of_hcp_terraform_is_read() -> None:
    """Its redacted plans have a version of their own."""
    document = {"plan_format_version": "1.2", "resource_changes": [change("x.y", "create")]}
    found = parse_json_plan(json.dumps(document).encode())
    assert found is not None and len(found.resources) == 1


def test_a_very_deep_value_does_not_end_the_others() -> None:
    """It is compared as text, and a mark that deep still hides it."""
    deep: Json = "secret-value"
    mask: Json = True
    for _ in range(300):
        deep, mask = [deep], [mask]
    inner: dict[str, Any] = {"before": {"a": None}, "after": {"a": deep}}
    inner["after_sensitive"] = {"a": mask}
    found = plan(change("x.y", "update", change=inner), change("x.z", "create"))
    assert len(found.resources) == 2
    assert "secret-value" not in repr(found)


def test_half_an_emoji_ends_no_report() -> None:
    """A server cut a text in the middle of a character; JSON can say so, UTF-8 cannot (N25)."""
    half = {
        "before": {"a": "1"},
        "after": {"a": "cut \ud83d", "k\ud83d": {"\udc00": "\ud83d"}},
    }
    found = plan(
        change("x.y", "update", change=half),
        output_changes={"o\ud83d": {"actions": ["create"], "after": ["\ud83d"]}},
    )
    assert [attribute.path for attribute in found.resources[0].attributes] == [
        ("a",),
        ("k\ud83d",),
    ]
    made = report(outcome("dev", found), outcome("prod", plan(change("x.y", "create"))))
    for form in (to_markdown, to_html, to_json, to_junit):
        assert form(made).encode()
