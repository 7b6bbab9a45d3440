"""Lists of things that this server does not have; on the service they may be empty too.

Clients read them on their way to what they want, and a 404 would end them there.
"""

from aiohttp import web

from remote_backend.server.context import context_of, not_found, workspace_of
from remote_backend.server.dumping import as_they_are
from remote_backend.server.lists import respond_with_list
from remote_backend.server.query_parameters import accepts_anything
from remote_backend.server.records import RunRecord
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_ORGANIZATION = "/api/v2/organizations/{organization}"
_WORKSPACE = "/api/v2/workspaces/{workspace_id}"
_RUN = "/api/v2/runs/{run_id}"


@routes.get(_RUN + "/task-stages")
@routes.get(_RUN + "/tf-policy-evaluations")
@accepts_anything
async def list_nothing_of_run(request: web.Request) -> web.Response:
    """Return an empty list: there are no run tasks and no policies of this kind."""
    id = request.match_info["run_id"]
    run = await context_of(request).store.read(lambda records: records.find(RunRecord, id))
    if run is None:
        raise not_found(f"run {id}")
    return await respond_with_list(request, _nothing, as_they_are)


@routes.get(_WORKSPACE + "/assessment-results")
@routes.get(_WORKSPACE + "/notification-configurations")
@routes.get(_WORKSPACE + "/tasks")
@accepts_anything
async def list_nothing_of_workspace(request: web.Request) -> web.Response:
    """Return an empty list: nothing is connected to a workspace."""
    await context_of(request).store.read(lambda records: workspace_of(records, request))
    return await respond_with_list(request, _nothing, as_they_are)


@routes.get("/api/v2/team-workspaces")
@routes.get(_ORGANIZATION + "/oauth-clients")
@routes.get(_ORGANIZATION + "/organization-memberships")
@routes.get(_ORGANIZATION + "/policies")
@routes.get(_ORGANIZATION + "/policy-sets")
@routes.get(_ORGANIZATION + "/registry-modules")
@routes.get(_ORGANIZATION + "/registry-providers")
@routes.get(_ORGANIZATION + "/reserved-tag-keys")
@routes.get(_ORGANIZATION + "/tasks")
@routes.get(_ORGANIZATION + "/teams")
@accepts_anything
async def list_nothing(request: web.Request) -> web.Response:
    """Return an empty list: there are no teams, agents, repositories and registries."""
    return await respond_with_list(request, _nothing, as_they_are)


def _nothing(records: Records) -> list[dict[str, object]]:
    return []
