"""Paths of pages, as HCP Terraform has them."""

from urllib.parse import quote

from remote_backend.server.context import ServerContext

__all__ = ("batch_path", "organization_path", "run_path", "workspace_path")


def organization_path(context: ServerContext, *parts: str) -> str:
    """Return the path of a page of the organization."""
    # A name of an earlier version may hold half of a surrogate pair, which no path can.
    names = (context.organization, *parts)
    return "/app/" + "/".join(quote(name, safe="", errors="replace") for name in names)


def workspace_path(context: ServerContext, workspace: str, *parts: str) -> str:
    """Return the path of a page of a workspace."""
    return organization_path(context, "workspaces", workspace, *parts)


def run_path(context: ServerContext, workspace: str, run_id: str, *parts: str) -> str:
    """Return the path of a page of a run."""
    return workspace_path(context, workspace, "runs", run_id, *parts)


def batch_path(context: ServerContext, batch_id: str, *parts: str) -> str:
    """Return the path of a page of a batch."""
    return organization_path(context, "batches", batch_id, *parts)
