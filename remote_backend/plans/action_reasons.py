"""Why Terraform chose an action, in words for people."""

from remote_backend.models.changes import ResourceChange

__all__ = ("reason_text",)

# The words of the JSON plan (https://developer.hashicorp.com/terraform/internals/json-format) and
# those of structured logs (https://developer.hashicorp.com/terraform/internals/machine-readable-ui).
_REASONS = {
    "replace_because_tainted": "it is tainted",
    "replace_because_cannot_update": "it cannot be updated in place",
    "replace_by_request": "as requested",
    "replace_by_triggers": "by replace_triggered_by",
    # The usual reason, which a reader expects.
    "delete_because_no_resource_config": "",
    "delete_because_no_module": "its module is not in the configuration any more",
    "delete_because_wrong_repetition": "count or for_each was added or removed",
    "delete_because_count_index": "its index is beyond count",
    "delete_because_each_key": "its key is not in for_each",
    "delete_because_no_move_target": "it was moved to an address that is not in the configuration",
    "read_because_config_unknown": "its configuration is known after apply",
    "read_because_dependency_pending": "it depends on something that changes",
    "read_because_check_nested": "a check reads it",
    "tainted": "it is tainted",
    "requested": "as requested",
    "cannot_update": "it cannot be updated in place",
}


def reason_text(change: ResourceChange) -> str:
    """Return why an object is replaced, destroyed or read; reasons of later versions as they are."""
    reason = change.action_reason
    return "" if not reason else _REASONS.get(reason, reason.replace("_", " "))
