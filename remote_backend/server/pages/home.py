"""The first page: what needs a person, and the newest batches."""

from collections.abc import Sequence
from urllib.parse import quote

from aiohttp import web
from attrs import frozen

from remote_backend.reports.html_kinds import Kind, sign
from remote_backend.server.context import ServerContext, context_of, organization_of
from remote_backend.server.organization_records import OrganizationRecord
from remote_backend.server.pages.addresses import organization_path
from remote_backend.server.pages.batch_list import batch_table
from remote_backend.server.pages.batch_records import BatchSummary, newest_batches
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.markup import link, name_link, section
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
    context, organization = context_of(request), organization_of(request)
    overview = await context.store.read(lambda records: _read(records, organization))
    queue = context.run_queue
    body = (
        section("Needs you", _needs(request, overview))
        + section("Batches", batch_table(request, overview.batches))
        + section("Workspaces", _search(request, overview.workspaces))
        + _other_organizations(context)
        + section(
            "Queue",
            f"<p>{queue.running:,} planned now, {len(queue.waiting):,} waiting.</p>\n",
        )
    )
    return respond_with_page(request, Page(title=organization.name, body=body))


def _read(records: Records, organization: OrganizationRecord) -> _Overview:
    rows = read_rows(records, organization)
    return _Overview(
        counts=counts_by_result(rows),
        locked=sum(row.workspace.locked_by is not None for row in rows),
        workspaces=len(rows),
        batches=newest_batches(records, organization, limit=_MOST_BATCHES),
    )


def _needs(request: web.Request, overview: _Overview) -> str:
    workspaces = organization_path(request, "workspaces")
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


def _search(request: web.Request, number: int) -> str:
    action = organization_path(request, "workspaces")
    return (
        f'<form class="filters" role="search" action="{action}">\n<label>Search '
        '<input type="search" name="search" placeholder="part of a name"></label>\n'
        f"<button>Show</button> {link(action, f'all {number:,}')}\n</form>\n"
    )


def _other_organizations(context: ServerContext) -> str:
    """Return links to the pages of the organizations that clients made."""
    names = [each.name for each in context.organizations.all() if not each.is_home]
    if not names:
        return ""
    items = "".join(
        f"<li>{name_link(f'/app/{quote(name)}/workspaces', name)}</li>\n"
        for name in sorted(names)
    )
    return section("Other organizations", f'<ul class="links">\n{items}</ul>\n')
