"""Paths of pages, as HCP Terraform has them."""

from urllib.parse import quote

from aiohttp import web

from remote_backend.errors import NotFound
from remote_backend.server.context import context_of, organization_of
from remote_backend.server.organization_records import OrganizationRecord

__all__ = (
    "batch_path",
    "organization_path",
    "run_path",
    "shown_organization",
    "workspace_path",
)


def shown_organization(request: web.Request) -> OrganizationRecord:
    """Return the organization of a page; one about an unknown organization leads back home."""
    try:
        return organization_of(request)
    except NotFound:
        return context_of(request).organizations.home


def organization_path(request: web.Request, *parts: str) -> str:
    """Return the path of a page of the organization of a request."""
    # A name of an earlier version may hold half of a surrogate pair, which no path can.
    names = (shown_organization(request).name, *parts)
    return "/app/" + "/".join(quote(name, safe="", errors="replace") for name in names)


def workspace_path(request: web.Request, workspace: str, *parts: str) -> str:
    """Return the path of a page of a workspace."""
    return organization_path(request, "workspaces", workspace, *parts)


def run_path(request: web.Request, workspace: str, run_id: str, *parts: str) -> str:
    """Return the path of a page of a run."""
    return workspace_path(request, workspace, "runs", run_id, *parts)


def batch_path(request: web.Request, batch_id: str, *parts: str) -> str:
    """Return the path of a page of a batch."""
    return organization_path(request, "batches", batch_id, *parts)
