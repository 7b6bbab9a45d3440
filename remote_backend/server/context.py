"""What every route of a server needs, and how answers are made."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web
from attrs import field, frozen

from remote_backend.errors import ApiError, Conflict, NotFound, Rejected
from remote_backend.server.auth import SHORT_LIFE_SECONDS, Signer
from remote_backend.server.documents.documents import JSON_API, dump_errors
from remote_backend.server.documents.request_documents import (
    RequestDocument,
    invalid,
    parse_request_document,
    rejected,
)
from remote_backend.server.fault_rules import Faults
from remote_backend.server.files import Files
from remote_backend.server.login_limit import LoginLimit
from remote_backend.server.metrics import Metrics
from remote_backend.server.organization_records import (
    AgentPoolRecord,
    OrganizationRecord,
    ProjectRecord,
    VariableSetRecord,
)
from remote_backend.server.organizations import Organizations
from remote_backend.server.records import UserRecord, WorkspaceRecord
from remote_backend.server.run_queue import RunQueue
from remote_backend.server.run_tokens import RunTokens
from remote_backend.server.store import Records, Store

__all__ = (
    "ORGANIZATION_ID_OF_RUN",
    "SERVER_CONTEXT",
    "USER",
    "ServerContext",
    "respond",
    "conflict",
    "respond_with_errors",
    "read_request_document",
    "read_request_items",
    "forbidden",
    "not_found",
    "origin_of",
    "context_of",
    "signed_address",
    "organization_of",
    "require_unused_name",
    "require_visible",
    "stored_organization",
    "workspace_of",
)


@frozen(kw_only=True)
class ServerContext:
    """The parts of a running server."""

    store: Store
    files: Files
    run_queue: RunQueue
    signer: Signer
    organizations: Organizations
    faults: Faults
    engine_versions: tuple[str, ...] = ()
    """The versions that runs can request, the usual one first; empty for simulated plans,
    which accept every version."""

    login_limit: LoginLimit = field(factory=LoginLimit)
    metrics: Metrics = field(factory=Metrics)
    run_tokens: RunTokens = field(factory=RunTokens)
    last_uses: dict[str, str] = field(factory=dict)
    """When the token of each user was used last, since the start."""

    open_metrics: bool = False
    """Whether metrics can be read without a token."""


SERVER_CONTEXT: web.AppKey[ServerContext] = web.AppKey("server_context", ServerContext)
USER: web.RequestKey[UserRecord] = web.RequestKey("user", UserRecord)
ORGANIZATION_ID_OF_RUN: web.RequestKey[str] = web.RequestKey("organization_id_of_run", str)
"""Set in place of the user where the token is that of a run, which only reads, and only in its
organization."""


def context_of(request: web.Request) -> ServerContext:
    """Return the parts of the server that got a request."""
    return request.app[SERVER_CONTEXT]


def respond(body: bytes = b"", status: int = 200) -> web.Response:
    """Return an answer with a document, or without a body."""
    if not body:
        return web.Response(status=status)
    return web.Response(body=body, status=status, content_type=JSON_API)


def respond_with_errors(
    status: int, title: str, details: Iterable[str] = ()
) -> web.Response:
    """Return a response with errors."""
    return respond(dump_errors(status, title, details), status)


def signed_address(request: web.Request, kind: str, id: str) -> str:
    """Return the address, on the host of the request, which opens one thing by itself.

    The engine of a run gets those of states alone, for a few minutes; raises `ApiError`.
    """
    origin = origin_of(request)
    signer = context_of(request).signer
    if ORGANIZATION_ID_OF_RUN not in request:
        return f"{origin}{signer.path(kind, id)}"
    if kind != "state":
        raise forbidden()
    return f"{origin}{signer.path(kind, id, SHORT_LIFE_SECONDS)}"


def origin_of(request: web.Request) -> str:
    """Return scheme and host as the client of a request wrote them; raises `Rejected`."""
    try:
        return str(request.url.origin())
    except ValueError:
        raise Rejected(400, "", "", ("the Host header is not valid",)) from None


def forbidden() -> ApiError:
    """Return the error of a request that the token of a run does not allow."""
    return ApiError(403, "", "", ("the token of a run reads states and workspaces only",))


def not_found(what: str) -> ApiError:
    """Return the error of something that is not there."""
    return NotFound(404, "", "", (f"{what} does not exist",))


def conflict(problem: str) -> ApiError:
    """Return the error of something that is in another state than is needed."""
    return Conflict(409, "", "", (problem,))


async def read_request_document(request: web.Request) -> RequestDocument:
    """Return what a client sent."""
    return parse_request_document(await request.read())


async def read_request_items(request: web.Request) -> tuple[RequestDocument, ...]:
    """Return the resources of a list that a client sent; raises `Rejected` without any."""
    items = (await read_request_document(request)).items
    if not items:
        raise invalid("data", "a list of resources")
    return items


def organization_of(request: web.Request) -> OrganizationRecord:
    """Return the organization that a path names, or the one of the settings of the server.

    Raises `NotFound` for one that does not exist, or that the token of a run does not see.
    """
    organizations = context_of(request).organizations
    name = request.match_info.get("organization")
    organization = organizations.home if name is None else organizations.named(name)
    require_visible(request, organization.id, f"organization {organization.name}")
    return organization


def stored_organization(records: Records, request: web.Request) -> OrganizationRecord:
    """Return the organization that a path names, for records that will belong to it.

    Raises `NotFound` when it is being deleted.
    """
    organization = organization_of(request)
    stored = records.find(OrganizationRecord, organization.id)
    if stored is None:
        raise not_found(f"organization {organization.name}")
    return stored


def require_visible(request: web.Request, organization_id: str, what: str) -> None:
    """Raise `NotFound` where the token of a run would see a thing of another organization."""
    if request.get(ORGANIZATION_ID_OF_RUN, organization_id) != organization_id:
        raise not_found(what)


def require_unused_name(
    records: Records,
    record: AgentPoolRecord | ProjectRecord | VariableSetRecord | WorkspaceRecord,
) -> None:
    """Raise `Rejected` where the organization has another record of this kind and name."""
    kind: type[Any] = type(record)
    if records.find_named(kind, record.name, record.organization_id) is not None:
        raise rejected("Name has already been taken")


def workspace_of(records: Records, request: web.Request) -> WorkspaceRecord:
    """Return the workspace that a path names, by id or by organization and name."""
    id = request.match_info.get("workspace_id")
    name = request.match_info.get("workspace_name", "")
    if id is not None:
        workspace = records.find(WorkspaceRecord, id)
    else:
        workspace = records.find_named(WorkspaceRecord, name, organization_of(request).id)
    if workspace is None:
        raise not_found(f"workspace {id or name}")
    require_visible(request, workspace.organization_id, f"workspace {id or name}")
    return workspace
