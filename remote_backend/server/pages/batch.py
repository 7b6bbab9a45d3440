"""The page of a batch: the runs at work, and the report, live while the batch goes on."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256

from aiohttp import web
from anyio import to_thread

from remote_backend.planning.batch_id import is_id_of_batch, short_id
from remote_backend.reports.html_text import count_of, html_text
from remote_backend.reports.summary import Report
from remote_backend.reports.to_html import report_body, to_html
from remote_backend.reports.to_json import to_json
from remote_backend.reports.to_junit import to_junit
from remote_backend.reports.to_markdown import to_markdown
from remote_backend.server.context import (
    USER,
    context_of,
    not_found,
    organization_of,
    origin_of,
)
from remote_backend.server.pages.addresses import (
    batch_path,
    organization_path,
    run_path,
)
from remote_backend.server.pages.batch_records import PlannedBatch, read_batch
from remote_backend.server.pages.batch_report import batch_report
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.markup import form, link, name_link, table
from remote_backend.server.pages.outcomes import OUTCOMES
from remote_backend.server.pages.run_words import word_of_run
from remote_backend.server.pages.sessions import form_token
from remote_backend.server.pages.signed_in import Form, for_forms, for_people
from remote_backend.server.pages.start_form import mode_choice
from remote_backend.server.records import RunRecord
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_BATCH = "/app/{organization}/batches/{batch_id}"
_FORMS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "html": ("text/html", to_html),
    "md": ("text/markdown", to_markdown),
    "json": ("application/json", to_json),
    "xml": ("application/xml", to_junit),
}
_MOST_AT_WORK = 50


@routes.get(_BATCH)
@for_people
async def read_batch_page(request: web.Request) -> web.Response:
    """Show the report of a batch; while it goes on, the runs at work above it."""
    batch = await _batch(request)
    etag = _etag(batch)
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag})
    outcomes, head = request.app[OUTCOMES], _head(request, batch)
    text = await to_thread.run_sync(
        lambda: report_body(
            batch_report(request, outcomes, batch, hostname=request.host),
            below_header=head,
        )
    )
    scripts = ("report.js",) if batch.is_over else ("report.js", "batch.js")
    page = Page(
        title=f"Batch {short_id(batch.id)}",
        body=text,
        crumbs=((organization_path(request, "batches"), "Batches"),),
        scripts=scripts,
        refreshes=not batch.is_over,
        is_whole=True,
    )
    response = respond_with_page(request, page)
    response.headers["ETag"] = etag
    return response


@routes.get(_BATCH + "/report.{suffix}")
@for_people
async def download_report(request: web.Request) -> web.Response:
    """Return the report of a batch in one of its forms."""
    form_name = request.match_info["suffix"]
    if form_name not in _FORMS:
        raise not_found(f"a report as {form_name}")
    batch = await _batch(request)
    content_type, write = _FORMS[form_name]
    report = partial(
        batch_report,
        request,
        request.app[OUTCOMES],
        batch,
        hostname=request.host,
        origin=origin_of(request),
    )
    text = await to_thread.run_sync(lambda: write(report()))
    return web.Response(
        text=text,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{batch.id}.{form_name}"',
            "X-Content-Type-Options": "nosniff",
            # A report as HTML has rules of its own, and is saved, not shown.
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


@routes.post(_BATCH + "/cancel")
@for_forms
async def cancel_batch(request: web.Request, form: Form) -> web.Response:
    """Stop all runs of a batch that go on."""
    context, batch = context_of(request), await _batch(request)
    for run in batch.all_runs():
        context.run_queue.cancel(run.id, user_id=request[USER].id)
    raise web.HTTPSeeOther(batch_path(request, batch.id))


async def _batch(request: web.Request) -> PlannedBatch:
    """Return the batch of a path, which people may shorten; raises `NotFound`."""
    typed, organization = request.match_info["batch_id"], organization_of(request)

    def find(records: Records) -> PlannedBatch | None:
        batch = read_batch(records, organization, typed)
        if batch is not None:
            return batch
        newest = records.newest_values(
            RunRecord, "batch_id", limit=1000, organization_id=organization.id
        )
        ids = [id for id, _ in newest if is_id_of_batch(typed, id)]
        return read_batch(records, organization, ids[0]) if ids else None

    batch = await context_of(request).store.read(find)
    if batch is None:
        raise not_found(f"batch {typed}")
    return batch


def _etag(batch: PlannedBatch) -> str:
    states = "\n".join(f"{run.id} {run.status}" for run in batch.all_runs())
    return f'"{sha256(states.encode()).hexdigest()[:24]}"'


def _head(request: web.Request, batch: PlannedBatch) -> str:
    downloads = ", ".join(
        link(batch_path(request, batch.id, f"report.{name}"), text)
        for name, text in (
            ("html", "HTML"),
            ("md", "Markdown"),
            ("json", "JSON"),
            ("xml", "JUnit"),
        )
    )
    who = f"By {html_text(', '.join(batch.users))}. " if batch.users else ""
    live = "" if batch.is_over else " data-live"
    return (
        f'<section id="batch" aria-label="Batch"{live}>\n{_left_out(request)}'
        f"<p>{who}Report as {downloads}</p>\n{_progress(request, batch)}</section>\n"
    )


def _left_out(request: web.Request) -> str:
    text = request.query.get("left_out", "")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        return ""
    return (
        f'<p class="yellow" role="status">{int(text):,} of the chosen workspaces are left out: '
        "they have no configuration that can be planned again, or plan locally.</p>\n"
    )


def _progress(request: web.Request, batch: PlannedBatch) -> str:
    return _again(request, batch) if batch.is_over else _at_work(request, batch)


def _again(request: web.Request, batch: PlannedBatch) -> str:
    """Return the form that plans the workspaces of a batch once more."""
    body = (
        f'<input type="hidden" name="batch" value="{batch.id}">\n'
        f'<details class="confirm"><summary>Plan again</summary>{mode_choice()} '
        f"<button>Plan {count_of(len(batch.runs), 'workspace')}</button></details>\n"
    )
    action = organization_path(request, "batches")
    return form(action, form_token(request), body)


def _at_work(request: web.Request, batch: PlannedBatch) -> str:
    """Return the runs that go on: those that are planned, and how many wait."""
    going_on = [
        (name, head, run)
        for name, head in batch.runs
        if (run := batch.unfinished(name, head)) is not None
    ]
    at_work = [row for row in going_on if word_of_run(row[2]) != "waiting"]
    rows = (
        (
            name_link(run_path(request, name, run.id), name),
            html_text(word_of_run(run) if run is head else f"base {word_of_run(run)}"),
            f'<span data-since="{html_text(run.times.get(run.status, run.created_at))}"></span>',
        )
        for name, head, run in at_work[:_MOST_AT_WORK]
    )
    waiting = len(going_on) - len(at_work)
    ended = len(batch.runs) - len(going_on)
    sentence = (
        f'<p role="status">{ended:,} of {len(batch.runs):,} ended, '
        f"{len(at_work):,} at work, {waiting:,} waiting.</p>\n"
    )
    bar = (
        f'<progress max="{len(batch.runs)}" value="{ended}" '
        'aria-label="Ended plans"></progress>\n'
    )
    runs = sum(not run.is_over for run in batch.all_runs())
    cancel = form(
        batch_path(request, batch.id, "cancel"),
        form_token(request),
        '<details class="confirm"><summary>Cancel the batch</summary>'
        f"<button>Cancel {count_of(runs, 'run')}</button></details>\n",
    )
    listed = table(("Workspace", "Phase", "Since"), rows) if at_work else ""
    return f"{sentence}{bar}{listed}{cancel}"
