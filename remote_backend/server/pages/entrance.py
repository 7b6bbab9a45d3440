"""The way in and out, and files that pages use."""

from aiohttp import web

from remote_backend.server.context import context_of
from remote_backend.server.pages.layout import read_asset
from remote_backend.server.pages.sessions import begin_session, end_session
from remote_backend.server.pages.signed_in import (
    first,
    login_page,
    read_form,
    require_same_site,
)

__all__ = ("routes",)

routes = web.RouteTableDef()


@routes.get("/app/-/{name}")
async def read_file(request: web.Request) -> web.Response:
    """Return a file that pages use."""
    return read_asset(request.match_info["name"])


@routes.post("/app/-/login")
async def log_in(request: web.Request) -> web.StreamResponse:
    """Take a token and go on to the requested page."""
    require_same_site(request)
    form = await read_form(request)
    token, following = first(form, "token"), first(form, "next")
    # Only pages of this server are gone on to, and only by what a header may hold.
    if not following.startswith("/app") or "\\" in following or not following.isprintable():
        following = "/app"
    limit, address = context_of(request).login_limit, request.remote or ""
    if limit.is_exceeded(address):
        return login_page(request, following, "Too many tries. Wait a minute.", status=429)
    response = web.Response(status=303, headers={"Location": following})
    if token.strip() and await begin_session(request, response, token):
        return response
    limit.count_failure(address)
    return login_page(request, following, "That token is not valid.", status=401)


@routes.post("/app/-/logout")
async def log_out(request: web.Request) -> web.Response:
    """End the session."""
    require_same_site(request)
    response = web.Response(status=303, headers={"Location": "/app"})
    end_session(response)
    return response
