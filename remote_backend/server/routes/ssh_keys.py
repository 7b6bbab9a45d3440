"""SSH keys of an organization, and the key of a workspace."""

from collections.abc import Sequence

from aiohttp import web
from attrs import evolve

from remote_backend.server.context import (
    not_found,
    organization_of,
    read_request_document,
    stored_organization,
    workspace_of,
)
from remote_backend.server.documents.request_documents import invalid
from remote_backend.server.documents.ssh_keys import dump_ssh_key, ssh_key_from_request
from remote_backend.server.dumping import each
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.lists import (
    respond_with_list,
    respond_with_nothing,
    respond_with_one,
)
from remote_backend.server.organization_records import SSHKeyRecord
from remote_backend.server.records import WorkspaceRecord
from remote_backend.server.store import Records
from remote_backend.server.workspace_facts import workspace_resources

__all__ = ("routes",)

routes = web.RouteTableDef()

_COLLECTION = "/api/v2/organizations/{organization}/ssh-keys"
_BY_ID = "/api/v2/ssh-keys/{ssh_key_id}"
_DUMP = each(dump_ssh_key)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/ssh-keys#list-ssh-keys
@routes.get(_COLLECTION)
async def list_ssh_keys(request: web.Request) -> web.Response:
    """Return the SSH keys of an organization."""

    def find(records: Records) -> Sequence[SSHKeyRecord]:
        return records.all(SSHKeyRecord, organization_of(request).id)

    return await respond_with_list(request, find, _DUMP)


@routes.post(_COLLECTION)
async def create_ssh_key(request: web.Request) -> web.Response:
    """Store an SSH key, which no response shows again."""
    document = await read_request_document(request)

    def create(records: Records) -> SSHKeyRecord:
        owner = stored_organization(records, request)
        new = SSHKeyRecord(id=make_id("sshkey"), name="", organization_id=owner.id)
        return records.put(ssh_key_from_request(new, document))

    return await respond_with_one(request, create, _DUMP, writes=True, status=201)


@routes.get(_BY_ID)
async def read_ssh_key(request: web.Request) -> web.Response:
    """Return the name of an SSH key."""
    return await respond_with_one(
        request, lambda records: _ssh_key_named(records, request), _DUMP
    )


@routes.patch(_BY_ID)
async def update_ssh_key(request: web.Request) -> web.Response:
    """Change an SSH key."""
    document = await read_request_document(request)

    def update(records: Records) -> SSHKeyRecord:
        before = _ssh_key_named(records, request)
        return records.put(ssh_key_from_request(before, document))

    return await respond_with_one(request, update, _DUMP, writes=True)


@routes.delete(_BY_ID)
async def delete_ssh_key(request: web.Request) -> web.Response:
    """Remove an SSH key, also from the workspaces that have it."""

    def delete(records: Records) -> None:
        key = _ssh_key_named(records, request)
        for workspace in records.all(WorkspaceRecord, key.organization_id):
            if workspace.ssh_key_id == key.id:
                records.put(evolve(workspace, ssh_key_id=None))
        records.delete(key.id)

    return await respond_with_nothing(request, delete)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/workspaces#assign-an-ssh-key-to-a-workspace
@routes.patch("/api/v2/workspaces/{workspace_id}/relationships/ssh-key")
async def assign_ssh_key(request: web.Request) -> web.Response:
    """Give a workspace an SSH key, or take it away with null."""
    document = await read_request_document(request)
    if "id" not in document.attributes:
        raise invalid("id", "that of an SSH key, or null")
    id = document.text("id")

    def assign(records: Records) -> WorkspaceRecord:
        workspace = workspace_of(records, request)
        key = records.find(SSHKeyRecord, id) if id else None
        if id and (key is None or key.organization_id != workspace.organization_id):
            raise not_found(f"SSH key {id}")
        return records.put(evolve(workspace, ssh_key_id=id or None, updated_at=now_text()))

    return await respond_with_one(request, assign, workspace_resources, writes=True)


def _ssh_key_named(records: Records, request: web.Request) -> SSHKeyRecord:
    id = request.match_info["ssh_key_id"]
    key = records.find(SSHKeyRecord, id)
    if key is None:
        raise not_found(f"SSH key {id}")
    return key
