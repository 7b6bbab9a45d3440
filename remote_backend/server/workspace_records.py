"""Records that belong to a workspace."""

from collections import Counter
from collections.abc import Collection, Iterable

from remote_backend.errors import NotFound
from remote_backend.server.organization_records import ProjectRecord
from remote_backend.server.records import (
    FINAL_RUN_STATUSES,
    ConfigurationVersionRecord,
    RunRecord,
    StateVersionRecord,
    WorkspaceRecord,
)
from remote_backend.server.store import Records

__all__ = (
    "known_tags",
    "newest_state",
    "newest_states",
    "newest_usable_configuration",
    "project_of",
    "unfinished_runs",
    "workspaces_of_ids",
)


def newest_state(records: Records, workspace_id: str) -> StateVersionRecord | None:
    """Return the newest state of a workspace whose bytes are there."""
    return newest_states(records, [workspace_id]).get(workspace_id)


def newest_states(
    records: Records, workspace_ids: Iterable[str]
) -> dict[str, StateVersionRecord]:
    """Return the newest states of workspaces whose bytes are there, by workspace."""
    return records.newest_of(StateVersionRecord, workspace_ids, status="finalized")


def newest_usable_configuration(
    records: Records, workspace_id: str
) -> ConfigurationVersionRecord | None:
    """Return the configuration version that a run gets when it does not name one."""
    newest = records.newest_of(
        ConfigurationVersionRecord, [workspace_id], status="uploaded", provisional=False
    )
    return newest.get(workspace_id)


def unfinished_runs(records: Records) -> list[RunRecord]:
    """Return the runs that wait or are being planned, oldest first."""
    return records.all_without(RunRecord, "status", FINAL_RUN_STATUSES)


def known_tags(records: Records, organization_id: str) -> Counter[str]:
    """Return the tags of an organization by name, with the number of workspaces of each."""
    workspaces = records.all(WorkspaceRecord, organization_id)
    return Counter(name for workspace in workspaces for name in workspace.tag_names)


def workspaces_of_ids(
    records: Records, organization_id: str, ids: Collection[str]
) -> list[WorkspaceRecord]:
    """Return workspaces of an organization; raises `NotFound` when one of them is missing."""
    workspaces = records.find_many(WorkspaceRecord, ids)
    for id in ids:
        if id not in workspaces or workspaces[id].organization_id != organization_id:
            raise NotFound(404, "", "", (f"workspace {id} does not exist",))
    return list(workspaces.values())


def project_of(records: Records, workspace: WorkspaceRecord) -> ProjectRecord | None:
    """Return the project of a workspace."""
    return records.find(ProjectRecord, workspace.project_id)
