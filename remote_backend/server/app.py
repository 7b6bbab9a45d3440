"""The web application: its routes, who may use them, and how errors look."""

import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator

from aiohttp import web

from remote_backend.errors import ApiError
from remote_backend.server.auth import digest_of
from remote_backend.server.connection_log import CLIENT_FAULTS
from remote_backend.server.context import (
    ORGANIZATION_ID_OF_RUN,
    SERVER_CONTEXT,
    USER,
    ServerContext,
    context_of,
    forbidden,
    not_found,
    organization_of,
    respond_with_errors,
)
from remote_backend.server.fault_injection import fault_middleware
from remote_backend.server.ids import now_text
from remote_backend.server.pages import views
from remote_backend.server.pages.errors import broken_page, error_page
from remote_backend.server.pages.outcomes import OUTCOMES, KeptOutcomes
from remote_backend.server.query_parameters import check_query
from remote_backend.server.records import UserRecord
from remote_backend.server.routes import (
    account,
    agent_pools,
    configurations,
    empty_lists,
    explorer,
    health,
    organizations,
    plans,
    policies,
    projects,
    remote_state_consumers,
    run_events,
    run_triggers,
    runs,
    ssh_keys,
    state,
    state_outputs,
    tags,
    variable_sets,
    variables,
    workspace_locks,
    workspaces,
)
from remote_backend.server.run_tokens import may_request
from remote_backend.server.silent_connections import SilentConnections
from remote_backend.slug.unpack import FULL_DISK
from remote_backend.structured_logging import Log

__all__ = ("make_app",)

log = Log()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SignedHandler = Callable[[web.Request, str], Awaitable[web.StreamResponse]]

_LARGEST_BODY_BYTES = 256 << 20
_OPEN_PATHS = ("/api/v2/ping", "/api/v2/")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NOUNS = (
    account,
    organizations,
    projects,
    workspaces,
    workspace_locks,
    remote_state_consumers,
    tags,
    variable_sets,
    variables,
    configurations,
    runs,
    run_events,
    run_triggers,
    ssh_keys,
    agent_pools,
    plans,
    policies,
    state,
    state_outputs,
    empty_lists,
    explorer,
    health,
    views,
)
_SIGNED: dict[tuple[str, str], SignedHandler] = {
    ("PUT", "configuration"): configurations.receive_archive,
    ("GET", "archive"): configurations.read_archive,
    ("GET", "log"): plans.read_log,
    ("GET", "json-plan"): plans.read_json_plan,
    ("GET", "state"): state.read_state,
    ("PUT", "new-state"): state.receive_state,
    ("PUT", "new-json-state"): state.receive_json_state,
}
_SIGNED_KINDS = frozenset(kind for _, kind in _SIGNED)


def make_app(
    context: ServerContext, silent_connections: SilentConnections
) -> web.Application:
    """Return the application of a server."""
    app = web.Application(
        middlewares=[
            silent_connections.middleware,
            _count_requests,
            fault_middleware(context.faults),
            _add_version_headers,
            _convert_errors,
            _authenticate,
            _require_organization,
            _require_known_query,
        ],
        client_max_size=_LARGEST_BODY_BYTES,
    )
    app[SERVER_CONTEXT] = context
    app[OUTCOMES] = KeptOutcomes(context.files)
    for noun in _NOUNS:
        app.add_routes(noun.routes)
    for noun in _NOUNS:
        app.add_routes(_with_final_slash(noun.routes))
    app.router.add_route("*", "/signed/{kind}/{id}/{until}/{signature}", _serve_signed)
    return app


def _with_final_slash(routes: Iterable[web.AbstractRouteDef]) -> Iterator[web.RouteDef]:
    """Return the same routes for paths that end with a slash, as terrasnek 0.1.14 sends them."""
    for route in routes:
        if isinstance(route, web.RouteDef) and not route.path.endswith("/"):
            yield web.RouteDef(route.method, f"{route.path}/", route.handler, route.kwargs)


async def _serve_signed(request: web.Request) -> web.StreamResponse:
    path = request.match_info
    method = "GET" if request.method == "HEAD" else request.method
    handler = _SIGNED.get((method, path["kind"]))
    signed = context_of(request).signer.is_valid(
        path["kind"], path["id"], path["until"], path["signature"]
    )
    if handler is None or not signed:
        raise not_found("this address")
    return await handler(request, path["id"])


@web.middleware
async def _count_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    start = time.monotonic()
    status = 499  # A client that left; nginx counts it by the same number.
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        seconds, route = time.monotonic() - start, _route(request)
        context_of(request).metrics.count_request(_method(request), route, status, seconds)
        log.debug(
            "request.answered",
            method=request.method,
            route=route,
            status=status,
            seconds=round(seconds, 4),
        )


def _method(request: web.Request) -> str:
    # Clients can send any word, and each would be a time series.
    return request.method if request.method in _METHODS else "other"


@web.middleware
async def _add_version_headers(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    response = await handler(request)
    if not response.prepared:
        response.headers["TFP-API-Version"] = "2.6"
        response.headers["TFP-AppName"] = "remote-backend"
    return response


@web.middleware
async def _convert_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPRedirection:
        raise
    except ApiError as error:
        if request.path.startswith("/app"):
            return await error_page(request, error.status, error.problems)
        return respond_with_errors(error.status, _title(error.status), error.problems)
    except web.HTTPException as error:
        if request.path.startswith("/app"):
            return await error_page(request, error.status, title=error.reason)
        return respond_with_errors(error.status, error.reason.lower())
    except CLIENT_FAULTS as error:
        # For instance a body that is not compressed as its headers say.
        log.info("request.unreadable", route=_route(request), problem=str(error))
        return respond_with_errors(400, "the body cannot be read")
    except ConnectionError:
        # The client left in the middle of its request; nobody reads this answer.
        log.info("request.left", method=request.method, route=_route(request))
        return respond_with_errors(400, "the request broke off")
    except Exception as error:
        log.exception("request.broke", method=request.method, route=_route(request))
        if request.path.startswith("/app"):
            return broken_page(request)
        if _is_full_disk(error):
            return respond_with_errors(507, "the disk of the server is full")
        return respond_with_errors(500, "internal server error")


@web.middleware
async def _authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not _needs_token(request):
        return await handler(request)
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    user = None
    if kind.lower() == "bearer" and token:
        digest = digest_of(token.strip())
        organization_id = context_of(request).run_tokens.organization_id_of(digest)
        if organization_id is not None:
            return await _handle_for_run(request, handler, organization_id)
        user = await context_of(request).store.read(
            lambda records: records.find_named(UserRecord, digest)
        )
    if user is None:
        return respond_with_errors(401, "unauthorized")
    request[USER] = user
    context_of(request).last_uses[user.id] = now_text()
    return await handler(request)


async def _handle_for_run(
    request: web.Request, handler: Handler, organization_id: str
) -> web.StreamResponse:
    if not may_request(request.method, _route(request)):
        raise forbidden()
    request[ORGANIZATION_ID_OF_RUN] = organization_id
    return await handler(request)


def _needs_token(request: web.Request) -> bool:
    if request.path.rstrip("/") == "/metrics":
        return not context_of(request).open_metrics
    return request.path.startswith("/api/v2/") and request.path not in _OPEN_PATHS


@web.middleware
async def _require_organization(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    if "organization" in request.match_info:
        organization_of(request)
    return await handler(request)


@web.middleware
async def _require_known_query(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    if request.method == "GET" and request.path.startswith("/api/v2/"):
        check_query(request)
    return await handler(request)


def _is_full_disk(error: Exception) -> bool:
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in FULL_DISK


def _title(status: int) -> str:
    titles = {
        400: "bad request",
        403: "forbidden",
        404: "not found",
        409: "conflict",
        413: "too large",
    }
    return titles.get(status, "invalid attribute")


def _route(request: web.Request) -> str:
    # The template of the route, because a real path may be a signed one.
    kind = request.match_info.get("kind")
    if "signature" in request.match_info:
        return f"signed {kind}" if kind in _SIGNED_KINDS else "signed"
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"
