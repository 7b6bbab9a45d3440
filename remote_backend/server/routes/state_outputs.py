"""Outputs and resources in stored states."""

from collections.abc import Callable

from aiohttp import web

from remote_backend.models.state import StateOutput
from remote_backend.server.context import context_of, not_found, workspace_of
from remote_backend.server.documents.documents import Resource
from remote_backend.server.documents.state import (
    dump_output,
    dump_state_resource,
    managed_instances,
    output_id,
    require_state,
    version_id_of_output,
)
from remote_backend.server.dumping import each
from remote_backend.server.lists import (
    respond_with_all,
    respond_with_list,
    respond_with_one,
)
from remote_backend.server.records import StateVersionRecord
from remote_backend.server.state_facts import (
    current_version,
    read_outputs,
    read_state_bytes,
    version_of,
)
from remote_backend.server.store import Records
from remote_backend.server.workspace_records import newest_state
from remote_backend.state.file import Instance

__all__ = ("routes",)

routes = web.RouteTableDef()

_OF_WORKSPACE = "/api/v2/workspaces/{workspace_id}"

NamedOutput = tuple[StateVersionRecord, str, StateOutput]
ProvidedInstance = tuple[StateVersionRecord, str, Instance]


@routes.get("/api/v2/state-versions/{state_version_id}/outputs")
async def list_outputs(request: web.Request) -> web.Response:
    """Return the outputs of a state version with their values, page by page."""
    id = request.match_info["state_version_id"]
    find = _outputs_of(request, lambda records: version_of(records, request, id))
    return await respond_with_list(request, find, each(_dump_revealed))


@routes.get(_OF_WORKSPACE + "/current-state-version-outputs")
async def list_current_outputs(request: web.Request) -> web.Response:
    """Return the outputs of the newest state; sensitive ones without values."""
    find = _outputs_of(request, lambda records: current_version(records, request))
    return await respond_with_all(request, find, each(_dump_hidden))


@routes.get("/api/v2/state-version-outputs/{output_id}")
async def read_output(request: web.Request) -> web.Response:
    """Return one output with its value, also a sensitive one."""
    id = request.match_info["output_id"]
    find_all = _outputs_of(
        request, lambda records: version_of(records, request, version_id_of_output(id))
    )

    def find(records: Records) -> NamedOutput:
        for version, name, output in find_all(records):
            if output_id(version.id, name) == id:
                return version, name, output
        raise not_found(f"output {id}")

    return await respond_with_one(request, find, each(_dump_revealed))


@routes.get(_OF_WORKSPACE + "/resources")
async def list_resources(request: web.Request) -> web.Response:
    """Return the managed resources in the newest state of a workspace."""
    files = context_of(request).files

    def find(records: Records) -> list[ProvidedInstance]:
        version = newest_state(records, workspace_of(records, request).id)
        if version is None:
            return []
        state = require_state(read_state_bytes(files, version))
        return [
            (version, provider, instance) for provider, instance in managed_instances(state)
        ]

    return await respond_with_list(
        request, find, each(lambda provided: dump_state_resource(*provided))
    )


def _outputs_of(
    request: web.Request, find: Callable[[Records], StateVersionRecord]
) -> Callable[[Records], list[NamedOutput]]:
    """Return how the outputs of a state version are found."""
    files = context_of(request).files

    def find_outputs(records: Records) -> list[NamedOutput]:
        version = find(records)
        outputs = read_outputs(files, version)
        return [(version, name, output) for name, output in outputs.items()]

    return find_outputs


def _dump_revealed(named: NamedOutput) -> Resource:
    version, name, output = named
    return dump_output(version.id, name, output, reveal=True)


def _dump_hidden(named: NamedOutput) -> Resource:
    version, name, output = named
    return dump_output(version.id, name, output, reveal=False)
