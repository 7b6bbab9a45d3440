"""Projects, as a server answers and receives them."""

import re

from attrs import evolve

from remote_backend.server.documents.documents import Resource, resource_of, to_many, to_one
from remote_backend.server.documents.execution_modes import (
    ExecutionMode,
    mode_from_request,
    require_equal_overwrites,
)
from remote_backend.server.documents.request_documents import RequestDocument, rejected
from remote_backend.server.documents.tags import binding_ids, parse_bindings
from remote_backend.server.organization_records import OrganizationRecord, ProjectRecord

__all__ = (
    "default_mode_of",
    "dump_project",
    "parse_duration",
    "project_from_request",
)

# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/projects#create-a-project
_NAME = re.compile(r"[\w -]{3,40}\Z")
# go-tfe 1.109.0 writes the long names, and the documentation the short ones.
_OVERWRITES = (
    ("execution-mode", "agent-pool"),
    ("default-execution-mode", "default-agent-pool"),
)
_DURATION = re.compile(r"\d{1,4}[dh]\Z")


def default_mode_of(
    project: ProjectRecord | None, organization: OrganizationRecord
) -> ExecutionMode:
    """Return the execution mode that workspaces of a project inherit."""
    if project is None or project.default_execution_mode is None:
        return ExecutionMode(
            organization.default_execution_mode, organization.default_agent_pool_id
        )
    return ExecutionMode(project.default_execution_mode, project.default_agent_pool_id)


def dump_project(
    project: ProjectRecord, organization: OrganizationRecord, workspace_count: int
) -> Resource:
    """Return a project as a resource."""
    path = f"/api/v2/projects/{project.id}"
    mode = default_mode_of(project, organization)
    overwrites_mode = project.default_execution_mode is not None
    ids = binding_ids(project.id, project.tag_bindings)
    return resource_of(
        "projects",
        project.id,
        {
            "name": project.name,
            "description": project.description,
            "created-at": project.created_at,
            "is-unified": False,
            "workspace-count": workspace_count,
            "team-count": 0,
            "default-execution-mode": mode.name,
            "auto-destroy-activity-duration": project.auto_destroy_activity_duration,
            "setting-overwrites": {
                "default-execution-mode": overwrites_mode,
                "default-agent-pool": overwrites_mode,
            },
            "permissions": {
                "can-read": True,
                "can-update": True,
                "can-destroy": project.id != organization.default_project_id,
                "can-create-workspace": True,
                "can-move-workspace": True,
            },
        },
        relationships={
            "organization": to_one("organizations", organization.name),
            "default-agent-pool": to_one("agent-pools", mode.agent_pool_id),
            "tag-bindings": to_many("tag-bindings", ids),
            "effective-tag-bindings": to_many("effective-tag-bindings", ids),
        },
        links={"self": path},
    )


def project_from_request(
    project: ProjectRecord, document: RequestDocument
) -> ProjectRecord:
    """Return a project with what a client sent; raises `Rejected` for a wrong member."""
    name = document.text("name", project.name) or ""
    if not _NAME.match(name):
        raise rejected(
            "Name may only contain letters, numbers, spaces, -, and _, and must be 3 to 40 "
            "characters long"
        )
    bindings = document.related_lists.get("tag-bindings")
    mode = _mode_from_request(project, document)
    return evolve(
        project,
        name=name,
        description=document.changed_text("description", project.description) or "",
        default_execution_mode=mode.name,
        default_agent_pool_id=mode.agent_pool_id,
        auto_destroy_activity_duration=parse_duration(
            document, project.auto_destroy_activity_duration
        ),
        tag_bindings=project.tag_bindings if bindings is None else parse_bindings(bindings),
    )


def parse_duration(document: RequestDocument, before: str | None) -> str | None:
    """Return the time without activity after which workspaces are to be destroyed."""
    duration = document.changed_text("auto-destroy-activity-duration", before)
    if duration is not None and not _DURATION.match(duration):
        raise rejected(
            "Auto destroy activity duration has an incorrect format, we expect up to 4 numeric "
            "digits and 1 unit ('d' or 'h')"
        )
    return duration


def _mode_from_request(project: ProjectRecord, document: RequestDocument) -> ExecutionMode:
    sent = document.text("default-execution-mode")
    overwrites = document.members("setting-overwrites")
    for mode_name, pool_name in _OVERWRITES:
        require_equal_overwrites(overwrites, mode_name, pool_name)
    before = ExecutionMode(project.default_execution_mode, project.default_agent_pool_id)
    if any(overwrites.flag(name, True) is False for name, _ in _OVERWRITES):
        before = ExecutionMode(None)
    return mode_from_request(document, before, sent, "default-agent-pool")
