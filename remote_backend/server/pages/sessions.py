"""Sessions of people: a token once, then a signed cookie, and forms that belong to it."""

import hashlib
import hmac
import time

from aiohttp import web

from remote_backend.server.auth import digest_of
from remote_backend.server.context import context_of
from remote_backend.server.ids import now_text
from remote_backend.server.records import UserRecord

__all__ = (
    "begin_session",
    "end_session",
    "form_token",
    "is_form_token",
    "user_of_session",
)

_COOKIE = "session"
_SECONDS = 12 * 3600


async def begin_session(request: web.Request, response: web.Response, token: str) -> bool:
    """Give a browser a cookie for a token; return whether the token is valid."""
    digest = digest_of(token.strip())
    user = await context_of(request).store.read(
        lambda records: records.find_named(UserRecord, digest)
    )
    if user is None:
        return False
    until = str(int(time.time()) + _SECONDS)
    response.set_cookie(
        _COOKIE,
        f"{user.id}.{until}.{_signature(request, user, until)}",
        max_age=_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=request.secure,
        path="/app",
    )
    return True


def end_session(response: web.Response) -> None:
    """Take the cookie back."""
    response.del_cookie(_COOKIE, path="/app")


async def user_of_session(request: web.Request) -> UserRecord | None:
    """Return the user of a session, or None where there is no valid one."""
    cookie = request.cookies.get(_COOKIE, "")
    id, _, rest = cookie.partition(".")
    until, _, signature = rest.partition(".")
    if not cookie.isascii() or not until.isdigit() or int(until) < time.time():
        return None
    user = await context_of(request).store.read(
        lambda records: records.find(UserRecord, id)
    )
    if user is None:
        return None
    expected = _signature(request, user, until)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        return None
    context_of(request).last_uses[user.id] = now_text()
    return user


def form_token(request: web.Request) -> str:
    """Return what each form of a session must send, so that no other site can send one."""
    text = f"form\n{request.cookies.get(_COOKIE, '')}".encode(errors="replace")
    return hmac.new(context_of(request).signer.secret, text, hashlib.sha256).hexdigest()


def is_form_token(request: web.Request, token: str) -> bool:
    """Say whether a form was made for the session of a request."""
    return hmac.compare_digest(form_token(request).encode(), token.encode(errors="replace"))


def _signature(request: web.Request, user: UserRecord, until: str) -> str:
    # The digest of the token is a part of it: another token ends the session.
    text = "\n".join(("session", user.id, until, user.token_digest)).encode()
    return hmac.new(context_of(request).signer.secret, text, hashlib.sha256).hexdigest()
