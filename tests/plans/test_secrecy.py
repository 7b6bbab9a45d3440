"""No sensitive value leaves the model, the server or a report, whatever the marks are."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_backend.models.changes import PlannedChanges
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.reports.to_html import to_html
from remote_backend.reports.to_json import to_json
from remote_backend.reports.to_junit import to_junit
from remote_backend.reports.to_markdown import to_markdown
from remote_backend.server.documents.plans import redact_plan
from tests.support.report_builders import outcome, report

FORMS = (to_markdown, to_html, to_json, to_junit)
# Each long enough to be told from other values, and none a part of another.
TEXTS = tuple(f"value-{letter * 4}" for letter in "abcdefghijkl")
KEYS = ("k1", "k2", "a.b")

values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.sampled_from(TEXTS), st.none(), st.booleans(), st.integers(0, 3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    ),
    max_leaves=8,
)


@st.composite
def marked(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return a value with a mask in its form, or now and then in another form."""
    value = draw(values)
    return value, draw(mask_for(value))


@st.composite
def mask_for(draw: st.DrawFn, value: Any) -> Any:
    """Return a mask; one that does not fit hides the whole value."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return True
    if kind == 1:
        return draw(st.sampled_from([{"k1": True}, [True], [[False, True]]]))
    if isinstance(value, dict):
        return {key: draw(mask_for(item)) for key, item in value.items()}
    if isinstance(value, list):
        return [draw(mask_for(item)) for item in value]
    return draw(st.sampled_from([False, False, True]))


def secrets_of(value: Any, mask: Any) -> Iterator[str]:
    """Give the texts that a mask hides."""
    if isinstance(value, dict) and isinstance(mask, dict):
        for key, item in value.items():
            yield from secrets_of(item, mask.get(key, False))
    elif isinstance(value, list) and isinstance(mask, list):
        for index, item in enumerate(value):
            yield from secrets_of(item, mask[index] if index < len(mask) else False)
    elif is_marked(mask):
        yield from (text for text in TEXTS if text in json.dumps(value))


def is_marked(mask: Any) -> bool:
    """Say whether a mask hides anything."""
    if isinstance(mask, dict):
        return any(map(is_marked, mask.values()))
    return any(map(is_marked, mask)) if isinstance(mask, list) else bool(mask)


def texts_of(changes: PlannedChanges) -> Iterator[str]:
    """Give everything that a person can see of changes."""
    yield repr(changes)
    made = report(outcome("dev", changes), outcome("prod", changes))
    yield from (form(made) for form in FORMS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(marked(), marked(), st.booleans(), st.booleans())
def test_no_secret_is_in_any_text(
    before: tuple[Any, Any], after: tuple[Any, Any], is_output: bool, replaces: bool
) -> None:
    """A mark on either side hides a text on both, wherever in the object it stands (N02, N65)."""
    change = {
        "actions": ["update"],
        "before": {"a": before[0], "b": "plain"}, "after": {"a": after[0], "b": "other"},
        "before_sensitive": {"a": before[1]}, "after_sensitive": {"a": after[1]},
        "replace_paths": [["a", 0], ["a", "k1"]] if replaces else [],
    }  # fmt: skip
    resource = {"address": "x.y", "type": "x", "change": change}
    part = (
        {"output_changes": {"o": change}} if is_output else {"resource_changes": [resource]}
    )
    data = json.dumps({"format_version": "1.2", **part}).encode()
    secrets = {*secrets_of(*before), *secrets_of(*after)}
    redacted = redact_plan(data)

    assert not [secret for secret in secrets if secret in redacted.decode()]
    for document in (data, redacted):
        changes = parse_json_plan(document)
        assert changes is not None
        for text in texts_of(changes):
            assert not [secret for secret in secrets if secret in text]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(marked(), marked())
def test_a_redacted_plan_shows_the_same_changes(
    before: tuple[Any, Any], after: tuple[Any, Any]
) -> None:
    """That a secret changes survives the redaction, and nothing else seems to change (N65)."""
    change = {
        "actions": ["update"],
        "before": {"a": before[0]}, "after": {"a": after[0]},
        "before_sensitive": {"a": before[1]}, "after_sensitive": {"a": after[1]},
    }  # fmt: skip
    resource = {"address": "x.y", "type": "x", "change": change}
    data = json.dumps({"format_version": "1.2", "resource_changes": [resource]}).encode()
    whole, redacted = parse_json_plan(data), parse_json_plan(redact_plan(data))

    assert whole is not None and redacted is not None
    paths = [
        {attribute.path[:1] for attribute in found.resources[0].attributes}
        for found in (whole, redacted)
    ]
    assert paths[0] == paths[1]


def test_members_that_nobody_knows_never_pass() -> None:
    """Their names do, so that a reader learns that there is something."""
    change = {
        "actions": ["update"], "before": {"a": 1}, "after": {"a": 2},
        "shadow": {"password": "secret-1"}, "generated_config": 'password = "secret-2"',
    }  # fmt: skip
    resource = {"address": "x.y", "change": change, "vault": "secret-3"}
    plan = {
        "format_version": "1.2",
        "resource_changes": [resource, "secret-4"],
        "deferred_changes": [{"reason": "r", "resource_change": resource, "extra": "secret-5"}],
        "action_invocations": [{"address": "action.a.b", "config_values": {"p": "secret-6"},
                                "config_sensitive": {"p": True}, "other": "secret-7"}],
        "output_changes": {"o": {**change, "after": "secret-8", "after_sensitive": True}},
        "variables": {"p": {"value": "secret-9"}},
        "ghost_changes": [{"p": "secret-10"}],
    }  # fmt: skip
    redacted = redact_plan(json.dumps(plan).encode())
    assert b"secret-" not in redacted
    found = parse_json_plan(redacted)
    assert found is not None
    assert found.not_understood == (
        "ghost_changes",
        "x.y: vault",
        "x.y: shadow",
        "x.y: vault",
        "x.y: shadow",
        "action.a.b: other",
    )


def test_one_element_fewer_stays_one_change_when_redacted() -> None:
    """The marks of the redaction do not make the elements behind it look changed (N35)."""
    secrets = [{"name": name, "key": f"secret-{name}"} for name in "abc"]
    mask = [{"key": True}] * 3
    change = {
        "actions": ["update"],
        "before": {"keys": secrets}, "after": {"keys": [secrets[0], secrets[2]]},
        "before_sensitive": {"keys": mask}, "after_sensitive": {"keys": mask[:2]},
    }  # fmt: skip
    resource = {"address": "x.y", "type": "x", "change": change}
    data = json.dumps({"format_version": "1.2", "resource_changes": [resource]}).encode()
    found = parse_json_plan(redact_plan(data))
    assert found is not None
    [attribute] = found.resources[0].attributes
    assert attribute.path == ("keys", 1) and attribute.after.is_absent
