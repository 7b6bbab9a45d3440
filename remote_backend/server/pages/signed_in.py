"""Who gets a page: people with a session; and forms only from pages of that session."""

from collections.abc import Awaitable, Callable
from functools import wraps

from aiohttp import web

from remote_backend.reports.html_text import html_text
from remote_backend.server.context import USER
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.sessions import is_form_token, user_of_session

__all__ = (
    "Form",
    "first",
    "for_forms",
    "for_people",
    "login_page",
    "read_form",
    "require_same_site",
)

Form = dict[str, list[str]]
PageHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FormHandler = Callable[[web.Request, Form], Awaitable[web.StreamResponse]]


def for_people(handler: PageHandler) -> PageHandler:
    """Return a handler that shows the login page to those without a session."""

    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        user = await user_of_session(request)
        if user is None:
            return login_page(request, request.path_qs)
        request[USER] = user
        return await handler(request)

    return guarded


def for_forms(handler: FormHandler) -> PageHandler:
    """Return a handler for a form that a page of the same session sent."""

    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        user = await user_of_session(request)
        require_same_site(request)
        form = await read_form(request)
        if user is None or not is_form_token(request, first(form, "form_token")):
            raise web.HTTPForbidden
        request[USER] = user
        return await handler(request, form)

    return guarded


def require_same_site(request: web.Request) -> None:
    """Refuse a form of another site; browsers name it on HTTPS and on this machine.

    https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise web.HTTPForbidden


async def read_form(request: web.Request) -> Form:
    """Return the texts of a form; what is not Unicode is replaced."""
    try:
        fields = await request.post()
    except (ValueError, LookupError):
        raise web.HTTPBadRequest from None
    form: Form = {}
    for name, value in fields.items():
        text = value if isinstance(value, str) else ""
        # Browsers end the lines of texts as HTTP does.
        plain = text.encode(errors="replace").decode().replace("\r\n", "\n")
        form.setdefault(name, []).append(plain)
    return form


def first(form: Form, name: str) -> str:
    """Return the first text of a name in a form; empty where there is none."""
    return form.get(name, [""])[0]


def login_page(
    request: web.Request, following: str, problem: str = "", *, status: int = 200
) -> web.Response:
    """Return the form that takes a token and goes on to another page."""
    alert = f'<p class="red" role="alert">{html_text(problem)}</p>\n' if problem else ""
    body = (
        "<p>Plans of Terraform workspaces: a server for the remote backend.</p>\n"
        f'{alert}<form class="login" method="post" action="/app/-/login">\n'
        f'<input type="hidden" name="next" value="{html_text(following)}">\n'
        '<label>Token <input name="token" type="password" required autofocus '
        'autocomplete="current-password"></label>\n<button>Log in</button>\n</form>\n'
        '<p class="quiet">The token of this server is in the file <code>token</code> of its '
        "data directory, which it prints when it starts. A named token opens the pages "
        'too. <a href="/app/settings/tokens">More about tokens</a></p>\n'
    )
    return respond_with_page(
        request,
        Page(title="Log in", heading="remote-backend", body=body, status=status),
    )
