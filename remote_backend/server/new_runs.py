"""Runs that are not stored yet, and workspaces that take them."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.config.hostname import normalize_hostname
from remote_backend.engine.version_choice import choose_version
from remote_backend.errors import BadHostname
from remote_backend.server.context import not_found
from remote_backend.server.documents.request_documents import rejected
from remote_backend.server.documents.workspaces import execution_mode_of
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.organization_records import OrganizationRecord
from remote_backend.server.records import RunRecord, WorkspaceRecord
from remote_backend.server.store import Records
from remote_backend.server.workspace_records import project_of

__all__ = ("hostname_of", "new_run", "require_remote_plans")


def require_remote_plans(records: Records, workspace: WorkspaceRecord) -> None:
    """Raise `Rejected` for a workspace whose plans are not made by the server."""
    project = project_of(records, workspace)
    organization = records.find(OrganizationRecord, workspace.organization_id)
    if organization is None:
        raise not_found(f"workspace {workspace.name}")
    if execution_mode_of(workspace, project, organization).name == "local":
        raise rejected(f"{workspace.name} runs plans locally (execution mode local)")


def new_run(
    workspace: WorkspaceRecord,
    configuration_version_id: str,
    *,
    user_id: str,
    engine_versions: Sequence[str],
    requested_version: str | None = None,
) -> RunRecord:
    """Return a run without options; without a requested version it gets that of its workspace."""
    return RunRecord(
        id=make_id("run"),
        workspace_id=workspace.id,
        organization_id=workspace.organization_id,
        configuration_version_id=configuration_version_id,
        created_at=now_text(),
        created_by=user_id,
        auto_apply=workspace.auto_apply,
        terraform_version=requested_version or _usual_version(workspace, engine_versions),
        requested_version=requested_version,
        times={"plan_queueable": now_text()},
    )


def hostname_of(request: web.Request) -> str:
    """Return the host by which a client reaches the server; empty where it is not one."""
    try:
        return normalize_hostname(request.host)
    except BadHostname:
        return ""


def _usual_version(
    workspace: WorkspaceRecord, engine_versions: Sequence[str]
) -> str | None:
    if not engine_versions:
        return None
    return (
        choose_version(engine_versions, workspace.terraform_version) or engine_versions[0]
    )
