"""Run triggers as resources, with the names of their workspaces."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.run_triggers import dump_run_trigger
from remote_backend.server.records import RunTriggerRecord, WorkspaceRecord
from remote_backend.server.store import Records

__all__ = ("forget_source", "run_trigger_resources", "triggers_from")


def run_trigger_resources(
    records: Records, request: web.Request, triggers: Sequence[RunTriggerRecord]
) -> list[Resource]:
    """Return run triggers as resources."""
    ids = [id for each in triggers for id in (each.workspace_id, each.source_id)]
    workspaces = records.find_many(WorkspaceRecord, ids)
    names = {id: workspace.name for id, workspace in workspaces.items()}
    return [dump_run_trigger(trigger, names) for trigger in triggers]


def triggers_from(records: Records, workspace_id: str) -> list[RunTriggerRecord]:
    """Return the run triggers whose source is a workspace."""
    return records.all_with(RunTriggerRecord, "source_id", workspace_id)


def forget_source(records: Records, workspace_id: str) -> None:
    """Remove the run triggers whose source is being deleted."""
    for trigger in triggers_from(records, workspace_id):
        records.delete(trigger.id)
