"""State versions and their outputs."""

import hashlib
from typing import Any

from aiohttp import web
from anyio import to_thread
from attrs import evolve

from remote_backend.errors import Rejected
from remote_backend.models.state import StateOutput
from remote_backend.server.context import (
    USER,
    ServerContext,
    conflict,
    context_of,
    not_found,
    read_request_document,
    respond,
    signed_address,
    workspace_of,
)
from remote_backend.server.documents.documents import dump_document, dump_page
from remote_backend.server.documents.state import (
    StateAddresses,
    StateVersionUpload,
    dump_output,
    dump_state_version,
    output_id,
    outputs_of,
    parse_state_version_upload,
    require_state,
)
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.records import StateVersionRecord, UserRecord, WorkspaceRecord
from remote_backend.server.run_queue import newest_state
from remote_backend.server.store import Records

__all__ = ("read_state", "receive_json_state", "receive_state", "routes")

routes = web.RouteTableDef()

_OF_WORKSPACE = "/api/v2/workspaces/{workspace_id}"


@routes.get(_OF_WORKSPACE + "/current-state-version")
async def read_current_state_version(request: web.Request) -> web.Response:
    """Return the newest state version."""
    return await _respond_with_version(request, await _current_version(request))


@routes.get("/api/v2/state-versions/{state_version_id}")
async def read_state_version(request: web.Request) -> web.Response:
    """Return a state version."""
    id = request.match_info["state_version_id"]
    version = await context_of(request).store.read(
        lambda records: _find_version(records, id)
    )
    return await _respond_with_version(request, version)


@routes.get("/api/v2/state-versions")
async def list_state_versions(request: web.Request) -> web.Response:
    """Return the state versions of the workspace that both filters name, newest first."""
    context = context_of(request)
    name = request.query.get("filter[workspace][name]")
    if name is None or request.query.get("filter[organization][name]") is None:
        raise Rejected(400, "", "", ("filters for organization and workspace are needed",))

    def find(records: Records) -> list[StateVersionRecord]:
        workspace = records.find_named(WorkspaceRecord, name)
        if workspace is None:
            raise not_found(f"workspace {name}")
        return records.all(StateVersionRecord, workspace.id)

    def dump(version: StateVersionRecord) -> dict[str, Any]:
        return dump_state_version(version, _addresses(request, version), [])

    versions = list(reversed(await context.store.read(find)))
    return respond(dump_page(versions, dump, request.query, request.path))


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
        for older in records.all(StateVersionRecord, workspace.id):
            if older.status == "pending":
                records.put(evolve(older, status="discarded"))
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

    return await _respond_with_version(
        request, await context.store.write(create), status=201
    )


@routes.get("/api/v2/state-versions/{state_version_id}/download")
async def download_state_version(request: web.Request) -> web.StreamResponse:
    """Return the bytes of a state to a user."""
    return await read_state(request, request.match_info["state_version_id"])


@routes.get("/api/v2/state-versions/{state_version_id}/outputs")
async def list_outputs(request: web.Request) -> web.Response:
    """Return the outputs of a state version, page by page."""
    id = request.match_info["state_version_id"]
    context = context_of(request)
    version = await context.store.read(lambda records: _find_version(records, id))
    outputs = await _read_outputs(context, version)

    def dump(name: str) -> dict[str, Any]:
        return dump_output(version.id, name, outputs[name], reveal=False)

    return respond(dump_page(list(outputs), dump, request.query, request.path))


@routes.get(_OF_WORKSPACE + "/current-state-version-outputs")
async def list_current_outputs(request: web.Request) -> web.Response:
    """Return the outputs of the newest state; sensitive ones without values."""
    version = await _current_version(request)
    outputs = await _read_outputs(context_of(request), version)
    resources = [
        dump_output(version.id, name, output, reveal=False)
        for name, output in outputs.items()
    ]
    return respond(dump_document(resources))


@routes.get("/api/v2/state-version-outputs/{output_id}")
async def read_output(request: web.Request) -> web.Response:
    """Return one output with its value, also a sensitive one."""
    id = request.match_info["output_id"]
    version_id = "sv-" + id.removeprefix("wsout-").partition(".")[0]
    context = context_of(request)
    version = await context.store.read(lambda records: _find_version(records, version_id))
    for name, output in (await _read_outputs(context, version)).items():
        if output_id(version.id, name) == id:
            resource = dump_output(version.id, name, output, reveal=True)
            return respond(dump_document(resource))
    raise not_found(f"output {id}")


async def receive_state(request: web.Request, id: str) -> web.Response:
    """Take the bytes of a state version whose creation announced them."""
    context = context_of(request)
    body = await request.read()

    def store(records: Records) -> None:
        version = _find_version(records, id)
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


async def _current_version(request: web.Request) -> StateVersionRecord:
    def find(records: Records) -> StateVersionRecord:
        workspace = workspace_of(records, request)
        version = newest_state(records, workspace.id)
        if version is None:
            raise not_found(f"a state of {workspace.name}")
        return version

    return await context_of(request).store.read(find)


async def _respond_with_version(
    request: web.Request, version: StateVersionRecord, status: int = 200
) -> web.Response:
    context = context_of(request)
    outputs = await _read_outputs(context, version)
    resource = dump_state_version(version, _addresses(request, version), outputs)
    return respond(dump_document(resource), status)


def _addresses(request: web.Request, version: StateVersionRecord) -> StateAddresses:
    def address(kind: str) -> str:
        return signed_address(request, kind, version.id)

    awaited = version.status == "pending"
    return StateAddresses(
        download=address("state"),
        upload=address("new-state") if awaited else None,
        upload_json=address("new-json-state") if awaited else None,
    )


async def _read_outputs(
    context: ServerContext, version: StateVersionRecord
) -> dict[str, StateOutput]:
    if version.status != "finalized":
        return {}
    path = context.files.state_path(version.id)
    # Large states take a while to read and to parse.
    return await to_thread.run_sync(lambda: outputs_of(path.read_bytes()))


def _find_version(records: Records, id: str) -> StateVersionRecord:
    version = records.find(StateVersionRecord, id)
    if version is None:
        raise not_found(f"state version {id}")
    return version


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
    )


def _require_digest(body: bytes, md5: str) -> None:
    if _digest(body) != md5:
        raise Rejected(422, "", "", ("the md5 is not that of the state",))


def _digest(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
