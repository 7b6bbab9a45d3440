"""Users, as a server answers and receives them."""

import re

from attrs import evolve

from remote_backend.server.documents.documents import Resource, resource_of
from remote_backend.server.documents.request_documents import RequestDocument, invalid
from remote_backend.server.records import UserRecord

__all__ = ("dump_account", "dump_user", "user_from_request")

_AVATAR = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"
_USERNAME = re.compile(r"[\w-]{1,40}\Z")
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}\Z")


def dump_user(user: UserRecord) -> Resource:
    """Return a user as everyone sees it."""
    return resource_of(
        "users",
        user.id,
        {
            "username": user.shown_name,
            "is-service-account": False,
            "avatar-url": _AVATAR,
            "v2-only": False,
            "permissions": {
                "can-create-organizations": False,
                "can-change-email": True,
                "can-change-username": True,
                "can-manage-user-tokens": False,
            },
        },
        links={"self": f"/api/v2/users/{user.id}"},
    )


def dump_account(user: UserRecord) -> Resource:
    """Return a user as that user sees it, which is with an e-mail address."""
    account = dump_user(user)
    account["attributes"] |= {
        "email": user.email or f"{user.name}@localhost",
        "unconfirmed-email": None,
        "two-factor": {"enabled": False, "verified": False},
    }
    return account


def user_from_request(user: UserRecord, document: RequestDocument) -> UserRecord:
    """Return a user with what a client sent; raises `Rejected` for a wrong member."""
    username, email = document.text("username"), document.text("email")
    if username is not None and not _USERNAME.match(username):
        raise invalid("username", "1 to 40 letters, digits, - and _")
    if email is not None and not _EMAIL.match(email):
        raise invalid("email", "an e-mail address")
    return evolve(user, username=username or user.username, email=email or user.email)
