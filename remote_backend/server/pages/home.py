"""The first page: what needs a person, and the newest batches."""

from collections.abc import Sequence

from aiohttp import web
from attrs import frozen

from remote_backend.reports.html_kinds import Kind, sign
from remote_backend.server.context import ServerContext, context_of
from remote_backend.server.pages.addresses import organization_path
from remote_backend.server.pages.batch_list import batch_table
from remote_backend.server.pages.batch_records import BatchSummary, newest_batches
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.markup import link, section
from remote_backend.server.pages.signed_in import for_people
from remote_backend.server.pages.workspace_rows import counts_by_result, read_rows
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_MOST_BATCHES = 10


@frozen(kw_only=True)
class _Overview:
    counts: dict[str, int]
    locked: int
    workspaces: int
    batches: Sequence[BatchSummary]


@routes.get("/")
async def go_to_start(request: web.Request) -> web.Response:
    """Send people to the pages; clients that ask whether the host is there get its name."""
    if "text/html" in request.headers.get("Accept", ""):
        raise web.HTTPFound("/app")
    return web.Response(text="remote-backend\n")


@routes.get("/app")
@for_people
async def read_home(request: web.Request) -> web.Response:
    """Show what needs a person first, then the newest batches."""
    context = context_of(request)
    overview = await context.store.read(_read)
    queue = context.run_queue
    body = (
        section("Needs you", _needs(context, overview))
        + section("Batches", batch_table(context, overview.batches))
        + section("Workspaces", _search(context, overview.workspaces))
        + section(
            "Queue",
            f"<p>{queue.running:,} planned now, {len(queue.waiting):,} waiting.</p>\n",
        )
    )
    return respond_with_page(request, Page(title=context.organization, body=body))


def _read(records: Records) -> _Overview:
    rows = read_rows(records)
    return _Overview(
        counts=counts_by_result(rows),
        locked=sum(row.workspace.locked_by is not None for row in rows),
        workspaces=len(rows),
        batches=newest_batches(records, limit=_MOST_BATCHES),
    )


def _needs(context: ServerContext, overview: _Overview) -> str:
    workspaces = organization_path(context, "workspaces")
    kinds = ((Kind.FAILED, "failed"), (Kind.DESTROY, "destroy"))
    tiles = [
        f'<li><a class="tile {kind.value}" href="{workspaces}?result={kind.value}">'
        f'<span class="sign" aria-hidden="true">{sign(kind)}</span> <b>{count:,}</b> {word}'
        "</a></li>\n"
        for kind, word in kinds
        if (count := overview.counts.get(kind.value, 0))
    ]
    if overview.locked:
        tiles.append(
            f'<li><a class="tile" href="{workspaces}?locked=1"><b>{overview.locked:,}</b> '
            "locked</a></li>\n"
        )
    if not tiles:
        return "<p>Nothing: no workspace failed, destroys or is locked.</p>\n"
    return f'<ul class="tiles">\n{"".join(tiles)}</ul>\n'


def _search(context: ServerContext, number: int) -> str:
    action = organization_path(context, "workspaces")
    return (
        f'<form class="filters" role="search" action="{action}">\n<label>Search '
        '<input type="search" name="search" placeholder="part of a name"></label>\n'
        f"<button>Show</button> {link(action, f'all {number:,}')}\n</form>\n"
    )
