"""Workspaces on the wire."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from remote_backend.api.messages import Request, Response, path_part
from remote_backend.api.wire.document import (
    Page,
    attribute_of,
    body_of,
    load_readable_page,
    load_resource,
    members_of,
    parse_document,
)
from remote_backend.models.workspace import Workspace

__all__ = (
    "PAGE_SIZE",
    "load_lock_holder",
    "load_workspace",
    "load_workspaces",
    "request_to_create_workspace",
    "request_to_delete_workspace",
    "request_to_force_unlock",
    "request_to_list_workspaces",
    "request_to_lock",
    "request_to_read_lock_holder",
    "request_to_read_workspace",
    "request_to_unlock",
)

PAGE_SIZE = 100


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#list-workspaces
def request_to_list_workspaces(
    organization: str,
    *,
    search: str,
    page: int,
    tags: Sequence[tuple[str, str]] = (),
    project_id: str | None = None,
    with_empty: bool = False,
) -> Request:
    """List a page of the workspaces whose names contain a text, with tags, of a project.

    `with_empty` names searches for nothing too, on which some servers insist
    (https://github.com/terrakube-io/terrakube/issues/717).
    """
    query = [
        ("page[number]", str(page)),
        ("page[size]", str(PAGE_SIZE)),
        ("sort", "name"),
    ]
    plain = ",".join(key for key, value in tags if not value)
    for name, text in (("search[name]", search), ("search[tags]", plain)):
        if text or with_empty:
            query.append((name, text))
    for number, (key, value) in enumerate(tag for tag in tags if tag[1]):
        query.append((f"filter[tagged][{number}][key]", key))
        query.append((f"filter[tagged][{number}][value]", value))
    if project_id is not None:
        query.append(("filter[project][id]", project_id))
    return Request(method="GET", target=_collection(organization), query=tuple(query))


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#show-workspace
def request_to_read_workspace(organization: str, name: str) -> Request:
    """Read a workspace by its full name."""
    return Request(method="GET", target=f"{_collection(organization)}/{path_part(name)}")


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#show-workspace
def request_to_read_lock_holder(organization: str, name: str) -> Request:
    """Read a workspace and the holder of its lock."""
    request = request_to_read_workspace(organization, name)
    return evolve(request, query=(("include", "locked_by"),))


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#create-a-workspace
def request_to_create_workspace(
    organization: str, name: str, terraform_version: str | None = None
) -> Request:
    """Create a workspace; the server has a default for the version."""
    version = {"terraform-version": terraform_version} if terraform_version else {}
    return Request(
        method="POST",
        target=_collection(organization),
        body=body_of("workspaces", {"name": name, **version}),
        repeatable=False,
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#delete-a-workspace
def request_to_delete_workspace(workspace_id: str, *, safely: bool) -> Request:
    """Delete a workspace; safely means only if it manages no resources."""
    if safely:
        return _action(workspace_id, "safe-delete")
    return Request(method="DELETE", target=f"workspaces/{workspace_id}")


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#lock-a-workspace
def request_to_lock(workspace_id: str, reason: str) -> Request:
    """Lock a workspace for the owner of the token."""
    return Request(
        method="POST",
        target=f"workspaces/{workspace_id}/actions/lock",
        body=body_of("", {"reason": reason}),
        repeatable=False,
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#unlock-a-workspace
def request_to_unlock(workspace_id: str) -> Request:
    """Unlock a workspace that the owner of the token has locked."""
    return _action(workspace_id, "unlock")


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#force-unlock-a-workspace
def request_to_force_unlock(workspace_id: str) -> Request:
    """Release the lock of a workspace even if another user holds it."""
    return _action(workspace_id, "force-unlock")


def load_workspace(response: Response) -> Workspace:
    """Load a workspace."""
    return _load(parse_document(response).resource)


def load_lock_holder(response: Response) -> Workspace:
    """Load a workspace with the holder of its lock."""
    document = parse_document(response)
    resource = document.resource
    holder = document.linked(resource, "locked-by")
    id = members_of(resource).get("locked_by_id")
    return _load(resource, locked_by=_holder(id, holder))


def _holder(id: str | None, holder: Mapping[str, Any] | None) -> str | None:
    """Return the kind and name of a holder; ids begin with the kind (`user-`, `team-`, `run-`)."""
    if not isinstance(id, str):
        return None
    kind = id.partition("-")[0]
    names = [attribute_of(holder, name) for name in ("username", "name")] if holder else []
    name = next((name for name in names if isinstance(name, str) and name), id)
    return f"{kind} {name}"


def load_workspaces(response: Response) -> Page[Workspace]:
    """Load a page of workspaces; its problems name workspaces that cannot be read."""
    document = parse_document(response)
    return load_readable_page(document, "workspace", _load)


def _load(resource: Mapping[str, Any], **more: Any) -> Workspace:
    """Load a workspace; triggers of another form must not hide it, so they count as absent."""
    return load_resource(
        resource,
        Workspace,
        trigger_patterns=_texts(attribute_of(resource, "trigger_patterns")),
        trigger_prefixes=_texts(attribute_of(resource, "trigger_prefixes")),
        file_triggers_enabled=attribute_of(resource, "file_triggers_enabled") is not False,
        **more,
    )


def _texts(value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else []
    return tuple(text for text in texts if isinstance(text, str))


def _collection(organization: str) -> str:
    return f"organizations/{path_part(organization)}/workspaces"


def _action(workspace_id: str, action: str) -> Request:
    target = f"workspaces/{workspace_id}/actions/{action}"
    return Request(method="POST", target=target, repeatable=False)
