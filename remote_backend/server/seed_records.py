"""The records of the workspaces that a seed names."""

from remote_backend.server.documents.request_documents import RequestDocument
from remote_backend.server.documents.variables import variable_from_request
from remote_backend.server.documents.workspaces import workspace_from_request
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.organization_records import OrganizationRecord, ProjectRecord
from remote_backend.server.records import (
    VariableRecord,
    WorkspaceRecord,
    new_variable,
    new_workspace,
)
from remote_backend.server.seed import SeedWorkspace
from remote_backend.server.store import Records

__all__ = ("store_seed_workspace",)


def store_seed_workspace(
    records: Records, organization: OrganizationRecord, seed: SeedWorkspace
) -> None:
    """Make or change a workspace as a seed says; what it does not name stays as it is."""
    known_workspace = records.find_named(WorkspaceRecord, seed.name, organization.id)
    before = known_workspace or new_workspace(seed.name, organization)
    request = RequestDocument(
        attributes=_attributes(seed),
        related_ids={"project": _project_id(records, organization, seed.project)}
        if seed.project
        else {},
        related_lists={"tag-bindings": _bindings(seed)} if _bindings(seed) else {},
    )
    workspace = records.put(workspace_from_request(before, request))
    stored = {
        (variable.key, variable.category): variable
        for variable in records.all(VariableRecord, workspace.id)
    }
    for variable in seed.variables:
        known = stored.get(
            (variable.key, variable.category), new_variable(workspace.id, variable.key)
        )
        document = RequestDocument(
            attributes={
                "value": variable.value,
                "category": variable.category,
                "hcl": variable.hcl,
                "sensitive": variable.sensitive or known.sensitive,
                "description": variable.description,
            }
        )
        records.put(variable_from_request(known, document))


def _attributes(seed: SeedWorkspace) -> dict[str, object]:
    names = [tag for tag in seed.tags if "=" not in tag]
    attributes: dict[str, object] = {
        "working-directory": seed.working_directory,
        "terraform-version": seed.terraform_version,
    }
    optional = {
        "description": seed.description,
        "execution-mode": seed.execution_mode,
        "file-triggers-enabled": seed.file_triggers_enabled,
        "tag-names": names or None,
        "trigger-patterns": list(seed.trigger_patterns) or None,
        "trigger-prefixes": list(seed.trigger_prefixes) or None,
    }
    return attributes | {
        name: value for name, value in optional.items() if value is not None
    }


def _bindings(seed: SeedWorkspace) -> tuple[RequestDocument, ...]:
    pairs = (tag.partition("=") for tag in seed.tags if "=" in tag)
    return tuple(
        RequestDocument(attributes={"key": key, "value": value}) for key, _, value in pairs
    )


def _project_id(records: Records, organization: OrganizationRecord, name: str) -> str:
    """Return the id of the project of a name, which is made unless it is there."""
    project = records.find_named(ProjectRecord, name, organization.id)
    if project is not None:
        return project.id
    new = ProjectRecord(
        id=make_id("prj"),
        name=name,
        created_at=now_text(),
        organization_id=organization.id,
    )
    return records.put(new).id
