"""Runs and what is done to them."""

from aiohttp import web
from attrs import evolve

from remote_backend.engine.version_choice import EXACT_VERSION
from remote_backend.server.context import (
    USER,
    ServerContext,
    conflict,
    context_of,
    not_found,
    organization_of,
    read_request_document,
    respond,
    workspace_of,
)
from remote_backend.server.documents.documents import dump_document
from remote_backend.server.documents.request_documents import (
    RequestDocument,
    invalid,
    rejected,
)
from remote_backend.server.documents.runs import dump_run, run_from_request
from remote_backend.server.lists import respond_with_list, respond_with_one
from remote_backend.server.new_runs import hostname_of, new_run, require_remote_plans
from remote_backend.server.query_parameters import accepts
from remote_backend.server.records import (
    ConfigurationVersionRecord,
    RunRecord,
    WorkspaceRecord,
)
from remote_backend.server.routes.configurations import configuration_of
from remote_backend.server.run_lists import (
    ORGANIZATION_RUN_PARAMETERS,
    RUN_MEMBERS,
    RUN_PARAMETERS,
    listed_runs,
    run_of,
    run_resources,
)
from remote_backend.server.store import Records
from remote_backend.server.workspace_records import newest_usable_configuration

__all__ = ("routes",)

routes = web.RouteTableDef()


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#create-a-run
@routes.post("/api/v2/runs")
async def create_run(request: web.Request) -> web.Response:
    """Queue a plan-only run."""
    context = context_of(request)
    document = await read_request_document(request)
    run = await context.store.write(
        lambda records: records.put(_new_run(records, request, document))
    )
    context.run_queue.enqueue(run.id)
    return respond(dump_document(dump_run(run)), 201)


@routes.get("/api/v2/runs/{run_id}")
@accepts(include=RUN_MEMBERS)
async def read_run(request: web.Request) -> web.Response:
    """Return a run."""
    id = request.match_info["run_id"]
    return await respond_with_one(
        request, lambda records: run_of(records, id), run_resources
    )


@routes.get("/api/v2/workspaces/{workspace_id}/runs")
@accepts(*RUN_PARAMETERS, include=RUN_MEMBERS)
async def list_runs(request: web.Request) -> web.Response:
    """Return the runs of a workspace that a filter names, newest first."""

    def find(records: Records) -> list[RunRecord]:
        workspace = workspace_of(records, request)
        return listed_runs(records, request, records.all(RunRecord, workspace.id))

    return await respond_with_list(request, find, run_resources)


@routes.get("/api/v2/organizations/{organization}/runs")
@accepts(*ORGANIZATION_RUN_PARAMETERS, include=RUN_MEMBERS)
async def list_runs_of_organization(request: web.Request) -> web.Response:
    """Return the runs of all workspaces that a filter names, newest first."""
    return await respond_with_list(
        request,
        lambda records: listed_runs(
            records, request, _runs_of_organization(records, request)
        ),
        run_resources,
    )


@routes.get("/api/v2/organizations/{organization}/runs/queue")
async def list_queue(request: web.Request) -> web.Response:
    """Return the runs that wait, the next one first."""
    waiting, organization = context_of(request).run_queue.waiting, organization_of(request)

    def find(records: Records) -> list[RunRecord]:
        runs = records.find_many(RunRecord, waiting)
        return [
            runs[id]
            for id in waiting
            if id in runs and runs[id].organization_id == organization.id
        ]

    return await respond_with_list(request, find, run_resources)


@routes.post("/api/v2/runs/{run_id}/actions/cancel")
@routes.post("/api/v2/runs/{run_id}/actions/force-cancel")
async def cancel_run(request: web.Request) -> web.Response:
    """Stop a run that waits or is being planned."""
    context = context_of(request)
    run = await _find_run(request, context)
    if not context.run_queue.cancel(run.id, user_id=request[USER].id):
        raise conflict(f"the run is {run.status} and cannot be canceled")
    return respond(status=202)


@routes.post("/api/v2/runs/{run_id}/actions/discard")
async def discard_run(request: web.Request) -> web.Response:
    """Drop a run that waits."""
    context = context_of(request)
    run = await _find_run(request, context)
    is_waiting = run.id in context.run_queue.waiting
    if not is_waiting or not context.run_queue.cancel(
        run.id, user_id=request[USER].id, waiting_becomes="discarded"
    ):
        raise conflict(f"the run is {run.status} and cannot be discarded")
    return respond(status=202)


@routes.post("/api/v2/runs/{run_id}/actions/apply")
@routes.post("/api/v2/runs/{run_id}/actions/force-execute")
async def refuse_action(request: web.Request) -> web.Response:
    """Refuse to apply anything."""
    await _find_run(request, context_of(request))
    raise conflict("this server only plans; its runs cannot be applied")


def _runs_of_organization(records: Records, request: web.Request) -> list[RunRecord]:
    organization = organization_of(request)
    runs = records.all(RunRecord)
    return [run for run in runs if run.organization_id == organization.id]


def _new_run(
    records: Records, request: web.Request, document: RequestDocument
) -> RunRecord:
    workspace_id = document.related_ids.get("workspace", "")
    workspace = records.find(WorkspaceRecord, workspace_id)
    if workspace is None:
        raise not_found(f"workspace {workspace_id}")
    require_remote_plans(records, workspace)
    configuration = _configuration_for_run(records, workspace, document)
    if not document.flag("plan-only", configuration.speculative):
        raise rejected("this server only plans: ask for a run that is plan-only")
    run = new_run(
        workspace,
        configuration.id,
        user_id=request[USER].id,
        engine_versions=context_of(request).engine_versions,
        requested_version=_requested_version(request, document),
    )
    return evolve(run_from_request(run, document), hostname=hostname_of(request))


def _requested_version(request: web.Request, document: RequestDocument) -> str | None:
    """Return the version that a run requests; raises `Rejected` for one that is not here.

    The service takes exact versions that the organization may use:
    https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#create-a-run
    """
    version = document.text("terraform-version")
    versions = context_of(request).engine_versions
    if version is None:
        return None
    if not EXACT_VERSION.match(version):
        raise invalid("terraform-version", "an exact version, such as 1.9.8")
    if versions and version not in versions:
        raise invalid(
            "terraform-version", f"one that this server has: {', '.join(versions)}"
        )
    return version


def _configuration_for_run(
    records: Records, workspace: WorkspaceRecord, document: RequestDocument
) -> ConfigurationVersionRecord:
    """Return the configuration version that a document names, or the newest usable one.

    It may belong to another workspace of the organization, as on the service:
    https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#create-a-run
    """
    id = document.related_ids.get("configuration-version")
    if id is None:
        newest = newest_usable_configuration(records, workspace.id)
        if newest is None:
            raise rejected(
                f"{workspace.name} has no configuration version that a run can use: upload one"
            )
        return newest
    configuration = configuration_of(records, id)
    if configuration.workspace_id != workspace.id:
        owner = records.find(WorkspaceRecord, configuration.workspace_id)
        if owner is None or owner.organization_id != workspace.organization_id:
            raise not_found(f"configuration version {id}")
    if configuration.status != "uploaded":
        raise rejected(f"configuration version {id} is {configuration.status}")
    return configuration


async def _find_run(request: web.Request, context: ServerContext) -> RunRecord:
    id = request.match_info["run_id"]
    return await context.store.read(lambda records: run_of(records, id))
