"""The members of a plan that this version knows, and those of a later format that it does not.

A later Terraform can add changes of a new kind. They must not vanish, so they are named; and
the server must not pass on members whose secrets it cannot recognize.
"""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = (
    "ACTION_MEMBERS",
    "CHANGE_MEMBERS",
    "PLAN_MEMBERS",
    "RESOURCE_MEMBERS",
    "UNREAD_CHANGE_MEMBERS",
    "UNREAD_MEMBERS",
    "dicts_of",
    "unknown_members",
)

# internal/command/jsonplan/plan.go and internal/command/jsonformat/plan.go of Terraform 1.14.
PLAN_MEMBERS = frozenset(
    """format_version plan_format_version terraform_version resource_drift resource_changes
    deferred_changes action_invocations deferred_action_invocations output_changes
    relevant_attributes checks timestamp applyable complete errored""".split()
)
UNREAD_MEMBERS = frozenset(
    """variables planned_values prior_state configuration provider_format_version
    provider_schemas""".split()
)
"""Members that say nothing about changes beyond the others."""

RESOURCE_MEMBERS = frozenset(
    """address previous_address module_address mode type name index index_unknown
    provider_name deposed change action_reason""".split()
)
CHANGE_MEMBERS = frozenset(
    """actions before after after_unknown before_sensitive after_sensitive replace_paths
    importing before_identity after_identity""".split()
)
UNREAD_CHANGE_MEMBERS = frozenset({"generated_config"})
"""Members that say nothing about the values of a change; configuration is generated for imports alone."""
ACTION_MEMBERS = frozenset(
    """address type name config_values config_sensitive config_unknown provider_name
    lifecycle_action_trigger invoke_action_trigger""".split()
)


def unknown_members(plan: Mapping[str, Any]) -> Iterator[str]:
    """Give a name for every part of a plan that is not understood and not empty."""
    for name, value in plan.items():
        if value and name not in PLAN_MEMBERS | UNREAD_MEMBERS:
            count = f" ({len(value)})" if isinstance(value, list | dict) else ""
            yield f"{name}{count}"
    for resource in _resources(plan):
        address = resource.get("address", "?")
        yield from _named(address, resource, RESOURCE_MEMBERS)
        change = resource.get("change")
        if isinstance(change, dict):
            yield from _named(address, change, CHANGE_MEMBERS | UNREAD_CHANGE_MEMBERS)
    for invocation in _invocations(plan):
        yield from _named(invocation.get("address", "?"), invocation, ACTION_MEMBERS)


def _named(
    address: Any, members: Mapping[str, Any], known: frozenset[str]
) -> Iterator[str]:
    for name, value in members.items():
        if value and name not in known:
            yield f"{address}: {name}"


def _resources(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from dicts_of(plan.get("resource_changes"))
    yield from dicts_of(plan.get("resource_drift"))
    for deferred in dicts_of(plan.get("deferred_changes")):
        yield from dicts_of([deferred.get("resource_change")])


def _invocations(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from dicts_of(plan.get("action_invocations"))
    for deferred in dicts_of(plan.get("deferred_action_invocations")):
        yield from dicts_of([deferred.get("action_invocation")])


def dicts_of(value: Any) -> list[dict[str, Any]]:
    """Return the maps of a list, and nothing for any other value."""
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]
