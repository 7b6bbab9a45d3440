"""Which changes from outside matter to a plan.

A plan lists the attributes that its changes depend on, and Terraform shows only drift among those:
https://developer.hashicorp.com/terraform/internals/json-format#plan-representation. What else was
changed outside is of no use to a reviewer, and differs from workspace to workspace. A plan that changes
no resource, as one that only refreshes, has drift as its news; all of it matters then.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve

from remote_backend.models.changes import Action, ResourceChange
from remote_backend.models.values import Path
from remote_backend.plans.plan_members import dicts_of

__all__ = ("mark_unrelated",)

_WITHOUT_NEWS = (Action.NO_OP, Action.READ)


def mark_unrelated(
    document: Mapping[str, Any],
    resources: Iterable[ResourceChange],
    drift: Iterable[ResourceChange],
) -> Iterator[ResourceChange]:
    """Give the changes from outside, marked where the plan in `document` does not depend on them."""
    has_news = any(change.action not in _WITHOUT_NEWS for change in resources)
    # Terraform lists them since 1.2; without a list nothing can be left out.
    is_listed = has_news and "relevant_attributes" in document
    relevant = list(_relevant(document)) if is_listed else []
    for change in drift:
        if change.action == Action.NO_OP:
            continue
        is_related = not is_listed or any(_matters(change, *place) for place in relevant)
        yield change if is_related else evolve(change, is_unrelated=True)


def _relevant(document: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    for member in dicts_of(document.get("relevant_attributes")):
        steps = member.get("attribute")
        path = tuple(steps) if isinstance(steps, list) else ()
        yield str(member.get("resource")), path


def _matters(change: ResourceChange, resource: str, path: Path) -> bool:
    # A reference to a whole resource has no key of an instance.
    if change.address != resource and not change.address.startswith(f"{resource}["):
        return False
    if change.action == Action.GONE or not change.attributes:
        return True
    return any(_overlap(attribute.path, path) for attribute in change.attributes)


def _overlap(one: Path, other: Path) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
