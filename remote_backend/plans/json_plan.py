"""Plans as JSON, read into changes; the format is described at
https://developer.hashicorp.com/terraform/internals/json-format.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from remote_backend.formats.exact_json import cut_depth, load_exact
from remote_backend.models.changes import (
    Action,
    ActionInvocation,
    AttributeChange,
    CheckResult,
    Diagnostic,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.values import UNKNOWN, Path, Value
from remote_backend.plans.attribute_changes import (
    attributes_of_resource,
    changes_of_value,
    make_sides,
    value_of,
)
from remote_backend.plans.drift_relevance import mark_unrelated
from remote_backend.plans.masks import fitted_mask, normalized_mask, visible_value
from remote_backend.plans.plan_members import UNREAD_MEMBERS, dicts_of, unknown_members

__all__ = ("OUTSIDE", "parse_json_plan")

Item = TypeVar("Item")

_ACTIONS = {
    ("no-op",): Action.NO_OP,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE_CREATE_FIRST,
    ("create", "forget"): Action.CREATE_THEN_FORGET,
}
_MOST_LEVELS = 100
# What stays in these is not a change, and is not drawn as one by Terraform either.
_WITHOUT_ATTRIBUTES = (Action.NO_OP, Action.FORGET, Action.MOVE, Action.IMPORT)

OUTSIDE: dict[str, str] = {Action.UPDATE: Action.DRIFT, Action.DELETE: Action.GONE}
"""The action by which a report names a change that was made outside of Terraform."""


def parse_json_plan(
    data: bytes, *, marks_old_values: bool = False
) -> PlannedChanges | None:
    """Return what a plan would change, or None if the data are not a plan as JSON.

    With `marks_old_values` it has a mark of the old values of each object, for a comparison.
    """
    try:
        document = load_exact(data)
    except (ValueError, RecursionError):
        return None
    # The redacted plans of HCP Terraform are in the form that Terraform's own CLI reads there:
    # internal/command/jsonformat/plan.go, `Plan`.
    if not isinstance(document, dict) or not (
        "format_version" in document or "plan_format_version" in document
    ):
        return None
    # These are most of a document, and none of its changes.
    for name in UNREAD_MEMBERS & document.keys():
        del document[name]
    cut_depth(document, _MOST_LEVELS)
    resources = _each(document, "resource_changes", _resource)
    drift = _each(document, "resource_drift", _drift)
    checks = dicts_of(document.get("checks"))
    return PlannedChanges(
        resources=tuple(change for change in resources if change.action != Action.NO_OP),
        outputs=tuple(_outputs(document.get("output_changes"))),
        drift=tuple(mark_unrelated(document, resources, drift)),
        deferred=tuple(_each(document, "deferred_changes", _deferred)),
        actions=(
            *_each(document, "action_invocations", _invocation),
            *_each(document, "deferred_action_invocations", _deferred_invocation),
        ),
        checks=tuple(_check_results(checks)),
        diagnostics=tuple(_failed_checks(checks)),
        not_understood=tuple(unknown_members(document)),
        timestamp=_text(document.get("timestamp")),
        before_marks=dict(_marks(document)) if marks_old_values else {},
    )


def _marks(document: dict[str, Any]) -> Iterator[tuple[tuple[str, str | None], int]]:
    """Give a hash of the old values of each object, in which sensitive ones take no part."""
    for resource in dicts_of(document.get("resource_changes")):
        change = _dict(resource.get("change"))
        before = change.get("before")
        if mask := fitted_mask(before, normalized_mask(change.get("before_sensitive"))):
            before = visible_value(before, mask, False)
        key = (str(resource.get("address", "?")), _text(resource.get("deposed")))
        # Texts of equal values are equal, and made faster than any other form.
        yield key, hash(repr(before))


def _each(
    document: dict[str, Any], name: str, read: Callable[[dict[str, Any]], Item]
) -> list[Item]:
    return [read(item) for item in dicts_of(document.get(name))]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _drift(resource: dict[str, Any]) -> ResourceChange:
    return _resource(resource, names=OUTSIDE)


def _deferred(deferred_change: dict[str, Any]) -> ResourceChange:
    return _resource(
        _dict(deferred_change.get("resource_change")),
        deferred_reason=str(deferred_change.get("reason") or "unknown"),
    )


def _resource(
    resource: dict[str, Any],
    *,
    names: dict[str, str] | None = None,
    deferred_reason: str | None = None,
) -> ResourceChange:
    change = _dict(resource.get("change"))
    importing = change.get("importing")
    action = _action(change)
    if action == Action.NO_OP:
        if resource.get("previous_address"):
            action = Action.MOVE
        elif importing:
            action = Action.IMPORT
    action = (names or {}).get(action, action)
    return ResourceChange(
        address=str(resource.get("address", "?")),
        action=action,
        type=str(resource.get("type", "")),
        deposed=_text(resource.get("deposed")),
        previous_address=_text(resource.get("previous_address")),
        imported_id=_imported_id(_dict(importing)),
        imported_identity=_imported_identity(_dict(importing)),
        action_reason=_text(resource.get("action_reason")),
        deferred_reason=deferred_reason,
        generated_config=_text(change.get("generated_config")),
        attributes=() if action in _WITHOUT_ATTRIBUTES else tuple(_attributes(change)),
    )


def _action(change: dict[str, Any]) -> str:
    actions = change.get("actions")
    key = tuple(map(str, actions)) if isinstance(actions, list) else ()
    # An action of a later Terraform keeps its own word.
    return _ACTIONS.get(key, "+".join(key) or Action.NO_OP)


def _imported_id(importing: dict[str, Any]) -> str | None:
    imported_id = importing.get("id")
    return None if imported_id is None else str(imported_id)


def _imported_identity(importing: dict[str, Any]) -> Value | None:
    if importing.get("unknown") is True:
        return UNKNOWN
    identity = importing.get("identity")
    return None if identity is None else Value(value=identity)


def _attributes(change: dict[str, Any]) -> Iterator[AttributeChange]:
    before, after = make_sides(change)
    return attributes_of_resource(before, after, _replace_paths(change))


def _replace_paths(change: dict[str, Any]) -> Iterator[Path]:
    paths = change.get("replace_paths")
    for steps in paths if isinstance(paths, list) else ():
        if isinstance(steps, list):
            yield tuple(_leading_steps(steps))


def _leading_steps(steps: list[Any]) -> Iterator[str | int]:
    for step in steps:
        # An element of a set has itself as its step, so the set is the last thing named.
        if isinstance(step, bool) or not isinstance(step, str | int):
            return
        yield step


def _outputs(outputs: Any) -> Iterator[OutputChange]:
    for name, change in sorted(_dict(outputs).items()):
        action = _action(_dict(change))
        if action != Action.NO_OP:
            before, after = make_sides(change)
            yield OutputChange(
                name=str(name),
                action=action,
                before=value_of(before, after),
                after=value_of(after, before),
                attributes=tuple(changes_of_value(before, after)),
            )


def _deferred_invocation(deferred: dict[str, Any]) -> ActionInvocation:
    return _invocation(
        _dict(deferred.get("action_invocation")),
        deferred_reason=str(deferred.get("reason") or "unknown"),
    )


def _invocation(
    invocation: dict[str, Any], *, deferred_reason: str | None = None
) -> ActionInvocation:
    trigger = _dict(invocation.get("lifecycle_action_trigger"))
    _, configuration = make_sides(
        {
            "after": invocation.get("config_values"),
            "after_sensitive": invocation.get("config_sensitive"),
            "after_unknown": invocation.get("config_unknown"),
        }
    )
    return ActionInvocation(
        address=str(invocation.get("address", "?")),
        type=str(invocation.get("type", "")),
        trigger_address=_text(trigger.get("triggering_resource_address")),
        trigger_event=_text(trigger.get("action_trigger_event")),
        configuration=value_of(configuration, configuration),
        deferred_reason=deferred_reason,
    )


def _check_results(checks: list[dict[str, Any]]) -> Iterator[CheckResult]:
    for check in checks:
        block = _dict(check.get("address"))
        for instance in dicts_of(check.get("instances")) or [{}]:
            place = _dict(instance.get("address")) or block
            problems = (
                problem.get("message") for problem in dicts_of(instance.get("problems"))
            )
            yield CheckResult(
                address=str(place.get("to_display") or block.get("to_display") or "?"),
                kind=str(block.get("kind") or ""),
                status=str(instance.get("status") or check.get("status") or "unknown"),
                problems=tuple(str(message) for message in problems if message),
            )


def _failed_checks(checks: list[dict[str, Any]]) -> Iterator[Diagnostic]:
    """Give a diagnostic for each condition of the configuration that does not hold."""
    for result in _check_results(checks):
        if result.status not in ("fail", "error"):
            continue
        for problem in result.problems or ("",):
            yield Diagnostic(
                # A block of its own only warns; conditions of other things stop a plan.
                severity="warning" if result.kind == "check" else "error",
                summary="a check failed"
                if result.status == "fail"
                else "a check could not be made",
                detail=problem,
                address=None if result.address == "?" else result.address,
            )
