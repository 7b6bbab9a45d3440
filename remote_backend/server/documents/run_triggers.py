"""Run triggers, as a server answers."""

from collections.abc import Mapping

from remote_backend.server.documents.documents import Resource, resource_of, to_one
from remote_backend.server.records import RunTriggerRecord

__all__ = ("dump_run_trigger",)


def dump_run_trigger(trigger: RunTriggerRecord, names: Mapping[str, str]) -> Resource:
    """Return a run trigger as a resource, with the names of both workspaces by their ids."""
    return resource_of(
        "run-triggers",
        trigger.id,
        {
            "workspace-name": names.get(trigger.workspace_id),
            "sourceable-name": names.get(trigger.source_id),
            "created-at": trigger.created_at,
        },
        relationships={
            "workspace": to_one("workspaces", trigger.workspace_id),
            "sourceable": to_one("workspaces", trigger.source_id),
        },
        links={"self": f"/api/v2/run-triggers/{trigger.id}"},
    )
