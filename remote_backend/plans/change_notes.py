"""What stands behind the address of a change: how it is done, where it comes from, and why."""

from collections.abc import Iterator

from remote_backend.models.changes import Action, ActionInvocation, ResourceChange
from remote_backend.plans.action_reasons import reason_text
from remote_backend.plans.actions import OUTSIDE_WORDS
from remote_backend.plans.value_text import path_text, value_text

__all__ = ("cause_text", "change_notes", "invocation_notes")

_ACTION_NOTES: dict[str, str] = {
    Action.REPLACE_CREATE_FIRST: "the new one is created first",
    Action.CREATE_THEN_FORGET: "the old one is forgotten, not destroyed",
    Action.FORGET: "forgotten, not destroyed",
    Action.READ: "read during apply",
    **OUTSIDE_WORDS,
}
# The sign of these says all.
_SIMPLE = (
    Action.CREATE,
    Action.UPDATE,
    Action.MOVE,
    Action.IMPORT,
    Action.REPLACE,
    Action.DELETE,
    Action.NO_OP,
)
_LONGEST_IDENTITY = 100


def change_notes(change: ResourceChange) -> Iterator[str]:
    """Give a few words each for what the sign and the values of a change do not say."""
    if change.action in _ACTION_NOTES:
        yield _ACTION_NOTES[change.action]
    elif change.action not in _SIMPLE:
        yield change.action
    if change.previous_address:
        yield f"moved from {change.previous_address}"
    if change.imported_id is not None:
        yield f"imported by id {change.imported_id}"
    elif change.imported_identity is not None:
        identity = value_text(change.imported_identity, longest=_LONGEST_IDENTITY)
        yield f"imported by {identity}"
    yield from _deferral(change.deferred_reason)


def invocation_notes(action: ActionInvocation) -> Iterator[str]:
    """Give what triggers an action, and why a later plan has to decide about it."""
    if action.trigger_address:
        event = (action.trigger_event or "by").replace("_", " ")
        yield f"{event} of {action.trigger_address}"
    yield from _deferral(action.deferred_reason)


def _deferral(reason: str | None) -> Iterator[str]:
    if reason:
        yield f"deferred: {reason.replace('_', ' ')}"


def cause_text(change: ResourceChange) -> str:
    """Return what forces a replacement, or why the object is destroyed or read."""
    paths = [
        path_text(attribute.path) for attribute in change.attributes if attribute.replaces
    ]
    if paths:
        return f"forced by {', '.join(dict.fromkeys(paths))}"
    return reason_text(change)
