"""Plans that pages start: of one workspace, or of many as a batch."""

from collections.abc import Sequence

from aiohttp import web
from attrs import evolve

from remote_backend.errors import Rejected
from remote_backend.planning.batch_id import new_batch_id
from remote_backend.server.context import USER, context_of, organization_of
from remote_backend.server.documents.request_documents import rejected
from remote_backend.server.new_runs import hostname_of, new_run, require_remote_plans
from remote_backend.server.organization_records import OrganizationRecord
from remote_backend.server.pages.addresses import batch_path, run_path
from remote_backend.server.pages.batch_records import read_batch
from remote_backend.server.pages.found import named_workspace
from remote_backend.server.pages.signed_in import Form, first, for_forms
from remote_backend.server.pages.start_form import configuration_to_plan, with_form
from remote_backend.server.pages.workspace_rows import ListFilter, WorkspaceRow, read_rows
from remote_backend.server.records import RunRecord, WorkspaceRecord
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()


@routes.post("/app/{organization}/workspaces/{workspace}/runs")
@for_forms
async def start_run(request: web.Request, form: Form) -> web.Response:
    """Plan a workspace again with its last configuration."""
    context = context_of(request)

    def start(records: Records) -> tuple[WorkspaceRecord, RunRecord]:
        workspace = named_workspace(records, request)
        last = records.newest(RunRecord, workspace.id)
        run = _new_run(records, request, WorkspaceRow(workspace, last))
        return workspace, records.put(with_form(run, form))

    workspace, run = await context.store.write(start)
    context.run_queue.enqueue(run.id)
    raise web.HTTPSeeOther(run_path(request, workspace.name, run.id))


@routes.post("/app/{organization}/batches")
@for_forms
async def start_batch(request: web.Request, form: Form) -> web.Response:
    """Plan many workspaces again, each with its last configuration."""
    context, batch_id = context_of(request), new_batch_id()
    runs, left_out = await context.store.write(
        lambda records: _new_runs(records, request, form, batch_id)
    )
    for run in runs:
        context.run_queue.enqueue(run.id)
    query = f"?left_out={left_out}" if left_out else ""
    raise web.HTTPSeeOther(batch_path(request, batch_id) + query)


def _new_runs(
    records: Records, request: web.Request, form: Form, batch_id: str
) -> tuple[list[RunRecord], int]:
    """Store the runs of a batch; return them, and how many workspaces cannot be planned."""
    chosen = _chosen(records, organization_of(request), form)
    if not chosen:
        raise rejected("no workspace is chosen; check some in the list")
    runs = []
    for row in chosen:
        try:
            run = _new_run(records, request, row)
        except Rejected:
            continue
        runs.append(records.put(with_form(run, form, batch_id)))
    if not runs:
        raise rejected("none of these workspaces has a configuration that can be planned")
    return runs, len(chosen) - len(runs)


def _chosen(
    records: Records, organization: OrganizationRecord, form: Form
) -> Sequence[WorkspaceRow]:
    """Return the workspaces of a form: those that are checked, of a batch, or of a list."""
    rows = read_rows(records, organization)
    if first(form, "all"):
        query = {name: texts[0] for name, texts in form.items()}
        list_filter = ListFilter.from_query(query)
        return list_filter.shown([row for row in rows if list_filter.accepts(row)])
    names = set(form.get("workspace", ()))
    batch = read_batch(records, organization, first(form, "batch"))
    if batch is not None:
        names |= {name for name, _ in batch.runs}
    return [row for row in rows if row.workspace.name in names]


def _new_run(records: Records, request: web.Request, row: WorkspaceRow) -> RunRecord:
    """Return a run with the last configuration; raises `Rejected` where it cannot be."""
    workspace = row.workspace
    require_remote_plans(records, workspace)
    configuration = configuration_to_plan(records, workspace, row.run)
    if configuration is None:
        raise rejected(
            f"{workspace.name} has no configuration version that a run can use: upload one"
        )
    run = new_run(
        workspace,
        configuration.id,
        user_id=request[USER].id,
        engine_versions=context_of(request).engine_versions,
    )
    # Plans read other states from the host that their configuration names.
    hostname = row.run.hostname if row.run is not None else ""
    return evolve(run, hostname=hostname or hostname_of(request))
