"""What the path of a page names: its workspace, run, state version; and users by their ids."""

from collections.abc import Iterable

from aiohttp import web

from remote_backend.server.context import not_found, organization_of
from remote_backend.server.records import (
    RunRecord,
    StateVersionRecord,
    UserRecord,
    WorkspaceRecord,
)
from remote_backend.server.store import Records

__all__ = ("named_run", "named_state", "named_workspace", "names_of_users")


def named_workspace(records: Records, request: web.Request) -> WorkspaceRecord:
    """Return the workspace of a path; raises `NotFound`."""
    name = request.match_info["workspace"]
    workspace = records.find_named(WorkspaceRecord, name, organization_of(request).id)
    if workspace is None:
        raise not_found(f"workspace {name}")
    return workspace


def named_run(records: Records, request: web.Request) -> tuple[WorkspaceRecord, RunRecord]:
    """Return the workspace and the run of a path; raises `NotFound`."""
    workspace = named_workspace(records, request)
    id = request.match_info["run_id"]
    run = records.find(RunRecord, id)
    if run is None or run.workspace_id != workspace.id:
        raise not_found(f"run {id} of {workspace.name}")
    return workspace, run


def named_state(
    records: Records, request: web.Request
) -> tuple[WorkspaceRecord, StateVersionRecord]:
    """Return the workspace and the state version of a path; raises `NotFound`."""
    workspace = named_workspace(records, request)
    id = request.match_info["state_id"]
    version = records.find(StateVersionRecord, id)
    if version is None or version.workspace_id != workspace.id:
        raise not_found(f"state version {id} of {workspace.name}")
    return workspace, version


def names_of_users(records: Records, ids: Iterable[str | None]) -> dict[str | None, str]:
    """Return the names of users that are known, by their ids."""
    users = records.find_many(UserRecord, filter(None, ids))
    return {id: user.shown_name for id, user in users.items()}
