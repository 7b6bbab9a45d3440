"""Workspaces on the wire."""

from collections.abc import Sequence
from urllib.parse import quote

from remote_backend.messages import Request, Response
from remote_backend.models.workspace import Workspace
from remote_backend.wire.document import (
    Page,
    body_of,
    load_page,
    load_resource,
    parse_document,
)

__all__ = (
    "load_workspace",
    "load_workspaces",
    "request_to_create_workspace",
    "request_to_delete_workspace",
    "request_to_force_unlock",
    "request_to_list_workspaces",
    "request_to_lock",
    "request_to_read_workspace",
    "request_to_unlock",
)

_PAGE_SIZE = "100"


def request_to_list_workspaces(
    organization: str, *, search: str, page: int, tags: Sequence[tuple[str, str]] = ()
) -> Request:
    """Ask for a page of the workspaces whose names contain a text, and that have tags."""
    query = [("page[number]", str(page)), ("page[size]", _PAGE_SIZE), ("sort", "name")]
    if search:
        query.append(("search[name]", search))
    plain = ",".join(key for key, value in tags if not value)
    if plain:
        query.append(("search[tags]", plain))
    for number, (key, value) in enumerate(one for one in tags if one[1]):
        query.append((f"filter[tagged][{number}][key]", key))
        query.append((f"filter[tagged][{number}][value]", value))
    return Request(method="GET", target=_collection(organization), query=tuple(query))


def request_to_read_workspace(organization: str, name: str) -> Request:
    """Ask for a workspace by its full name."""
    return Request(
        method="GET", target=f"{_collection(organization)}/{quote(name, safe='')}"
    )


def request_to_create_workspace(organization: str, name: str) -> Request:
    """Ask to make a workspace with the server's defaults."""
    return Request(
        method="POST",
        target=_collection(organization),
        body=body_of("workspaces", {"name": name}),
        repeatable=False,
    )


def request_to_delete_workspace(workspace_id: str, *, safely: bool) -> Request:
    """Ask to delete a workspace; safely only when it manages nothing any more."""
    if safely:
        return _action(workspace_id, "safe-delete")
    return Request(method="DELETE", target=f"workspaces/{workspace_id}")


def request_to_lock(workspace_id: str, reason: str) -> Request:
    """Ask to lock a workspace for the owner of the token."""
    return Request(
        method="POST",
        target=f"workspaces/{workspace_id}/actions/lock",
        body=body_of("", {"reason": reason}),
        repeatable=False,
    )


def request_to_unlock(workspace_id: str) -> Request:
    """Ask to give back the lock that the owner of the token holds."""
    return _action(workspace_id, "unlock")


def request_to_force_unlock(workspace_id: str) -> Request:
    """Ask to take away a lock, whoever holds it."""
    return _action(workspace_id, "force-unlock")


def load_workspace(response: Response) -> Workspace:
    """Turn an answer into a workspace."""
    return load_resource(parse_document(response).resource, Workspace)


def load_workspaces(response: Response) -> Page[Workspace]:
    """Turn an answer into a page of workspaces."""
    document = parse_document(response)
    return load_page(
        document, (load_resource(item, Workspace) for item in document.resources)
    )


def _collection(organization: str) -> str:
    return f"organizations/{quote(organization, safe='')}/workspaces"


def _action(workspace_id: str, action: str) -> Request:
    target = f"workspaces/{workspace_id}/actions/{action}"
    return Request(method="POST", target=target, repeatable=False)
