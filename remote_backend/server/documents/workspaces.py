"""Workspaces and their variables, as a server answers and is asked."""

import re
from typing import Any

from attrs import evolve

from remote_backend.errors import Rejected
from remote_backend.formats.hcl import IDENTIFIER
from remote_backend.server.documents.documents import (
    RequestDocument,
    invalid,
    resource_of,
    to_many,
    to_one,
)
from remote_backend.server.records import RunRecord, VariableRecord, WorkspaceRecord

__all__ = (
    "variable_from_request",
    "workspace_from_request",
    "dump_variable",
    "dump_workspace",
)

_LONGEST_NAME = 90
_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
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
)
# Nothing is ever applied here, and clients ask before they try.
_DENIED = (
    "can-queue-apply",
    "can-queue-destroy",
    "can-manage-tags",
    "can-manage-run-tasks",
)


def dump_workspace(
    workspace: WorkspaceRecord,
    organization: str,
    *,
    newest_run: RunRecord | None = None,
    state_version_id: str | None = None,
) -> dict[str, Any]:
    """Return a workspace as a resource."""
    path = f"organizations/{organization}/workspaces/{workspace.name}"
    return resource_of(
        "workspaces",
        workspace.id,
        {
            "name": workspace.name,
            "description": workspace.description,
            "environment": "default",
            "created-at": workspace.created_at,
            "updated-at": workspace.updated_at or workspace.created_at,
            "execution-mode": workspace.execution_mode,
            "operations": workspace.execution_mode != "local",
            "auto-apply": workspace.auto_apply,
            "terraform-version": workspace.terraform_version,
            "working-directory": workspace.working_directory,
            "locked": workspace.locked_by is not None,
            "locked-reason": workspace.locked_reason,
            "tag-names": list(workspace.tag_names),
            "vcs-repo": None,
            "vcs-repo-identifier": None,
            "allow-destroy-plan": True,
            "speculative-enabled": True,
            "queue-all-runs": False,
            "file-triggers-enabled": False,
            "global-remote-state": False,
            # The remote backend of Terraform would print JSON lines as they are.
            "structured-run-output-enabled": False,
            "source": "tfe-api",
            "trigger-prefixes": [],
            "actions": {"is-destroyable": True},
            "permissions": {
                **dict.fromkeys(_GRANTED, True),
                **dict.fromkeys(_DENIED, False),
            },
        },
        relationships={
            "organization": to_one("organizations", organization),
            # A plan-only run never holds the workspace, so none is ever current.
            "current-run": to_one("runs", None),
            "latest-run": to_one("runs", newest_run.id if newest_run else None),
            "current-state-version": to_one("state-versions", state_version_id),
            "locked-by": to_one("users", workspace.locked_by),
            "outputs": to_many("workspace-outputs"),
        },
        links={
            "self": f"/api/v2/{path}",
            "self-html": f"/app/{organization}/{workspace.name}",
        },
    )


def workspace_from_request(
    workspace: WorkspaceRecord, document: RequestDocument
) -> WorkspaceRecord:
    """Return a workspace with what a client asked for.

    Raises `Rejected` for a name that no workspace may have, or a wrong attribute.
    """
    name = document.text("name", workspace.name) or ""
    if not _NAME.match(name):
        raise invalid("name", "letters, digits, - and _")
    if len(name) > _LONGEST_NAME:
        raise invalid("name", f"at most {_LONGEST_NAME} characters long")
    mode = document.text("execution-mode")
    if mode is None and "operations" in document.attributes:
        mode = "remote" if document.flag("operations", True) else "local"
    if mode not in (None, "remote", "local"):
        raise invalid("execution-mode", "remote or local on this server")
    directory = document.text("working-directory", workspace.working_directory) or ""
    if ".." in directory.split("/"):
        raise invalid("working-directory", "a relative path without ..")
    return evolve(
        workspace,
        name=name,
        description=document.text("description", workspace.description),
        working_directory=directory,
        terraform_version=document.text("terraform-version", workspace.terraform_version)
        or "latest",
        execution_mode=mode or workspace.execution_mode,
        auto_apply=document.flag("auto-apply", workspace.auto_apply),
        tag_names=document.texts("tag-names")
        if "tag-names" in document.attributes
        else workspace.tag_names,
    )


def dump_variable(variable: VariableRecord) -> dict[str, Any]:
    """Return a variable as a resource; sensitive values can only be written."""
    return resource_of(
        "vars",
        variable.id,
        {
            "key": variable.key,
            "value": None if variable.sensitive else variable.value,
            "description": variable.description,
            "category": variable.category,
            "hcl": variable.hcl,
            "sensitive": variable.sensitive,
        },
        relationships={"configurable": to_one("workspaces", variable.workspace_id)},
        links={"self": f"/api/v2/workspaces/{variable.workspace_id}/vars/{variable.id}"},
    )


def variable_from_request(
    variable: VariableRecord, document: RequestDocument
) -> VariableRecord:
    """Return a variable with what a client asked for; raises `Rejected` for nonsense."""
    category = document.text("category", variable.category)
    if category not in ("terraform", "env"):
        raise invalid("category", "terraform or env")
    key = document.text("key", variable.key) or ""
    if not (IDENTIFIER.fullmatch(key) if category == "terraform" else _is_env_name(key)):
        raise invalid("key", "the name of a variable")
    if variable.sensitive and not document.flag("sensitive", True):
        problem = (
            "a sensitive variable cannot become readable; delete it and make a new one"
        )
        raise Rejected(422, "", "", (problem,))
    return evolve(
        variable,
        key=key,
        value=document.text("value", variable.value) or "",
        category=category,
        hcl=document.flag("hcl", variable.hcl),
        sensitive=document.flag("sensitive", variable.sensitive),
        description=document.text("description", variable.description) or "",
    )


def _is_env_name(key: str) -> bool:
    return bool(key) and "=" not in key and "\0" not in key
