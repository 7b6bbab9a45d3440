"""Plans as JSON, without what must not be seen.

Only members that are known pass. Those that a later Terraform adds may hold secrets in a place
that this version does not know, so a text takes their place: their names still say that there
is something that a reader does not see.
"""

from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any

from remote_backend.formats.exact_json import cut_depth, dump_exact, load_exact
from remote_backend.models.values import comparable
from remote_backend.plans.list_alignment import Pair, align
from remote_backend.plans.masks import (
    Mask,
    fitted_mask,
    join_masks,
    joined_for,
    mask_at,
    mask_of_secrets,
    normalized_mask,
    secret_texts,
)
from remote_backend.plans.plan_members import (
    ACTION_MEMBERS,
    CHANGE_MEMBERS,
    PLAN_MEMBERS,
    RESOURCE_MEMBERS,
    UNREAD_CHANGE_MEMBERS,
    UNREAD_MEMBERS,
)

__all__ = ("redact_plan",)

_REDACTED = "(redacted)"
# Another text than before the change, so that every reader of both sides sees a difference.
_REDACTED_CHANGED = "(redacted, changed)"
_NOTHING: Any = object()
_MOST_LEVELS = 100

Redact = Callable[[Any], Any]


def redact_plan(data: bytes) -> bytes:
    """Return a plan without sensitive values and unknown members; all that shows changes stays.

    The version has the name that it has on HCP Terraform, by which readers recognize the form.
    """
    plan = load_exact(data)
    cut_depth(plan, _MOST_LEVELS)
    known = _known_members(plan, PLAN_MEMBERS, UNREAD_MEMBERS)
    version = {"plan_format_version": known.pop("format_version", None)}
    return dump_exact({**version, **_with_parts(known, _PLAN_PARTS)}).encode()


def _known_members(
    members: Any, known: frozenset[str], left_out: frozenset[str] = frozenset()
) -> Any:
    if not isinstance(members, dict):
        return _REDACTED
    return {
        name: value if name in known or not value else _REDACTED
        for name, value in members.items()
        if name not in left_out
    }


def _with_parts(members: Any, parts: Mapping[str, Redact]) -> Any:
    if not isinstance(members, dict):
        return members
    return {
        name: parts[name](value) if name in parts and value else value
        for name, value in members.items()
    }


def _each(redact: Redact) -> Redact:
    """Return a function that redacts every item of a list or a map."""

    def redact_all(items: Any) -> Any:
        if isinstance(items, list):
            return [redact(item) for item in items]
        if isinstance(items, dict):
            return {name: redact(item) for name, item in items.items()}
        return _REDACTED

    return redact_all


def _redact_resource(resource: Any) -> Any:
    members = _known_members(resource, RESOURCE_MEMBERS)
    return _with_parts(members, {"change": _redact_change})


def _redact_change(change: Any) -> Any:
    members = _known_members(change, CHANGE_MEMBERS, UNREAD_CHANGE_MEMBERS)
    if isinstance(members, dict):
        before, after = _redact_both(
            (members.get("before"), members.get("before_sensitive")),
            (members.get("after"), members.get("after_sensitive")),
        )
        members.update(before=before, after=after)
        if members.get("importing") and isinstance(change.get("generated_config"), str):
            # Terraform writes `null` for sensitive values, and its CLI reads the text from the
            # redacted plan: internal/cloud/backend_plan.go, `maybeWriteGeneratedConfig`.
            members["generated_config"] = change["generated_config"]
    return members


def _redact_both(before: tuple[Any, Any], after: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return the values of two sides, each given with its mask, without their secrets."""
    sides = [
        (value, fitted_mask(value, normalized_mask(mask)))
        for value, mask in (before, after)
    ]
    secrets = {text for value, mask in sides for text in secret_texts(value, mask)}
    old_mask, new_mask = (
        join_masks(mask, mask_of_secrets(value, secrets)) for value, mask in sides
    )
    return _redact_sides(before[0], after[0], old_mask, new_mask)


def _redact_deferred(deferred: Any) -> Any:
    known = frozenset({"reason", "resource_change", "action_invocation"})
    parts = {"resource_change": _redact_resource, "action_invocation": _redact_invocation}
    return _with_parts(_known_members(deferred, known), parts)


def _redact_invocation(invocation: Any) -> Any:
    members = _known_members(invocation, ACTION_MEMBERS)
    if isinstance(members, dict) and "config_values" in members:
        values = (members["config_values"], members.get("config_sensitive"))
        members["config_values"] = _redact_both(values, values)[0]
    return members


_PLAN_PARTS: dict[str, Redact] = {
    "resource_changes": _each(_redact_resource),
    "resource_drift": _each(_redact_resource),
    "deferred_changes": _each(_redact_deferred),
    "output_changes": _each(_redact_change),
    "action_invocations": _each(_redact_invocation),
    "deferred_action_invocations": _each(_redact_deferred),
}


def _redact_sides(
    before: Any, after: Any, before_mask: Mask, after_mask: Mask
) -> tuple[Any, Any]:
    """Return both sides without what the mark of either side hides."""
    marks = join_masks(before_mask, after_mask)
    if marks is False:
        return before, after
    if isinstance(before, dict) and isinstance(after, dict) and isinstance(marks, dict):
        return _redact_maps(before, after, before_mask, after_mask)
    if isinstance(before, list) and isinstance(after, list) and isinstance(marks, list):
        return _redact_lists(before, after, before_mask, after_mask)
    # One text hides the form of the masks, so a difference between them is a change too.
    has_other_marks = bool(before_mask and after_mask) and before_mask != after_mask
    is_changed = has_other_marks or comparable(before) != comparable(after)
    text = _REDACTED_CHANGED if is_changed else _REDACTED
    return (
        _redact_value(before, joined_for(before, before_mask, after_mask), _REDACTED),
        _redact_value(after, joined_for(after, after_mask, before_mask), text),
    )


def _redact_maps(
    before: dict[str, Any], after: dict[str, Any], before_mask: Mask, after_mask: Mask
) -> tuple[Any, Any]:
    sides = {
        key: _redact_sides(
            before.get(key, _NOTHING),
            after.get(key, _NOTHING),
            mask_at(before_mask, key),
            mask_at(after_mask, key),
        )
        for key in {**before, **after}
    }
    return (
        {key: old for key, (old, _) in sides.items() if old is not _NOTHING},
        {key: new for key, (_, new) in sides.items() if new is not _NOTHING},
    )


def _redact_lists(
    before: list[Any], after: list[Any], before_mask: Mask, after_mask: Mask
) -> tuple[Any, Any]:
    # An element that was put in or taken out must not make all those behind it look changed.
    redacted_before, redacted_after = [*before], [*after]
    for pair in _pairs(before, after):
        old, new = _redact_sides(
            _NOTHING if pair.old is None else before[pair.old],
            _NOTHING if pair.new is None else after[pair.new],
            mask_at(before_mask, pair.old),
            mask_at(after_mask, pair.new),
        )
        if pair.old is not None:
            redacted_before[pair.old] = old
        if pair.new is not None:
            redacted_after[pair.new] = new
    return redacted_before, redacted_after


def _pairs(before: list[Any], after: list[Any]) -> list[Pair]:
    def are_maps(old: int, new: int) -> bool:
        return isinstance(before[old], dict) and isinstance(after[new], dict)

    old, new = [comparable(item) for item in before], [comparable(item) for item in after]
    indexes = zip_longest(range(len(before)), range(len(after)))
    return align(old, new, are_maps=are_maps) or [Pair(*index) for index in indexes]


def _redact_value(value: Any, mask: Mask, text: str) -> Any:
    if value is None or value is _NOTHING or mask is False:
        return value
    if isinstance(value, dict) and isinstance(mask, dict):
        return {
            key: _redact_value(inner, mask_at(mask, key), text)
            for key, inner in value.items()
        }
    if isinstance(value, list) and isinstance(mask, list):
        return [
            _redact_value(inner, mask_at(mask, index), text)
            for index, inner in enumerate(value)
        ]
    # All of it is sensitive, or the mask does not fit.
    return text
