"""The list of batches."""

from collections.abc import Sequence

from aiohttp import web

from remote_backend.planning.batch_id import short_id
from remote_backend.reports.html_text import html_text
from remote_backend.server.context import context_of, organization_of
from remote_backend.server.pages.addresses import batch_path
from remote_backend.server.pages.batch_records import BatchSummary, newest_batches
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.markup import link, moment, table
from remote_backend.server.pages.signed_in import for_people

__all__ = ("batch_table", "routes")

routes = web.RouteTableDef()

_MOST_BATCHES = 100


@routes.get("/app/{organization}/batches")
@for_people
async def list_batches(request: web.Request) -> web.Response:
    """Show the newest batches."""
    context = context_of(request)
    batches = await context.store.read(
        lambda records: newest_batches(
            records, organization_of(request), limit=_MOST_BATCHES
        )
    )
    full = len(batches) == _MOST_BATCHES
    note = f"<p>Earlier ones than the newest {_MOST_BATCHES} are not listed.</p>\n"
    body = batch_table(request, batches) + (note if full else "")
    return respond_with_page(request, Page(title="Batches", body=body))


def batch_table(request: web.Request, batches: Sequence[BatchSummary]) -> str:
    """Return batches as a table."""
    rows = (
        (
            link(batch_path(request, batch.id), short_id(batch.id)),
            html_text(batch.mapping) + f" ({batch.workspaces:,})",
            html_text(batch.words),
            moment(batch.started_at),
            html_text(batch.who),
        )
        for batch in batches
    )
    return table(
        ("Batch", "Workspaces", "Results", "Begun", "By"),
        rows,
        empty="There is no batch yet: a plan of many workspaces makes one.",
    )
