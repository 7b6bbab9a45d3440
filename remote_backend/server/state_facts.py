"""State versions as resources, and the outputs of stored states."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.models.state import StateOutput
from remote_backend.server.context import (
    ORGANIZATION_ID_OF_RUN,
    context_of,
    not_found,
    require_visible,
    signed_address,
    workspace_of,
)
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.state import (
    StateAddresses,
    dump_state_version,
    outputs_of,
)
from remote_backend.server.files import Files
from remote_backend.server.records import StateVersionRecord, WorkspaceRecord
from remote_backend.server.store import Records
from remote_backend.server.workspace_records import newest_state

__all__ = (
    "STATE_MEMBERS",
    "current_version",
    "output_names",
    "read_outputs",
    "read_state_bytes",
    "state_version_resources",
    "version_of",
)

# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-versions#available-related-resources
STATE_MEMBERS = (
    "created_by",
    "outputs",
    "run",
    "run.configuration_version",
    "run.created_by",
    "workspace",
)


def state_version_resources(
    records: Records, request: web.Request, versions: Sequence[StateVersionRecord]
) -> list[Resource]:
    """Return state versions as resources, with the addresses of their bytes."""
    files = context_of(request).files
    return [
        dump_state_version(
            version, _addresses(request, version), output_names(files, version)
        )
        for version in versions
    ]


def output_names(files: Files, version: StateVersionRecord) -> tuple[str, ...]:
    """Return the names of the outputs of a state version, from its record if it has them."""
    if version.output_names is not None:
        return version.output_names
    return tuple(read_outputs(files, version))


def read_outputs(files: Files, version: StateVersionRecord) -> dict[str, StateOutput]:
    """Return the outputs of a state version by name; one without bytes has none."""
    return outputs_of(read_state_bytes(files, version))


def version_of(records: Records, request: web.Request, id: str) -> StateVersionRecord:
    """Return a state version; raises `NotFound`."""
    version = records.find(StateVersionRecord, id)
    workspace = records.find(WorkspaceRecord, version.workspace_id) if version else None
    if version is None or workspace is None:
        raise not_found(f"state version {id}")
    require_visible(request, workspace.organization_id, f"state version {id}")
    return version


def current_version(records: Records, request: web.Request) -> StateVersionRecord:
    """Return the newest state of the workspace that a path names; raises `NotFound`."""
    workspace = workspace_of(records, request)
    version = newest_state(records, workspace.id)
    if version is None:
        raise not_found(f"a state of {workspace.name}")
    return version


def read_state_bytes(files: Files, version: StateVersionRecord) -> bytes:
    """Return the bytes of a state version; there may be none yet, or any more."""
    try:
        return files.state_path(version.id).read_bytes()
    except FileNotFoundError:
        return b""


def _addresses(request: web.Request, version: StateVersionRecord) -> StateAddresses:
    def address(kind: str) -> str:
        return signed_address(request, kind, version.id)

    awaited = version.status == "pending" and ORGANIZATION_ID_OF_RUN not in request
    return StateAddresses(
        download=address("state"),
        upload=address("new-state") if awaited else None,
        upload_json=address("new-json-state") if awaited else None,
    )
