"""Faults on purpose, as they reach a client."""

import re
from collections.abc import Awaitable, Callable

import anyio
from aiohttp import web
from aiohttp.typedefs import Middleware

from remote_backend.server.auth import digest_of
from remote_backend.server.context import respond
from remote_backend.server.documents.documents import dump_too_many
from remote_backend.server.fault_rules import FaultRule, Faults

__all__ = ("fault_middleware",)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_RUN_LIST = re.compile(r"/api/v2/(organizations|workspaces)/[^/]+/runs\Z")


def fault_middleware(faults: Faults) -> Middleware:
    """Return the middleware that lets faults happen."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        await anyio.sleep(faults.settings.latency_seconds)
        refused = _too_many_requests(faults, request)
        if refused is not None:
            return refused
        rule = faults.matching_rule(request.method, request.path)
        if rule is not None and rule.kind == "hold_before":
            await faults.hold()
            rule = None
        response = await _inject(rule, request, handler)
        if rule is not None and rule.kind == "hold_after":
            await faults.hold()
        limit = faults.settings.requests_per_second
        if limit is not None and not response.prepared:
            response.headers["X-RateLimit-Limit"] = str(limit)
        return response

    return middleware


def _too_many_requests(faults: Faults, request: web.Request) -> web.Response | None:
    if not request.path.startswith("/api/v2/"):
        return None
    token_digest = digest_of(request.headers.get("Authorization", ""))
    is_run_list = request.method == "GET" and _RUN_LIST.match(request.path) is not None
    seconds = faults.seconds_to_wait(token_digest, is_run_list=is_run_list)
    if seconds is None:
        return None
    response = respond(dump_too_many(), 429)
    response.headers["X-RateLimit-Reset"] = f"{seconds:.3f}"
    response.headers["X-RateLimit-Limit"] = str(faults.settings.requests_per_second or 0)
    return response


async def _inject(
    rule: FaultRule | None, request: web.Request, handler: Handler
) -> web.StreamResponse:
    if rule is None:
        return await handler(request)
    if rule.kind in ("status", "html", "reset_before"):
        # What was sent is read, so that the fault is the only thing that went wrong.
        await request.read()
    response: web.StreamResponse | None = None
    if rule.kind in ("status_after", "reset_after", "cut", "hold_after"):
        response = await handler(request)
    if rule.kind in ("reset_before", "reset_after"):
        return _abort_connection(request)
    if rule.kind == "hold_after" and response is not None:
        return response
    if rule.kind == "cut":
        assert response is not None
        return await _send_half(request, response)
    if rule.kind == "html":
        page = "<html><body>502 Bad Gateway</body></html>"
        return web.Response(status=rule.status, text=page, content_type="text/html")
    return web.Response(status=rule.status, headers=dict(rule.headers))


def _abort_connection(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _send_half(
    request: web.Request, response: web.StreamResponse
) -> web.StreamResponse:
    body = response.body if isinstance(response, web.Response) else None
    if not isinstance(body, bytes) or not body:
        return response
    half = web.StreamResponse(
        status=response.status, headers={"Content-Length": str(len(body))}
    )
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    _abort_connection(request)
    return half
