"""Short addresses, which clients print, lead to those of HCP Terraform.

`terraform` and `tfci` print `/app/ORG/NAME/runs/RUN`; a word that is a page of the organization wins
over a workspace of that name.
"""

from urllib.parse import urlsplit

from aiohttp import web

from remote_backend.server.pages.addresses import organization_path, workspace_path

__all__ = ("routes",)

routes = web.RouteTableDef()


@routes.get("/app/{organization}")
async def go_to_workspaces(request: web.Request) -> web.Response:
    """Lead to the list of workspaces."""
    raise web.HTTPFound(organization_path(request, "workspaces"))


@routes.get("/app/{organization}/{workspace}")
@routes.get("/app/{organization}/{workspace}/{page}")
@routes.get("/app/{organization}/{workspace}/{page}/{item}")
@routes.get("/app/{organization}/{workspace}/{page}/{item}/{part}")
async def go_to_workspace(request: web.Request) -> web.Response:
    """Lead to the page of a workspace; the rest of the path and the query stay."""
    path = request.match_info
    parts = (path[name] for name in ("page", "item", "part") if name in path)
    address = workspace_path(request, path["workspace"], *parts)
    query = urlsplit(request.path_qs).query
    raise web.HTTPFound(f"{address}?{query}" if query else address)
