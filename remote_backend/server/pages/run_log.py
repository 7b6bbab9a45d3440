"""The log of a run: as it is written, and raw."""

import codecs
import json
from functools import partial

import anyio
from aiohttp import ClientError, web
from anyio import to_thread

from remote_backend.errors import Rejected
from remote_backend.formats.ansi_html import ansi_to_html
from remote_backend.server.context import context_of
from remote_backend.server.pages.found import named_run
from remote_backend.server.pages.run_words import word_of_run
from remote_backend.server.pages.sessions import user_of_session
from remote_backend.server.pages.signed_in import for_people
from remote_backend.server.query_parameters import parse_offset
from remote_backend.server.records import RunRecord

__all__ = ("routes",)

routes = web.RouteTableDef()

_RUN = "/app/{organization}/workspaces/{workspace}/runs/{run_id}"
_POLL_SECONDS = 0.2
_CHUNK_BYTES = 1 << 16


@routes.get(_RUN + "/log")
async def stream_log(request: web.Request) -> web.StreamResponse:
    """Stream the log of a run from an offset on, as server-sent events of HTML."""
    if await user_of_session(request) is None:
        raise web.HTTPForbidden
    context = context_of(request)
    run = await _run(request)
    requested = request.headers.get("Last-Event-ID") or request.query.get("offset", "")
    try:
        offset = parse_offset(requested, "offset")
    except Rejected as error:
        raise web.HTTPBadRequest from error
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        while True:
            # The run is read before its log: nothing can follow what is read after its end.
            run = await _run(request)
            part = partial(
                context.files.read_log, run.id, offset=offset, limit=_CHUNK_BYTES
            )
            data = await to_thread.run_sync(part)
            if data:
                offset += len(data)
                event = _event(ansi_to_html(decoder.decode(data)), run)
                await response.write(f"id: {offset}\ndata: {event}\n\n".encode())
            elif run.is_over:
                await response.write(f"event: end\ndata: {_event('', run)}\n\n".encode())
                return response
            else:
                await anyio.sleep(_POLL_SECONDS)
    except (ConnectionError, ClientError):
        return response


@routes.get(_RUN + "/log.txt")
@for_people
async def read_raw_log(request: web.Request) -> web.StreamResponse:
    """Return the log as it was written, without its frame; `download` saves it."""
    context = context_of(request)
    run = await _run(request)
    data = await to_thread.run_sync(
        lambda: context.files.read_log(run.id, offset=0, limit=None)
    )
    kind = "attachment" if "download" in request.query else "inline"
    return web.Response(
        body=data.strip(b"\x02\x03"),
        content_type="text/plain",
        charset="utf-8",
        headers={
            "Content-Disposition": f'{kind}; filename="{run.id}.log"',
            "Content-Security-Policy": "default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def _event(html: str, run: RunRecord) -> str:
    return json.dumps({"html": html, "status": run.status, "word": word_of_run(run)})


async def _run(request: web.Request) -> RunRecord:
    _, run = await context_of(request).store.read(
        lambda records: named_run(records, request)
    )
    return run
