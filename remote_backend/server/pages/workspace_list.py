"""The list of all workspaces: search, filters, pages, and plans of many of them."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from aiohttp import web
from attrs import frozen

from remote_backend.planning.batch_id import short_id
from remote_backend.reports.html_kinds import Kind, sign
from remote_backend.reports.html_text import breakable, html_text
from remote_backend.server.context import context_of, organization_of
from remote_backend.server.organization_records import OrganizationRecord
from remote_backend.server.pages.addresses import (
    batch_path,
    organization_path,
    run_path,
    workspace_path,
)
from remote_backend.server.pages.found import names_of_users
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.markup import (
    choice,
    form,
    link,
    moment,
    name_link,
    paging,
    table,
)
from remote_backend.server.pages.numbered_pages import NumberedPage, page_number, page_of
from remote_backend.server.pages.outcomes import OUTCOMES, KeptOutcomes
from remote_backend.server.pages.run_words import numbers_html, result_html
from remote_backend.server.pages.sessions import form_token
from remote_backend.server.pages.signed_in import for_people
from remote_backend.server.pages.start_form import mode_choice
from remote_backend.server.pages.workspace_rows import (
    NEVER,
    ListFilter,
    WorkspaceRow,
    counts_by_result,
    read_rows,
)
from remote_backend.server.records import RunRecord
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_LONGEST_REASON = 120
_RESULT_WORDS = {
    **{kind.value: kind.value for kind in Kind},
    Kind.RUNNING.value: "at work or waiting",
    NEVER: "never planned",
}
"""What a result is called where workspaces are counted."""
_SORT_WORDS = {"name": "name", "result": "importance", "newest": "newest run"}


@frozen(kw_only=True)
class _Shown:
    """What one page of the list shows."""

    page: NumberedPage[WorkspaceRow]
    reasons: Mapping[str, str]
    """Why runs failed, by their ids."""

    users: Mapping[str | None, str]
    tags: Sequence[str]
    counts: Mapping[str, int]
    """How many workspaces have each result, whatever result is filtered."""

    number: int
    """How many workspaces are found, on all pages."""

    total: int


@routes.get("/app/{organization}/workspaces")
@for_people
async def list_workspaces(request: web.Request) -> web.Response:
    """Show the workspaces that a search and filters leave."""
    context, organization = context_of(request), organization_of(request)
    list_filter = ListFilter.from_query(request.query)
    outcomes, number = request.app[OUTCOMES], page_number(request)
    shown = await context.store.read(
        lambda records: _read(records, organization, list_filter, number, outcomes)
    )
    body = (
        f"{_filters(request, list_filter, shown)}"
        f"{_tiles(request, list_filter, shown.counts)}"
        f"{_list(request, list_filter, shown)}"
    )
    title = f"Workspaces ({shown.total:,})"
    return respond_with_page(request, Page(title=title, body=body))


def _read(
    records: Records,
    organization: OrganizationRecord,
    list_filter: ListFilter,
    number: int,
    outcomes: KeptOutcomes,
) -> _Shown:
    everything = read_rows(records, organization)
    accepted = [row for row in everything if list_filter.accepts(row)]
    listed = list_filter.shown(accepted)
    page = page_of(listed, number)
    rows = page.items
    ids = [row.workspace.locked_by for row in rows]
    ids += [row.run.created_by for row in rows if row.run]
    return _Shown(
        page=page,
        reasons={row.run.id: _reason(outcomes, row) for row in rows if row.run},
        users=names_of_users(records, ids),
        tags=sorted({tag for row in everything for tag in row.tags}),
        counts=counts_by_result(accepted),
        number=len(listed),
        total=len(everything),
    )


def _reason(outcomes: KeptOutcomes, row: WorkspaceRow) -> str:
    if row.run is None or row.result != Kind.FAILED.value:
        return ""
    reason = outcomes.outcome(row.run, row.workspace.name).reason or ""
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}\u2026"


def _filters(request: web.Request, list_filter: ListFilter, shown: _Shown) -> str:
    tags = {"": "any", **{tag: tag for tag in shown.tags}}
    results = {"": "any", **_RESULT_WORDS}
    checked = " checked" if list_filter.is_locked else ""
    found = f"{shown.number:,} of {shown.total:,}"
    return (
        f'<form class="filters" role="search" action="{organization_path(request, "workspaces")}">\n'
        '<label>Search <input type="search" name="search" '
        f'value="{html_text(list_filter.search)}" placeholder="part of a name"></label>\n'
        f"<label>Result {choice('result', results, list_filter.result)}</label>\n"
        f"<label>Tag {choice('tag', tags, list_filter.tag)}</label>\n"
        f"<label>Order {choice('sort', _SORT_WORDS, list_filter.sort)}</label>\n"
        f'<label><input type="checkbox" name="locked" value="1"{checked}> locked</label>\n'
        f'<button>Show</button> <span class="quiet">{found}</span>\n</form>\n'
    )


def _tiles(request: web.Request, list_filter: ListFilter, counts: Mapping[str, int]) -> str:
    items = []
    for result, count in counts.items():
        is_chosen = result == list_filter.result
        query = {**list_filter.to_query(), "result": "" if is_chosen else result}
        address = f"{organization_path(request, 'workspaces')}?{urlencode(query, errors='replace')}"
        current = ' aria-current="true"' if is_chosen else ""
        items.append(
            f'<li><a class="tile {result}" href="{html_text(address)}"{current}>'
            f"{_sign(result)}<b>{count:,}</b> {_RESULT_WORDS[result]}</a></li>\n"
        )
    if not items:
        return ""
    return f'<nav aria-label="Results"><ul class="tiles">\n{"".join(items)}</ul></nav>\n'


def _sign(result: str) -> str:
    if result == NEVER:
        return ""
    return f'<span class="sign" aria-hidden="true">{sign(Kind(result))}</span> '


def _list(request: web.Request, list_filter: ListFilter, shown: _Shown) -> str:
    if not shown.total:
        return "<p>There are no workspaces yet: <code>terraform workspace new NAME</code> makes one.</p>\n"
    rows = [_row(request, row, shown) for row in shown.page.items]
    listed = table(
        ("Workspace", "Result", "Plan", "Last run", "Lock"),
        rows,
        empty="No workspace is found.",
    )
    pages = paging(
        organization_path(request, "workspaces"),
        list_filter.to_query(),
        shown.page.number,
        shown.page.pages,
    )
    if not rows:
        return listed
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html_text(value)}">\n'
        for name, value in list_filter.to_query().items()
    )
    buttons = (
        f'<p class="buttons">{mode_choice()} <button>Plan those that are checked</button> '
        f'<button name="all" value="1">Plan all {shown.number:,}</button></p>\n'
    )
    action = organization_path(request, "batches")
    body = f"{hidden}{listed}{pages}{buttons}"
    return form(action, form_token(request), body, label="Plan again")


def _row(request: web.Request, row: WorkspaceRow, shown: _Shown) -> tuple[str, ...]:
    workspace, run = row.workspace, row.run
    name = workspace.name
    box = (
        f'<label class="box"><input type="checkbox" name="workspace" value="{html_text(name)}">'
        f'<span class="unseen">Plan {html_text(name)} again</span></label>'
    )
    return (
        f"{box} {name_link(workspace_path(request, name), name)}",
        result_html(run) if run else '<span class="quiet">never planned</span>',
        ", ".join(filter(None, (html_text(shown.reasons[run.id]), numbers_html(run))))
        if run
        else "",
        _last_run(request, row, shown) if run else "",
        _lock(row, shown),
    )


def _last_run(request: web.Request, row: WorkspaceRow, shown: _Shown) -> str:
    run = row.run
    assert run is not None
    address = run_path(request, row.workspace.name, run.id)
    who = html_text(shown.users.get(run.created_by, ""))
    parts = [f'<a href="{html_text(address)}">{moment(run.created_at)}</a>', who]
    parts.append(_batch(request, run))
    return ", ".join(filter(None, parts))


def _batch(request: web.Request, run: RunRecord) -> str:
    if not run.batch_id:
        return ""
    return link(batch_path(request, run.batch_id), f"batch {short_id(run.batch_id)}")


def _lock(row: WorkspaceRow, shown: _Shown) -> str:
    holder = row.workspace.locked_by
    if holder is None:
        return ""
    return f"locked by {breakable(shown.users.get(holder, 'a user'))}"
