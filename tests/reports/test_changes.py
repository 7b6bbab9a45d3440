"""Plans as JSON, read into changes without secrets."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.plans.json_plan import parse_json_plan
from tests.reports.builders import change, plan


@pytest.mark.parametrize(
    ("actions", "more", "action"),
    [
        (("create",), {}, "create"),
        (("update",), {}, "update"),
        (("delete",), {}, "delete"),
        (("delete", "create"), {}, "replace"),
        (("create", "delete"), {}, "replace"),
        (("read",), {}, "read"),
        (("forget",), {}, "forget"),
        (("no-op",), {"previous_address": "a.old"}, "move"),
        (("no-op",), {"change": {"importing": {"id": "i-1"}}}, "import"),
        (("brand-new",), {}, "brand-new"),
    ],
)
def test_actions(actions: tuple[str, ...], more: dict[str, Any], action: str) -> None:
    """All that Terraform knows, and words that it may add."""
    [found] = plan(change("a.b", *actions, **more)).resources
    assert found.action == action


def test_what_stays_is_no_change() -> None:
    """Neither resources nor outputs nor drift."""
    outputs = {"o": {"actions": ["no-op"], "before": 1, "after": 1}}
    found = plan(
        change("a.b", "no-op"),
        output_changes=outputs,
        resource_drift=[change("a.b", "no-op")],
    )
    assert found.is_empty


def test_secrets_and_unknown_values_are_masked() -> None:
    """At any depth, in resources and outputs; that a secret changes may be told (P116)."""
    inner = {
        "before": {"password": "hush", "list": [{"p": "hush2"}], "same": "s", "n": 1.50},
        "after": {
            "password": "hush3",
            "list": [{"p": "hush2"}],
            "same": "s",
            "n": 2,
            "new": None,
        },
        "after_unknown": {"new": True},
        "before_sensitive": {"password": True, "list": [{"p": True}]},
        "after_sensitive": {"password": True, "list": [{"p": True}]},
        "replace_paths": [["n"]],
    }
    outputs = {
        "o": {
            "actions": ["create"],
            "before": None,
            "after": "hush4",
            "after_sensitive": True,
        },
        "u": {
            "actions": ["update"],
            "before": {"a": 1},
            "after": None,
            "after_unknown": True,
        },
    }
    found = plan(change("a.b", "delete", "create", change=inner), output_changes=outputs)

    [resource] = found.resources
    assert [
        (one.path, one.before, one.after, one.replaces) for one in resource.attributes
    ] == [
        ("n", "1.5", "2", True),
        ("new", None, "(known after apply)", False),
        ("password", "(sensitive value)", "(sensitive value)", False),
    ]
    assert [(one.name, one.before, one.after) for one in found.outputs] == [
        ("o", None, "(sensitive value)"),
        ("u", "a = 1", "(known after apply)"),
    ]
    assert "hush" not in repr(found)


def test_drift_and_deferred_changes_are_told() -> None:
    """Each in a place of its own."""
    drift = change("a.b", "update", change={"before": {"x": 1}, "after": {"x": 2}})
    deferred = {"reason": "unknown", "resource_change": change("a.c", "create")}
    found = plan(resource_drift=[drift], deferred_changes=[deferred])
    assert [(one.address, one.action) for one in found.drift] == [("a.b", "drift")]
    assert [one.address for one in found.deferred] == ["a.c"]


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    ["format_version", "resource_changes", "change", "actions", "before", "after",
                     "after_unknown", "before_sensitive", "output_changes", "replace_paths"]
                ),
                inner,
                max_size=4,
            ),
        ),
    )
)  # fmt: skip
def test_any_json_is_a_plan_or_none(value: Any) -> None:
    """Nothing that a server may send breaks the reading (P147)."""
    if isinstance(value, dict):
        value.setdefault("format_version", "1.2")
    parse_json_plan(json.dumps(value).encode())
    parse_json_plan(
        json.dumps({"format_version": "1", "resource_changes": [value]}).encode()
    )
    parse_json_plan(
        json.dumps(
            {"format_version": "1", "resource_changes": [{"change": value}]}
        ).encode()
    )
    parse_json_plan(
        json.dumps({"format_version": "1", "output_changes": {"o": value}}).encode()
    )
