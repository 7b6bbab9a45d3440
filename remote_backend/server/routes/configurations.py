"""Configuration versions and the upload of their archives."""

from pathlib import Path

import anyio
from aiohttp import web
from anyio import to_thread
from attrs import evolve

from remote_backend.errors import Rejected, SlugError
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
from remote_backend.server.documents.documents import dump_document
from remote_backend.server.documents.runs import (
    configuration_from_request,
    dump_configuration,
)
from remote_backend.server.dumping import each
from remote_backend.server.files import Upload
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.lists import respond_with_list, respond_with_one
from remote_backend.server.query_parameters import accepts
from remote_backend.server.records import (
    ConfigurationVersionRecord,
    RunRecord,
    WorkspaceRecord,
)
from remote_backend.server.store import Records
from remote_backend.server.workspace_records import (
    newest_usable_configuration,
    unfinished_runs,
)
from remote_backend.slug.unpack import unpack
from remote_backend.structured_logging import Log

__all__ = ("configuration_of", "read_archive", "receive_archive", "routes")

routes = web.RouteTableDef()
log = Log()

_OF_WORKSPACE = "/api/v2/workspaces/{workspace_id}/configuration-versions"
_BY_ID = "/api/v2/configuration-versions/{configuration_id}"
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/configuration-versions#available-related-resources
_MEMBERS = ("ingress_attributes", "run")
_BLOCK_BYTES = 1 << 16
_LARGEST_ARCHIVE_BYTES = 1 << 30


@routes.post(_OF_WORKSPACE)
async def create_configuration(request: web.Request) -> web.Response:
    """Make a configuration version and return the address for its archive."""
    context = context_of(request)
    document = await read_request_document(request)
    user = request[USER]

    def create(records: Records) -> ConfigurationVersionRecord:
        new = ConfigurationVersionRecord(
            id=make_id("cv"),
            workspace_id=workspace_of(records, request).id,
            created_at=now_text(),
            created_by=user.id,
        )
        return records.put(configuration_from_request(new, document))

    created = await context.store.write(create)
    address = signed_address(request, "configuration", created.id)
    return respond(dump_document(dump_configuration(created, address)), 201)


@routes.get(_OF_WORKSPACE)
@accepts(include=_MEMBERS)
async def list_configurations(request: web.Request) -> web.Response:
    """Return the configuration versions of a workspace, newest first."""

    def find(records: Records) -> list[ConfigurationVersionRecord]:
        workspace = workspace_of(records, request)
        return records.all(ConfigurationVersionRecord, workspace.id)[::-1]

    return await respond_with_list(request, find, each(dump_configuration))


@routes.get(_BY_ID)
@accepts(include=_MEMBERS)
async def read_configuration(request: web.Request) -> web.Response:
    """Return a configuration version."""
    id = request.match_info["configuration_id"]
    return await respond_with_one(
        request, lambda records: configuration_of(records, id), each(dump_configuration)
    )


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/configuration-versions#download-configuration-files
@routes.get(_BY_ID + "/download")
@routes.get("/api/v2/runs/{run_id}/configuration-version/download")
async def redirect_to_archive(request: web.Request) -> web.Response:
    """Send to the archive of a configuration version, as it was uploaded."""
    context = context_of(request)
    path = request.match_info

    def find(records: Records) -> str:
        if "configuration_id" in path:
            return configuration_of(records, path["configuration_id"]).id
        run = records.find(RunRecord, path["run_id"])
        if run is None:
            raise not_found(f"run {path['run_id']}")
        return run.configuration_version_id

    id = await context.store.read(find)
    if not context.files.archive_path(id).exists():
        raise not_found(f"the archive of configuration version {id}")
    address = signed_address(request, "archive", id)
    return web.Response(status=302, headers={"Location": address})


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/configuration-versions#archive-a-configuration-version
@routes.post(_BY_ID + "/actions/archive")
async def archive_configuration(request: web.Request) -> web.Response:
    """Remove the files of a configuration version that no run will need."""
    context = context_of(request)
    id = request.match_info["configuration_id"]

    def archive(records: Records) -> None:
        configuration = configuration_of(records, id)
        _require_disposable(records, configuration)
        times = {**configuration.times, "archived": now_text()}
        records.put(evolve(configuration, status="archived", times=times))
        context.files.remove_configuration(id)

    await context.store.write(archive)
    return respond(status=202)


async def read_archive(request: web.Request, id: str) -> web.StreamResponse:
    """Return the archive of a configuration version."""
    path = context_of(request).files.archive_path(id)
    if not path.exists():
        raise not_found(f"the archive of configuration version {id}")
    return web.FileResponse(path, headers={"Content-Type": "application/octet-stream"})


async def receive_archive(request: web.Request, id: str) -> web.Response:
    """Take the archive of a configuration version; what it holds decides its status."""
    context = context_of(request)
    configuration = await context.store.read(lambda records: configuration_of(records, id))
    if configuration.status != "pending":
        # A client that lost our answer sends the same archive again.
        await request.release()
        return respond(status=200)
    upload = context.files.new_upload(id, make_id("upload"))
    try:
        await _spool(request, upload.archive)
        problem = await to_thread.run_sync(_unpack, upload)
        await _decide_version(context, id, upload, problem)
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(upload.remove)
    return respond(status=200)


def configuration_of(records: Records, id: str) -> ConfigurationVersionRecord:
    """Return a configuration version; raises `NotFound`."""
    version = records.find(ConfigurationVersionRecord, id)
    if version is None:
        raise not_found(f"configuration version {id}")
    return version


def _require_disposable(
    records: Records, configuration: ConfigurationVersionRecord
) -> None:
    """Raise `Conflict` for a configuration version that runs use or may still get."""
    problem = "transition not allowed: configuration could not be archived because it is "
    if configuration.status != "uploaded":
        raise conflict(f"{problem}{configuration.status}")
    newest = newest_usable_configuration(records, configuration.workspace_id)
    if newest is not None and newest.id == configuration.id:
        raise conflict(f"{problem}current")
    # A run of another workspace may use it too.
    for run in unfinished_runs(records):
        if run.configuration_version_id == configuration.id:
            raise conflict(f"{problem}needed by {run.id}")


async def _spool(request: web.Request, path: Path) -> None:
    size = 0
    async with await anyio.open_file(path, "wb") as file:
        async for block in request.content.iter_chunked(_BLOCK_BYTES):
            size += len(block)
            if size > _LARGEST_ARCHIVE_BYTES:
                limit = _LARGEST_ARCHIVE_BYTES >> 20
                raise Rejected(413, "", "", (f"the archive is larger than {limit} MiB",))
            await file.write(block)


def _unpack(upload: Upload) -> str | None:
    """Unpack an archive into a folder of its own; return why it cannot be used, or None."""
    upload.folder.mkdir()
    try:
        unpack(upload.archive, upload.folder)
    except SlugError as error:
        log.info("configuration.refused", upload=upload.folder.name, problem=str(error))
        return str(error)
    return None


async def _decide_version(
    context: ServerContext, id: str, upload: Upload, problem: str | None
) -> None:
    """Decide the configuration version by an upload, unless another upload was faster."""

    def write(records: Records) -> RunRecord | None:
        configuration = configuration_of(records, id)
        if configuration.status != "pending":
            return None
        if problem is None:
            upload.publish()
        records.put(_with_decision(configuration, problem))
        if problem is not None or not configuration.auto_queue_runs:
            return None
        workspace = records.find(WorkspaceRecord, configuration.workspace_id)
        if workspace is None:
            return None
        return records.put(_new_run(workspace, configuration))

    run = await context.store.write(write)
    if run is not None:
        context.run_queue.enqueue(run.id)


def _with_decision(
    configuration: ConfigurationVersionRecord, problem: str | None
) -> ConfigurationVersionRecord:
    status = "uploaded" if problem is None else "errored"
    return evolve(
        configuration,
        status=status,
        error=None if problem is None else "the archive cannot be used",
        error_message=problem,
        times={status: now_text()},
    )


def _new_run(
    workspace: WorkspaceRecord, configuration: ConfigurationVersionRecord
) -> RunRecord:
    return RunRecord(
        id=make_id("run"),
        workspace_id=workspace.id,
        organization_id=workspace.organization_id,
        configuration_version_id=configuration.id,
        created_at=now_text(),
        created_by=configuration.created_by,
        is_from_upload=True,
        message="Queued by the upload of a configuration",
    )
