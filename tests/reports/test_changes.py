"""Plans as JSON, read into changes without secrets."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.api.client import Client
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.plan import Plan
from remote_backend.models.values import ABSENT, SENSITIVE, UNKNOWN, Value
from remote_backend.planning.plan_details import (
    read_changes,
    read_diagnostics,
    read_json_plan,
)
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.plans.structured_log import parse_structured_log
from tests.support.fakes import Recorder, ScriptedTransport, answer
from tests.support.report_builders import change, plan


@pytest.mark.parametrize(
    ("actions", "more", "action"),
    [
        (("create",), {}, "create"),
        (("update",), {}, "update"),
        (("delete",), {}, "delete"),
        (("delete", "create"), {}, "replace"),
        (("create", "delete"), {}, "replace_create_first"),
        (("create", "forget"), {}, "create_then_forget"),
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
        (attribute.path, attribute.before, attribute.after, attribute.replaces)
        for attribute in resource.attributes
    ] == [
        (("n",), Value(value=Decimal("1.5")), Value(value=2), True),
        (("new",), ABSENT, UNKNOWN, False),
        (("password",), SENSITIVE, SENSITIVE, False),
    ]
    assert [(output.name, output.before, output.after) for output in found.outputs] == [
        ("o", ABSENT, SENSITIVE),
        ("u", Value(value={"a": 1}), UNKNOWN),
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


def test_a_structured_log_tells_what_it_can() -> None:
    """Lines of JSON among others; frames, drift, outputs, moves; plain logs tell nothing."""

    def line(kind: str, **more: Any) -> bytes:
        return json.dumps(
            {"@level": "info", "@message": "m", "type": kind, **more}
        ).encode()

    def change(address: str, action: str, **more: Any) -> dict[str, Any]:
        resource = {"addr": address, "resource_type": "aws_vpc"}
        return {"change": {"resource": resource, "action": action, **more}}

    outputs = {
        "o": {"action": "update"},
        "s": {"action": "create", "sensitive": True},
        "n": {"action": "noop"},
    }
    log = (
        b"\x02banner\n"
        + b"\n".join(
            [
                line("version"),
                line("planned_change", **change("aws_vpc.a", "delete")),
                line(
                    "planned_change",
                    **change("aws_vpc.m", "move", previous_resource={"addr": "aws_vpc.o"}),
                ),
                line("planned_change", **change("aws_vpc.n", "noop")),
                line("resource_drift", **change("aws_vpc.d", "update")),
                line("outputs", outputs=outputs),
                b"{broken",
            ]
        )
        + b"\x03"
    )

    found = parse_structured_log(log)

    assert found is not None
    assert [(one.address, one.action, one.previous_address) for one in found.resources] == [
        ("aws_vpc.a", "delete", None),
        ("aws_vpc.m", "move", "aws_vpc.o"),
    ]
    assert [(one.address, one.action) for one in found.drift] == [("aws_vpc.d", "drift")]
    assert [(output.name, output.after) for output in found.outputs] == [
        ("o", ABSENT),
        ("s", SENSITIVE),
    ]
    assert parse_structured_log(b"\x02plain text\n\x03") is None


async def test_details_come_from_wherever_there_are_some() -> None:
    """Redacted, then in full, then by the log; what cannot be read is not an error (P102, P118)."""
    full = {"format_version": "1.2", "resource_changes": [change("a.b", "create")]}
    log = json.dumps({"@level": "info", "type": "change_summary"}).encode()
    by_log = Plan(id="plan-1", log_read_url=SignedUrl("https://blobs.test/log"))
    for script, plan_, told in (
        ({"redacted": answer(200, full)}, Plan(id="plan-1"), 1),
        ({"redacted": answer(404), "": answer(200, full)}, Plan(id="plan-1"), 1),
        ({"redacted": answer(204), "": answer(403)}, Plan(id="plan-1"), None),
        ({"redacted": answer(422), "": answer(422)}, by_log, 0),
        ({"redacted": answer(200, b"<html>"), "": answer(502)}, Plan(id="plan-1"), None),
    ):
        paths = {
            f"GET plans/plan-1/json-output{'-' if kind else ''}{kind}": one
            for kind, one in script.items()
        }
        transport = ScriptedTransport(
            {**paths, "GET https://blobs.test/log": answer(200, log)}
        )
        found = await read_changes(Client(transport, "acme"), plan_, sleep=Recorder().sleep)
        assert (None if found is None else len(found.resources)) == told


async def test_a_plan_that_is_not_ready_yet_is_asked_for_again() -> None:
    """204 means that the server still makes it, and that has an end (P118)."""
    document = {"format_version": "1.2", "resource_changes": [change("a.b", "create")]}
    ready = answer(200, document)
    script: dict[str, Any] = {
        "GET plans/plan-1/json-output-redacted": [answer(204), answer(204), ready],
        "GET plans/plan-1/json-output": answer(404),
    }
    clock = Recorder()

    found = await read_changes(
        Client(ScriptedTransport(script), "acme"),
        Plan(id="plan-1", status="finished"),
        sleep=clock.sleep,
    )

    assert found is not None and len(found.resources) == 1
    assert clock.slept == [0.25, 0.5]


async def test_the_json_of_a_plan_comes_as_the_server_sends_it() -> None:
    """Byte for byte, redacted or else in full, once it is ready; empty without one (P118, P160)."""
    full = b'{ "a" : 1e400, "b": "\xff" }'
    cases: list[tuple[dict[str, Any], bytes]] = [
        ({"-redacted": [answer(204), answer(200, b"[1]")], "": answer(204)}, b"[1]"),
        ({"-redacted": answer(404), "": answer(200, full)}, full),
        ({"-redacted": answer(403), "": answer(501)}, b""),
    ]
    for script, told in cases:
        paths = {f"GET plans/plan-1/json-output{form}": one for form, one in script.items()}
        client = Client(ScriptedTransport(paths), "acme")
        assert await read_json_plan(client, "plan-1", sleep=Recorder().sleep) == told


async def test_a_plan_that_never_gets_ready_is_given_up() -> None:
    """Within some seconds: nothing depends on it (P118)."""
    script = {
        "GET plans/plan-1/json-output-redacted": answer(204),
        "GET plans/plan-1/json-output": answer(204),
    }
    clock = Recorder()
    client = Client(ScriptedTransport(script), "acme")
    plan_ = Plan(id="plan-1", status="finished")

    assert await read_changes(client, plan_, sleep=clock.sleep) is None

    assert 5 <= sum(clock.slept) < 10


async def test_a_failed_plan_tells_why_where_its_log_is_structured() -> None:
    """A log for people is not asked for; changes found before the failure are left out."""
    address = "https://blobs.test/log"
    lines = [
        {
            "@level": "info",
            "type": "planned_change",
            "change": {"resource": {"addr": "a.b"}},
        },
        {
            "@level": "error",
            "type": "diagnostic",
            "diagnostic": {"severity": "error", "summary": "no", "address": "a.b"},
        },
        {"@level": "error", "type": "diagnostic", "diagnostic": {"severity": "error"}},
    ]
    log = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    for structured, body, told in (
        (True, log, ["error: no (a.b)"]),
        (True, b"no JSON", None),
        (False, log, None),
    ):
        transport = ScriptedTransport({f"GET {address}": answer(200, body)})
        failed = Plan(
            id="plan-1",
            status="errored",
            log_read_url=SignedUrl(address),
            structured_run_output_enabled=structured,
        )
        found = await read_diagnostics(Client(transport, "acme"), failed)
        assert (found and [diagnostic.text for diagnostic in found.diagnostics]) == told
        assert found is None or not found.resources
        assert bool(transport.sent()) is structured


def test_conditions_that_do_not_hold_are_diagnostics() -> None:
    """Blocks of checks warn, conditions of resources are errors; others are no news."""
    checks = [
        {
            "address": {"kind": "check", "to_display": "check.a"},
            "status": "fail",
            "instances": [
                {"address": {"to_display": "check.a"}, "status": "fail", "problems": [{}]},
                {"status": "pass"},
            ],
        },
        {
            "address": {"kind": "resource", "to_display": "a.b"},
            "instances": [{"status": "error"}, None, {"status": "unknown"}],
        },
        "odd",
    ]
    assert [diagnostic.text for diagnostic in plan(checks=checks).diagnostics] == [
        "warning: a check failed (check.a)",
        "error: a check could not be made (a.b)",
    ]
