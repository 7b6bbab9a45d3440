"""Run triggers: kept, and never fired, because nothing is applied here."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.server.context import not_found, read_request_document, workspace_of
from remote_backend.server.documents.request_documents import rejected
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.lists import (
    respond_with_list,
    respond_with_nothing,
    respond_with_one,
)
from remote_backend.server.query_parameters import accepts, bad_query
from remote_backend.server.records import RunTriggerRecord
from remote_backend.server.run_trigger_facts import run_trigger_resources, triggers_from
from remote_backend.server.store import Records
from remote_backend.server.workspace_records import workspaces_of_ids

__all__ = ("routes",)

routes = web.RouteTableDef()

_OF_WORKSPACE = "/api/v2/workspaces/{workspace_id}/run-triggers"
_BY_ID = "/api/v2/run-triggers/{run_trigger_id}"
_TYPE = "filter[run-trigger][type]"
# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run-triggers#available-related-resources
_MEMBERS = ("workspace", "sourceable")
_MOST_SOURCES = 20


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run-triggers#list-run-triggers
@routes.get(_OF_WORKSPACE)
@accepts(_TYPE, include=_MEMBERS)
async def list_run_triggers(request: web.Request) -> web.Response:
    """Return the run triggers that lead to a workspace, or that come from it."""
    direction = request.query.get(_TYPE)
    if direction not in ("inbound", "outbound"):
        raise bad_query(f"{_TYPE} must be inbound or outbound")

    def find(records: Records) -> Sequence[RunTriggerRecord]:
        workspace = workspace_of(records, request)
        if direction == "outbound":
            return triggers_from(records, workspace.id)
        return records.all(RunTriggerRecord, workspace.id)

    return await respond_with_list(request, find, run_trigger_resources)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run-triggers#create-a-run-trigger
@routes.post(_OF_WORKSPACE)
async def create_run_trigger(request: web.Request) -> web.Response:
    """Connect a workspace to a source."""
    document = await read_request_document(request)
    source_id = document.related_ids.get("sourceable", "")

    def create(records: Records) -> RunTriggerRecord:
        workspace = workspace_of(records, request)
        workspaces_of_ids(records, workspace.organization_id, [source_id])
        if source_id == workspace.id:
            raise rejected("a workspace cannot be the source of its own run trigger")
        if records.find_named(RunTriggerRecord, source_id, workspace.id) is not None:
            raise rejected("there is a run trigger from this source already")
        if len(records.all(RunTriggerRecord, workspace.id)) >= _MOST_SOURCES:
            raise rejected(f"a workspace has at most {_MOST_SOURCES} sources")
        return records.put(
            RunTriggerRecord(
                id=make_id("rt"),
                workspace_id=workspace.id,
                source_id=source_id,
                created_at=now_text(),
            )
        )

    return await respond_with_one(
        request, create, run_trigger_resources, writes=True, status=201
    )


@routes.get(_BY_ID)
@accepts(include=_MEMBERS)
async def read_run_trigger(request: web.Request) -> web.Response:
    """Return a run trigger."""
    return await respond_with_one(
        request, lambda records: _run_trigger_named(records, request), run_trigger_resources
    )


@routes.delete(_BY_ID)
async def delete_run_trigger(request: web.Request) -> web.Response:
    """Remove a run trigger."""
    return await respond_with_nothing(
        request, lambda records: records.delete(_run_trigger_named(records, request).id)
    )


def _run_trigger_named(records: Records, request: web.Request) -> RunTriggerRecord:
    id = request.match_info["run_trigger_id"]
    trigger = records.find(RunTriggerRecord, id)
    if trigger is None:
        raise not_found(f"run trigger {id}")
    return trigger
