"""Users, as a server answers."""

from typing import Any

from remote_backend.server.documents.documents import resource_of
from remote_backend.server.records import UserRecord

__all__ = ("dump_account", "dump_user")


def dump_user(user: UserRecord) -> dict[str, Any]:
    """Return a user as everyone sees it."""
    return resource_of(
        "users",
        user.id,
        {
            "username": user.name,
            "is-service-account": False,
            "avatar-url": None,
            "v2-only": False,
            "permissions": {
                "can-create-organizations": False,
                "can-change-email": False,
                "can-change-username": False,
                "can-manage-user-tokens": False,
            },
        },
        links={"self": f"/api/v2/users/{user.id}"},
    )


def dump_account(user: UserRecord) -> dict[str, Any]:
    """Return a user as that user sees it, which is with an e-mail address."""
    account = dump_user(user)
    account["attributes"] |= {
        "email": f"{user.name}@localhost",
        "unconfirmed-email": None,
        "two-factor": {"enabled": False, "verified": False},
    }
    return account
