"""Variable sets, as a server answers and receives them."""

from collections.abc import Sequence

from attrs import evolve

from remote_backend.server.documents.documents import Resource, resource_of, to_many, to_one
from remote_backend.server.documents.request_documents import RequestDocument
from remote_backend.server.ids import now_text
from remote_backend.server.organization_records import VariableSetRecord

__all__ = ("dump_variable_set", "variable_set_from_request")

_LONGEST_NAME = 90


def dump_variable_set(
    variable_set: VariableSetRecord, organization: str, variable_ids: Sequence[str]
) -> Resource:
    """Return a variable set as a resource."""
    parent = to_one("organizations", organization)
    if variable_set.parent_project_id is not None:
        parent = to_one("projects", variable_set.parent_project_id)
    return resource_of(
        "varsets",
        variable_set.id,
        {
            "name": variable_set.name,
            "description": variable_set.description,
            "global": variable_set.is_global,
            "priority": variable_set.has_priority,
            "updated-at": variable_set.updated_at,
            "var-count": len(variable_ids),
            "workspace-count": len(variable_set.workspace_ids),
            "project-count": len(variable_set.project_ids),
            "permissions": {"can-update": True},
        },
        relationships={
            "organization": to_one("organizations", organization),
            "parent": parent,
            "vars": to_many("vars", variable_ids),
            "workspaces": to_many("workspaces", variable_set.workspace_ids),
            "projects": to_many("projects", variable_set.project_ids),
            "stacks": to_many("stacks"),
        },
        links={"self": f"/api/v2/varsets/{variable_set.id}"},
    )


def variable_set_from_request(
    variable_set: VariableSetRecord, document: RequestDocument
) -> VariableSetRecord:
    """Return a variable set with what a client sent; raises `Rejected` for a wrong member."""
    name = document.required_name(variable_set.name, _LONGEST_NAME)
    parent = document.related_ids.get("parent", "")
    return evolve(
        variable_set,
        name=name,
        description=document.changed_text("description", variable_set.description) or "",
        is_global=document.flag("global", variable_set.is_global),
        has_priority=document.flag("priority", variable_set.has_priority),
        parent_project_id=parent
        if parent.startswith("prj-")
        else variable_set.parent_project_id,
        workspace_ids=document.linked_ids("workspaces", variable_set.workspace_ids),
        project_ids=document.linked_ids("projects", variable_set.project_ids),
        updated_at=now_text(),
    )
