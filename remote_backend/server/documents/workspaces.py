"""Workspaces, as a server answers and receives them."""

import re
from typing import Any

from attrs import evolve, frozen

from remote_backend.server.documents.documents import Resource, resource_of, to_many, to_one
from remote_backend.server.documents.execution_modes import (
    ExecutionMode,
    mode_from_request,
    require_equal_overwrites,
)
from remote_backend.server.documents.projects import default_mode_of, parse_duration
from remote_backend.server.documents.request_documents import (
    RequestDocument,
    invalid,
    rejected,
)
from remote_backend.server.documents.tags import (
    binding_ids,
    effective_bindings,
    parse_bindings,
    tag_id,
)
from remote_backend.server.organization_records import OrganizationRecord, ProjectRecord
from remote_backend.server.records import WorkspaceRecord

__all__ = (
    "WorkspaceFacts",
    "dump_workspace",
    "execution_mode_of",
    "workspace_from_request",
)

_LONGEST_NAME = 90
_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
# `latest`, a version, or a constraint such as `~> 1.9.0`:
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#create-a-workspace
_VERSION_CONSTRAINT = re.compile(
    r"\s*([=<>]|!=|>=|<=|~>)?\s*v?\d+(\.\d+){0,2}(-[\w.-]+)?\s*\Z"
)
_GRANTED = (
    "can-queue-run",
    "can-read-run",
    "can-read-settings",
    "can-read-variable",
    "can-update-variable",
    "can-read-state-versions",
    "can-read-state-outputs",
    "can-create-state-versions",
    "can-update",
    "can-destroy",
    "can-lock",
    "can-unlock",
    "can-force-unlock",
    "can-force-delete",
    "can-manage-tags",
)
# Nothing is ever applied here, and clients ask before they try.
_DENIED = (
    "can-queue-apply",
    "can-queue-destroy",
    "can-manage-run-tasks",
)
# Attributes that change nothing here, with the defaults of the service. A client that sets
# one must read it again, or the tfe provider wants to change it in each of its plans.
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#request-body
_KEPT_FLAGS = {
    "allow-destroy-plan": True,
    "assessments-enabled": False,
    "auto-apply-run-trigger": False,
    "file-triggers-enabled": True,
    "global-remote-state": False,
    "inherits-project-auto-destroy": True,
    "project-remote-state": False,
    "queue-all-runs": False,
    "speculative-enabled": True,
    # True on the service. Logs here are for people, and the `remote` backend of Terraform
    # prints the JSON lines of structured ones as they are.
    "structured-run-output-enabled": False,
}
_KEPT_TEXTS = ("auto-destroy-at", "source-name", "source-url")
_KEPT_LISTS = ("trigger-patterns", "trigger-prefixes")
_DURATION = "auto-destroy-activity-duration"
_KEPT_DEFAULTS: dict[str, Any] = {
    **_KEPT_FLAGS,
    **dict.fromkeys(_KEPT_TEXTS),
    **dict.fromkeys(_KEPT_LISTS, []),
    _DURATION: None,
}


@frozen(kw_only=True)
class WorkspaceFacts:
    """What other records say about a workspace."""

    organization: OrganizationRecord
    project: ProjectRecord | None = None
    latest_run_id: str | None = None
    state_version_id: str | None = None
    resource_count: int = 0
    configuration_version_id: str | None = None
    variable_ids: tuple[str, ...] = ()
    output_ids: tuple[str, ...] = ()
    """Empty unless the outputs are included."""


def execution_mode_of(
    workspace: WorkspaceRecord,
    project: ProjectRecord | None,
    organization: OrganizationRecord,
) -> ExecutionMode:
    """Return the execution mode of a workspace: its own, or what it inherits."""
    if workspace.inherits_execution_mode:
        return default_mode_of(project, organization)
    return ExecutionMode(workspace.execution_mode, workspace.agent_pool_id)


def dump_workspace(workspace: WorkspaceRecord, facts: WorkspaceFacts) -> Resource:
    """Return a workspace as a resource."""
    organization = facts.organization.name
    path = f"organizations/{organization}/workspaces/{workspace.name}"
    mode = execution_mode_of(workspace, facts.project, facts.organization)
    return resource_of(
        "workspaces",
        workspace.id,
        _attributes(workspace, facts, mode),
        relationships=_relationships(workspace, facts, mode),
        links={
            "self": f"/api/v2/{path}",
            "self-html": f"/app/{organization}/workspaces/{workspace.name}",
        },
    )


def workspace_from_request(
    workspace: WorkspaceRecord, document: RequestDocument
) -> WorkspaceRecord:
    """Return a workspace with what a client sent.

    Raises `Rejected` for a name that no workspace may have, or a wrong attribute.
    """
    # pytfe 1.5.0 sends an object without values for no repository.
    if any(value for value in document.members("vcs-repo").attributes.values()):
        raise rejected("vcs-repo must be absent: this server does not read repositories")
    mode = _mode_from_request(workspace, document)
    bindings = document.related_lists.get("tag-bindings")
    return evolve(
        workspace,
        name=_name(workspace, document),
        description=document.changed_text("description", workspace.description),
        working_directory=_working_directory(workspace, document),
        terraform_version=_terraform_version(workspace, document),
        execution_mode=mode.name or workspace.execution_mode,
        inherits_execution_mode=mode.name is None,
        agent_pool_id=mode.agent_pool_id,
        auto_apply=document.flag("auto-apply", workspace.auto_apply),
        tag_names=document.texts("tag-names")
        if "tag-names" in document.attributes
        else workspace.tag_names,
        tag_bindings=workspace.tag_bindings
        if bindings is None
        else parse_bindings(bindings),
        project_id=document.related_ids.get("project", workspace.project_id),
        kept_attributes=_kept_attributes(workspace, document),
    )


def _attributes(
    workspace: WorkspaceRecord, facts: WorkspaceFacts, mode: ExecutionMode
) -> dict[str, Any]:
    changed_at = workspace.updated_at or workspace.created_at
    overwrites_mode = not workspace.inherits_execution_mode
    return {
        "name": workspace.name,
        "description": workspace.description,
        "environment": "default",
        "created-at": workspace.created_at,
        "updated-at": changed_at,
        "latest-change-at": changed_at,
        "execution-mode": mode.name,
        "operations": mode.name != "local",
        "setting-overwrites": {
            "execution-mode": overwrites_mode,
            "agent-pool": overwrites_mode,
        },
        "auto-apply": workspace.auto_apply,
        "terraform-version": workspace.terraform_version,
        "working-directory": workspace.working_directory,
        "locked": workspace.locked_by is not None,
        "locked-reason": workspace.locked_reason,
        "resource-count": facts.resource_count,
        "tag-names": list(workspace.tag_names),
        "vcs-repo": None,
        "vcs-repo-identifier": None,
        "source": "tfe-api",
        **_KEPT_DEFAULTS,
        **workspace.kept_attributes,
        "actions": {"is-destroyable": True},
        "permissions": {**dict.fromkeys(_GRANTED, True), **dict.fromkeys(_DENIED, False)},
    }


def _relationships(
    workspace: WorkspaceRecord, facts: WorkspaceFacts, mode: ExecutionMode
) -> dict[str, Any]:
    effective = effective_bindings(workspace, facts.project)
    return {
        "organization": to_one("organizations", facts.organization.name),
        "project": to_one("projects", workspace.project_id),
        # A plan-only run never holds the workspace, so none is ever current.
        "current-run": to_one("runs", None),
        "latest-run": to_one("runs", facts.latest_run_id),
        "current-state-version": to_one("state-versions", facts.state_version_id),
        "current-configuration-version": to_one(
            "configuration-versions", facts.configuration_version_id
        ),
        "locked-by": to_one("users", workspace.locked_by),
        "readme": to_one("workspace-readme", None),
        "agent-pool": to_one("agent-pools", mode.agent_pool_id),
        "ssh-key": to_one("ssh-keys", workspace.ssh_key_id),
        "outputs": to_many("workspace-outputs", facts.output_ids),
        "vars": to_many("vars", facts.variable_ids),
        "tags": to_many("tags", map(tag_id, workspace.tag_names)),
        "tag-bindings": to_many(
            "tag-bindings", binding_ids(workspace.id, workspace.tag_bindings)
        ),
        "effective-tag-bindings": to_many(
            "effective-tag-bindings", binding_ids(workspace.id, effective)
        ),
        "remote-state-consumers": {
            "links": {
                "related": f"/api/v2/workspaces/{workspace.id}/relationships/remote-state-consumers"
            }
        },
    }


def _name(workspace: WorkspaceRecord, document: RequestDocument) -> str:
    name = document.text("name", workspace.name) or ""
    if not _NAME.match(name):
        raise invalid("name", "letters, digits, - and _")
    if len(name) > _LONGEST_NAME:
        raise invalid("name", f"at most {_LONGEST_NAME} characters long")
    return name


def _working_directory(workspace: WorkspaceRecord, document: RequestDocument) -> str:
    before = workspace.working_directory
    directory = document.changed_text("working-directory", before) or ""
    if ".." in directory.split("/"):
        raise invalid("working-directory", "a relative path without ..")
    return directory


def _terraform_version(workspace: WorkspaceRecord, document: RequestDocument) -> str:
    version = document.text("terraform-version") or workspace.terraform_version
    constraints = version.split(",")
    if version != "latest" and not all(map(_VERSION_CONSTRAINT.match, constraints)):
        raise invalid("terraform-version", "latest, a version, or a constraint of versions")
    return version


def _mode_from_request(
    workspace: WorkspaceRecord, document: RequestDocument
) -> ExecutionMode:
    sent = document.text("execution-mode")
    if sent is None and document.attributes.get("operations") is not None:
        sent = "remote" if document.flag("operations", True) else "local"
    overwrites = document.members("setting-overwrites")
    require_equal_overwrites(overwrites, "execution-mode", "agent-pool")
    own = ExecutionMode(workspace.execution_mode, workspace.agent_pool_id)
    inherits = workspace.inherits_execution_mode and sent is None
    if overwrites.flag("execution-mode", not inherits):
        return mode_from_request(document, own, sent, "agent-pool")
    return mode_from_request(document, ExecutionMode(None), None, "agent-pool")


def _kept_attributes(
    workspace: WorkspaceRecord, document: RequestDocument
) -> dict[str, Any]:
    kept = dict(workspace.kept_attributes)
    for name, default in _KEPT_FLAGS.items():
        if name in document.attributes:
            kept[name] = document.flag(name, default)
    for name in _KEPT_TEXTS:
        if name in document.attributes:
            kept[name] = document.text(name)
    for name in _KEPT_LISTS:
        if name in document.attributes:
            kept[name] = list(document.texts(name))
    # https://github.com/hashicorp/go-tfe refuses both before it sends anything.
    if document.texts("trigger-patterns") and document.texts("trigger-prefixes"):
        raise rejected("trigger-patterns and trigger-prefixes exclude each other")
    if document.texts("trigger-patterns"):
        kept["trigger-prefixes"] = []
    if document.texts("trigger-prefixes"):
        kept["trigger-patterns"] = []
    if _DURATION in document.attributes:
        kept[_DURATION] = parse_duration(document, kept.get(_DURATION))
    return kept
