"""How the server is: for load balancers, supervisors and Prometheus."""

import shutil

from aiohttp import web
from anyio import to_thread

from remote_backend.server.context import context_of
from remote_backend.server.organization_records import DEFAULT_PROJECT_ID, ProjectRecord
from remote_backend.structured_logging import Log

__all__ = ("routes",)

routes = web.RouteTableDef()
log = Log()


@routes.get("/healthz")
async def read_health(request: web.Request) -> web.Response:
    """Say that the process answers."""
    return web.Response(text="ok\n")


@routes.get("/readyz")
async def read_readiness(request: web.Request) -> web.Response:
    """Say whether requests can be served, which needs the records; 503 if not."""
    store = context_of(request).store
    try:
        await store.read(lambda records: records.find(ProjectRecord, DEFAULT_PROJECT_ID))
    except Exception:
        log.exception("records.unreadable")
        return web.Response(status=503, text="the records cannot be read\n")
    return web.Response(text="ready\n")


@routes.get("/metrics")
async def read_metrics(request: web.Request) -> web.Response:
    """Return counts since the start, and the state of the queue and the disk."""
    context = context_of(request)
    usage = await to_thread.run_sync(shutil.disk_usage, context.files.data)
    text = context.metrics.text(
        {
            "runs_waiting": len(context.run_queue.waiting),
            "runs_planning": context.run_queue.running,
            "disk_free_bytes": usage.free,
        }
    )
    return web.Response(
        body=text.encode(), headers={"Content-Type": "text/plain; version=0.0.4"}
    )
