"""The page about tokens: where the server's own lies, and named ones, made and revoked here."""

from aiohttp import web
from attrs import frozen

from remote_backend.errors import SettingsError
from remote_backend.reports.html_text import html_text
from remote_backend.server.context import USER, ServerContext, context_of
from remote_backend.server.documents.request_documents import rejected
from remote_backend.server.named_tokens import active_users, add_token, end_token
from remote_backend.server.pages.layout import Page, respond_with_page
from remote_backend.server.pages.markup import form, moment, section, table
from remote_backend.server.pages.sessions import form_token, user_of_session
from remote_backend.server.pages.signed_in import Form, first, for_forms
from remote_backend.server.records import OWNER, UserRecord
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()

_TOKENS = "/app/settings/tokens"
_HELP = (
    "<p>The token of this server is in the file <code>token</code> of the data directory, which "
    "the server prints when it starts. Each named token is a user of its own, so that runs, "
    "locks, states and cancellations say who did them.</p>\n"
)


@frozen(kw_only=True)
class _NewToken:
    name: str
    token: str


@routes.get(_TOKENS)
async def read_tokens(request: web.Request) -> web.Response:
    """Say where tokens are; `terraform login` sends people here before they have one."""
    user = await user_of_session(request)
    if user is None:
        body = f'{_HELP}<p><a href="/app">Log in</a> with one to make others.</p>\n'
        return respond_with_page(request, Page(title="Tokens", body=body))
    request[USER] = user
    return await _token_page(request)


@routes.post(_TOKENS)
@for_forms
async def create_token(request: web.Request, form: Form) -> web.Response:
    """Make a token and show it, this once."""
    name = first(form, "name").strip()

    def create(records: Records) -> _NewToken:
        try:
            return _NewToken(name=name, token=add_token(records, name))
        except SettingsError as error:
            raise rejected(str(error)) from None

    new_token = await context_of(request).store.write(create)
    return await _token_page(request, new_token)


@routes.post(_TOKENS + "/revoke")
@for_forms
async def revoke_token(request: web.Request, form: Form) -> web.Response:
    """End a token and its sessions."""

    def revoke(records: Records) -> None:
        try:
            end_token(records, first(form, "name"))
        except SettingsError as error:
            raise rejected(str(error)) from None

    await context_of(request).store.write(revoke)
    raise web.HTTPSeeOther(_TOKENS)


async def _token_page(
    request: web.Request, new_token: _NewToken | None = None
) -> web.Response:
    context = context_of(request)
    users = await context.store.read(active_users)
    token = form_token(request)
    rows = (_row(context, token, user) for user in users)
    listed = table(("Name", "Made", "Last use", "End"), rows)
    made = form(
        _TOKENS,
        token,
        '<label>Name <input name="name" required pattern="[A-Za-z0-9_\\-]{1,40}" '
        'maxlength="40" autocomplete="off"></label>\n<button>Make a token</button>\n'
        '<p class="quiet">1 to 40 letters, digits, - and _</p>\n',
    )
    body = (
        f"{_shown_once(request, new_token)}{_HELP}{section('Named tokens', listed)}"
        f"{section('New token', made)}"
    )
    return respond_with_page(request, Page(title="Tokens", body=body))


def _row(context: ServerContext, token: str, user: UserRecord) -> tuple[str, ...]:
    used_at = context.last_uses.get(user.id)
    revoke = form(
        f"{_TOKENS}/revoke",
        token,
        f'<input type="hidden" name="name" value="{html_text(user.name)}">\n'
        f'<details class="confirm"><summary>Revoke<span class="unseen"> '
        f"{html_text(user.name)}</span></summary><button>Revoke {html_text(user.name)}"
        "</button></details>\n",
    )
    return (
        html_text(user.shown_name),
        f"made {moment(user.created_at)}" if user.created_at else "made with the server",
        f"used {moment(used_at)}" if used_at else "not used since the server started",
        "" if user.name == OWNER else revoke,
    )


def _shown_once(request: web.Request, new_token: _NewToken | None) -> str:
    """Return a new token, with lines to copy for the CLI configuration and the environment."""
    if new_token is None:
        return ""
    hostname = request.host
    block = f'credentials "{hostname}" {{\n  token = "{new_token.token}"\n}}'
    parts = [_copyable("As a block of the CLI configuration", block)]
    if ":" not in hostname:
        # A port cannot be spelled in the name of a variable:
        # https://developer.hashicorp.com/terraform/cli/config/config-file#environment-variable-credentials
        variable = hostname.replace("-", "__").replace(".", "_")
        line = f"TF_TOKEN_{variable}={new_token.token}"
        parts.append(_copyable("As an environment variable", line))
    token = _copyable(f"Token of {new_token.name}", new_token.token)
    return (
        '<div class="new-token" role="status">\n<p><b>This token is shown only now.</b></p>\n'
        f"{token}{''.join(parts)}</div>\n"
    )


def _copyable(name: str, text: str) -> str:
    return (
        f'<p>{html_text(name)}</p>\n<pre tabindex="0" role="group" '
        f'aria-label="{html_text(name)}">{html_text(text)}</pre>\n'
    )
