"""The page of a workspace: its last run, its lock, outputs and resources, and all its runs."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from aiohttp import web
from attrs import frozen

from remote_backend.planning.batch_id import short_id
from remote_backend.reports.html_text import breakable, html_text
from remote_backend.server.context import context_of
from remote_backend.server.pages.addresses import (
    batch_path,
    organization_path,
    run_path,
    workspace_path,
)
from remote_backend.server.pages.found import named_workspace, names_of_users
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.markup import (
    form,
    link,
    menu,
    moment,
    paging,
    section,
    table,
)
from remote_backend.server.pages.numbered_pages import (
    NumberedPage,
    page_number,
    page_of,
)
from remote_backend.server.pages.outcomes import OUTCOMES, KeptOutcomes
from remote_backend.server.pages.run_words import numbers_html, result_html
from remote_backend.server.pages.sessions import form_token
from remote_backend.server.pages.signed_in import for_people
from remote_backend.server.pages.start_form import start_fields
from remote_backend.server.pages.state_html import outputs_table, resources_table
from remote_backend.server.records import RunRecord, StateVersionRecord, WorkspaceRecord
from remote_backend.server.state_facts import read_state_bytes
from remote_backend.server.store import Records
from remote_backend.server.workspace_records import newest_state

__all__ = ("routes", "workspace_crumbs", "workspace_tabs")

routes = web.RouteTableDef()

_WORKSPACE = "/app/{organization}/workspaces/{workspace}"
_FEW_RUNS = 10


@frozen(kw_only=True)
class _Overview:
    workspace: WorkspaceRecord
    runs: Sequence[RunRecord]
    reasons: Mapping[str, str]
    users: Mapping[str | None, str]
    state: StateVersionRecord | None


def workspace_crumbs(request: web.Request, workspace: str) -> tuple[tuple[str, str], ...]:
    """Return the pages above those of a workspace."""
    return (
        (organization_path(request, "workspaces"), "Workspaces"),
        (workspace_path(request, workspace), workspace),
    )


def workspace_tabs(request: web.Request, workspace: str) -> str:
    """Return links to all pages of a workspace."""
    names = {
        "Overview": (),
        "Runs": ("runs",),
        "Variables": ("variables",),
        "States": ("states",),
        "Lock": ("settings", "locking"),
    }
    pages = {
        workspace_path(request, workspace, *parts): name for name, parts in names.items()
    }
    return menu("Workspace", "tabs", pages, quote(request.path, safe="/"))


@routes.get(_WORKSPACE)
@for_people
async def read_workspace(request: web.Request) -> web.Response:
    """Show what a workspace is like: its last runs, its lock, and its state."""
    context, outcomes = context_of(request), request.app[OUTCOMES]
    overview = await context.store.read(
        lambda records: _read(records, named_workspace(records, request), outcomes)
    )
    workspace = overview.workspace
    name = workspace.name
    runs = _run_table(request, overview) + (
        f"<p>{link(workspace_path(request, name, 'runs'), 'All runs')}</p>\n"
        if overview.runs
        else ""
    )
    start = form(workspace_path(request, name, "runs"), form_token(request), start_fields())
    body = (
        f"{workspace_tabs(request, name)}{_facts(overview)}{section('Runs', runs)}"
        f"{section('Plan again', start, is_open=False)}{_state(request, overview)}"
    )
    crumbs = workspace_crumbs(request, name)[:1]
    page = Page(title=name, heading=breakable(name), body=body, crumbs=crumbs)
    return respond_with_page(request, page)


@routes.get(_WORKSPACE + "/runs")
@for_people
async def list_runs(request: web.Request) -> web.Response:
    """Show all runs of a workspace, page by page."""
    context, outcomes = context_of(request), request.app[OUTCOMES]
    number = page_number(request)

    def read(records: Records) -> tuple[_Overview, NumberedPage[str]]:
        workspace = named_workspace(records, request)
        ids = records.ids_of(RunRecord, [workspace.id]).get(workspace.id, [])[::-1]
        page = page_of(ids, number)
        return _read(records, workspace, outcomes, page.items), page

    overview, page = await context.store.read(read)
    name = overview.workspace.name
    path = workspace_path(request, name, "runs")
    body = (
        f"{workspace_tabs(request, name)}{_run_table(request, overview)}"
        f"{paging(path, {}, page.number, page.pages)}"
    )
    crumbs = workspace_crumbs(request, name)
    return respond_with_page(request, Page(title="Runs", body=body, crumbs=crumbs))


def _read(
    records: Records,
    workspace: WorkspaceRecord,
    outcomes: KeptOutcomes,
    run_ids: Sequence[str] | None = None,
) -> _Overview:
    """Read some runs of a workspace, by default the newest."""
    if run_ids is None:
        ids = records.ids_of(RunRecord, [workspace.id]).get(workspace.id, [])
        run_ids = ids[-_FEW_RUNS:][::-1]
    runs = list(records.find_many(RunRecord, run_ids).values())
    users = names_of_users(
        records, [workspace.locked_by, *(run.created_by for run in runs)]
    )
    return _Overview(
        workspace=workspace,
        runs=runs,
        reasons={run.id: _reason(outcomes, run, workspace.name) for run in runs},
        users=users,
        state=newest_state(records, workspace.id),
    )


def _reason(outcomes: KeptOutcomes, run: RunRecord, workspace: str) -> str:
    if not run.is_over or run.status in ("planned_and_finished", "canceled", "discarded"):
        return ""
    return outcomes.outcome(run, workspace).reason or ""


def _facts(overview: _Overview) -> str:
    workspace = overview.workspace
    parts = []
    if workspace.description:
        parts.append(f"<p>{html_text(workspace.description)}</p>\n")
    if workspace.locked_by is not None:
        holder = html_text(overview.users.get(workspace.locked_by, "a user"))
        since = f" {moment(workspace.locked_at)}" if workspace.locked_at else ""
        reason = (
            f": {html_text(workspace.locked_reason)}" if workspace.locked_reason else ""
        )
        parts.append(f'<p class="yellow">Locked by {holder}{since}{reason}</p>\n')
    tags = [
        *workspace.tag_names,
        *(
            f"{key}={value}" if value else key
            for key, value in workspace.tag_bindings.items()
        ),
    ]
    facts = {
        "Tags": ", ".join(tags),
        "Directory": workspace.working_directory,
        "Terraform": workspace.terraform_version,
        "Id": workspace.id,
    }
    items = "; ".join(f"{name}: {html_text(text)}" for name, text in facts.items() if text)
    return "".join(parts) + f'<p class="quiet">{items}</p>\n'


def _run_table(request: web.Request, overview: _Overview) -> str:
    name = overview.workspace.name
    rows = (
        (
            f'<a href="{html_text(run_path(request, name, run.id))}">{moment(run.created_at)}</a>',
            result_html(run),
            ", ".join(
                filter(None, (html_text(overview.reasons[run.id]), numbers_html(run)))
            ),
            html_text(overview.users.get(run.created_by, "")),
            link(batch_path(request, run.batch_id), short_id(run.batch_id))
            if run.batch_id
            else "",
            html_text(run.message),
        )
        for run in overview.runs
    )
    return table(
        ("Run", "Result", "Plan", "By", "Batch", "Message"),
        rows,
        empty="There are no runs yet.",
    )


def _state(request: web.Request, overview: _Overview) -> str:
    version, name = overview.state, overview.workspace.name
    if version is None:
        return section("State", "<p>There is no state yet.</p>\n")
    data = read_state_bytes(context_of(request).files, version)
    head = link(
        workspace_path(request, name, "states", version.id), f"serial {version.serial}"
    )
    return section("Outputs", outputs_table(data)) + section(
        f"Resources ({version.resource_count:,})",
        f"<p>State of {head}, {moment(version.created_at)}</p>\n{resources_table(data)}",
        is_open=version.resource_count <= _FEW_RUNS,
    )
