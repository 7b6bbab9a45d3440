"""Locks of workspaces: who holds one, and who may open it."""

from attrs import evolve

from remote_backend.server.context import conflict
from remote_backend.server.documents.request_documents import rejected
from remote_backend.server.ids import now_text
from remote_backend.server.records import StateVersionRecord, UserRecord, WorkspaceRecord
from remote_backend.server.store import Records

__all__ = ("force_unlock", "lock", "unlock")


def lock(
    records: Records, workspace: WorkspaceRecord, user: UserRecord, reason: str
) -> WorkspaceRecord:
    """Lock a workspace for a user; raises `Conflict` when it is locked already."""
    if workspace.locked_by is not None:
        raise conflict(f"{workspace.name} is already locked")
    return records.put(
        evolve(workspace, locked_by=user.id, locked_reason=reason, locked_at=now_text())
    )


def unlock(
    records: Records, workspace: WorkspaceRecord, user: UserRecord
) -> WorkspaceRecord:
    """Take back the lock of a user; raises `Conflict` when another user holds it."""
    _require_lock(workspace)
    if workspace.locked_by != user.id:
        holder = records.find(UserRecord, workspace.locked_by or "")
        name = holder.shown_name if holder else workspace.locked_by
        raise conflict(f"{workspace.name} is locked by User {name}")
    newest = records.newest(StateVersionRecord, workspace.id)
    if newest is not None and newest.status == "pending":
        # Not 409, which clients read as "not locked" before they see the reason.
        raise rejected("the latest state version is still pending")
    return _without_lock(records, workspace)


def force_unlock(records: Records, workspace: WorkspaceRecord) -> WorkspaceRecord:
    """Open a lock, also one that another user holds."""
    _require_lock(workspace)
    return _without_lock(records, workspace)


def _require_lock(workspace: WorkspaceRecord) -> None:
    if workspace.locked_by is None:
        raise conflict(f"{workspace.name} is not locked")


def _without_lock(records: Records, workspace: WorkspaceRecord) -> WorkspaceRecord:
    return records.put(evolve(workspace, locked_by=None, locked_reason="", locked_at=""))
