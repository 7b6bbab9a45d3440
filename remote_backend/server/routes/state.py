"""State versions and the upload of states."""

import hashlib

from aiohttp import web
from attrs import evolve

from remote_backend.server.context import (
    USER,
    ServerContext,
    conflict,
    context_of,
    not_found,
    read_request_document,
    require_visible,
    respond,
    workspace_of,
)
from remote_backend.server.documents.request_documents import rejected
from remote_backend.server.documents.state import (
    StateVersionUpload,
    managed_instances,
    parse_state_version_upload,
    require_state,
)
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.lists import respond_with_list, respond_with_one
from remote_backend.server.query_parameters import accepts, bad_query, filter_values
from remote_backend.server.records import StateVersionRecord, UserRecord, WorkspaceRecord
from remote_backend.server.state_facts import (
    STATE_MEMBERS,
    current_version,
    state_version_resources,
    version_of,
)
from remote_backend.server.store import Records
from remote_backend.server.workspace_records import newest_state

__all__ = ("read_state", "receive_json_state", "receive_state", "routes")

routes = web.RouteTableDef()

_OF_WORKSPACE = "/api/v2/workspaces/{workspace_id}"


@routes.get(_OF_WORKSPACE + "/current-state-version")
@accepts(include=STATE_MEMBERS)
async def read_current_state_version(request: web.Request) -> web.Response:
    """Return the newest state version."""
    return await respond_with_one(
        request, lambda records: current_version(records, request), state_version_resources
    )


@routes.get("/api/v2/state-versions/{state_version_id}")
@accepts(include=STATE_MEMBERS)
async def read_state_version(request: web.Request) -> web.Response:
    """Return a state version."""
    id = request.match_info["state_version_id"]
    return await respond_with_one(
        request, lambda records: version_of(records, request, id), state_version_resources
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-versions#list-state-versions
@routes.get("/api/v2/state-versions")
@accepts(
    "filter[organization][name]",
    "filter[status]",
    "filter[workspace][name]",
    include=STATE_MEMBERS,
)
async def list_state_versions(request: web.Request) -> web.Response:
    """Return the state versions of the workspace that both filters name, newest first."""
    organization_name = request.query.get("filter[organization][name]")
    name = request.query.get("filter[workspace][name]")
    if name is None or organization_name is None:
        raise bad_query("filters for organization and workspace are needed")
    organization = context_of(request).organizations.named(organization_name)
    require_visible(request, organization.id, f"organization {organization_name}")
    statuses = filter_values(request.query, "filter[status]")

    def find(records: Records) -> list[StateVersionRecord]:
        workspace = records.find_named(WorkspaceRecord, name, organization.id)
        if workspace is None:
            raise not_found(f"workspace {name}")
        return [
            version
            for version in reversed(records.all(StateVersionRecord, workspace.id))
            if statuses is None or version.status in statuses
        ]

    return await respond_with_list(request, find, state_version_resources)


@routes.post(_OF_WORKSPACE + "/state-versions")
async def create_state_version(request: web.Request) -> web.Response:
    """Store a state, or prepare the upload of its bytes."""
    context = context_of(request)
    upload = parse_state_version_upload(await read_request_document(request))
    user = request[USER]
    if upload.state is not None:
        _require_digest(upload.state, upload.md5)

    def create(records: Records) -> StateVersionRecord:
        workspace = workspace_of(records, request)
        _require_lock(workspace, user)
        same = _require_successor(records, workspace, upload)
        if same is not None:
            return same
        _discard_awaited(records, workspace)
        version = StateVersionRecord(
            id=make_id("sv"),
            workspace_id=workspace.id,
            serial=upload.serial,
            md5=upload.md5,
            lineage=upload.lineage,
            created_at=now_text(),
            created_by=user.id,
            run_id=upload.run_id,
        )
        if upload.state is not None:
            version = _store_state(context, version, upload.state)
        return records.put(version)

    return await respond_with_one(
        request, create, state_version_resources, writes=True, status=201
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-versions#rollback-to-a-previous-state-version
@routes.patch(_OF_WORKSPACE + "/state-versions")
async def roll_back(request: web.Request) -> web.Response:
    """Store an earlier state of a workspace once more, as the newest one."""
    context, user = context_of(request), request[USER]
    document = await read_request_document(request)
    id = document.related_ids.get("rollback-state-version", "")

    def store(records: Records) -> StateVersionRecord:
        workspace = workspace_of(records, request)
        _require_lock(workspace, user)
        earlier, current = (
            version_of(records, request, id),
            newest_state(records, workspace.id),
        )
        if earlier.workspace_id != workspace.id or current is None:
            raise not_found(f"state version {id} of {workspace.name}")
        if earlier.status != "finalized":
            raise conflict(f"state version {id} is {earlier.status}")
        _discard_awaited(records, workspace)
        serial = current.serial + 1
        state = require_state(context.files.state_path(id).read_bytes())
        body = state.with_head(serial=serial).data
        version = StateVersionRecord(
            id=make_id("sv"),
            workspace_id=workspace.id,
            serial=serial,
            md5=_digest(body),
            created_at=now_text(),
            created_by=user.id,
        )
        return records.put(_store_state(context, version, body))

    return await respond_with_one(
        request, store, state_version_resources, writes=True, status=201
    )


@routes.get("/api/v2/state-versions/{state_version_id}/download")
async def download_state_version(request: web.Request) -> web.StreamResponse:
    """Return the bytes of a state to a user."""
    id = request.match_info["state_version_id"]
    await context_of(request).store.read(lambda records: version_of(records, request, id))
    return await read_state(request, id)


async def receive_state(request: web.Request, id: str) -> web.Response:
    """Take the bytes of a state version whose creation announced them."""
    context = context_of(request)
    body = await request.read()

    def store(records: Records) -> None:
        version = version_of(records, request, id)
        if version.status == "finalized" and _digest(body) == version.md5:
            return
        if version.status != "pending":
            raise conflict(f"state version {id} is {version.status}")
        _require_digest(body, version.md5)
        records.put(_store_state(context, version, body))

    await context.store.write(store)
    return respond(status=200)


async def receive_json_state(request: web.Request, id: str) -> web.Response:
    """Take the other form of a state, which nothing here needs."""
    await request.read()
    return respond(status=200)


async def read_state(request: web.Request, id: str) -> web.StreamResponse:
    """Return the bytes of a state."""
    path = context_of(request).files.state_path(id)
    if not path.exists():
        raise not_found(f"state version {id}")
    return web.FileResponse(path, headers={"Content-Type": "application/json"})


def _require_lock(workspace: WorkspaceRecord, user: UserRecord) -> None:
    if workspace.locked_by is None:
        raise conflict(f"{workspace.name} accepts state versions only when it is locked")
    if workspace.locked_by != user.id:
        raise conflict(f"{workspace.name} accepts state versions only from who locked it")


def _require_successor(
    records: Records, workspace: WorkspaceRecord, upload: StateVersionUpload
) -> StateVersionRecord | None:
    current = newest_state(records, workspace.id)
    if current is None:
        return None
    if upload.serial == current.serial and upload.md5 == current.md5:
        return current
    if upload.force:
        return None
    if upload.serial == current.serial:
        raise conflict(
            f"the md5 differs from that of the state with serial {upload.serial}"
        )
    if upload.serial < current.serial:
        raise conflict(
            f"serial {upload.serial} is not greater than {current.serial}, the current one"
        )
    if upload.lineage and current.lineage and upload.lineage != current.lineage:
        raise conflict("the lineage differs from that of the current state")
    return None


def _discard_awaited(records: Records, workspace: WorkspaceRecord) -> None:
    """Discard the state versions whose bytes have not come; a newer one takes their place."""
    for version in records.all(StateVersionRecord, workspace.id):
        if version.status == "pending":
            records.put(evolve(version, status="discarded"))


def _store_state(
    context: ServerContext, version: StateVersionRecord, body: bytes
) -> StateVersionRecord:
    state = require_state(body)
    context.files.state_path(version.id).write_bytes(body)
    return evolve(
        version,
        status="finalized",
        size=len(body),
        lineage=version.lineage or state.lineage,
        terraform_version=state.terraform_version or None,
        state_format=state.format,
        resource_count=sum(1 for _ in managed_instances(state)),
        output_names=tuple(state.outputs()),
    )


def _require_digest(body: bytes, md5: str) -> None:
    if _digest(body) != md5:
        raise rejected("the md5 is not that of the state")


def _digest(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
