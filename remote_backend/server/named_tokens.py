"""Named tokens: each is a user of its own, so that runs, locks and states say who made them.

They are kept in the records of a data directory, and a running server reads them there with each
request; so they can be
made and revoked while it runs, by anyone who may write to the directory. The user
of a revoked token stays, because runs and states go on naming it.
"""

import re
from pathlib import Path

from attrs import evolve

from remote_backend.errors import SettingsError
from remote_backend.server.auth import digest_of, make_token
from remote_backend.server.data_directory import RECORDS
from remote_backend.server.ids import make_id, now_text
from remote_backend.server.records import OWNER, UserRecord
from remote_backend.server.store import Records, open_store

__all__ = (
    "active_users",
    "add_token",
    "create_token",
    "end_token",
    "list_tokens",
    "revoke_token",
)

_NAME = re.compile(r"[\w-]{1,40}\Z", re.ASCII)


async def create_token(data: Path, name: str) -> str:
    """Make a token and return it; only its digest is kept.

    Raises `SettingsError` for a name that is in use or not 1 to 40 letters, digits, - and _,
    and for a folder that is not the data directory of a server.
    """
    async with open_store(_records_in(data)) as store:
        return await store.write(lambda records: add_token(records, name))


def add_token(records: Records, name: str) -> str:
    """Store a new token and return it; raises `SettingsError` as `create_token` does."""
    if not _NAME.match(name):
        raise SettingsError(
            f"{name!r} cannot name a token; 1 to 40 letters, digits, - and _ are possible"
        )
    if _find_active(records, name) is not None:
        raise SettingsError(f"there is a token {name} already; revoke it first")
    token = make_token()
    records.put(
        UserRecord(
            id=make_id("user"),
            name=name,
            token_digest=digest_of(token),
            created_at=now_text(),
        )
    )
    return token


async def list_tokens(data: Path) -> list[UserRecord]:
    """Return the users of all tokens that are valid, the server's own first."""
    async with open_store(_records_in(data)) as store:
        return await store.read(active_users)


def active_users(records: Records) -> list[UserRecord]:
    """Return the users of all tokens that are valid, the server's own first."""
    return [user for user in records.all(UserRecord) if not user.revoked_at]


async def revoke_token(data: Path, name: str) -> None:
    """End a token and its sessions at once.

    Raises `SettingsError` for a name that no token has, and for that of the server's own token.
    """
    async with open_store(_records_in(data)) as store:
        await store.write(lambda records: end_token(records, name))


def end_token(records: Records, name: str) -> None:
    """Revoke a token; raises `SettingsError` as `revoke_token` does."""
    if name == OWNER:
        raise SettingsError(
            f"{OWNER} is the server's own token; start the server with another one to end it"
        )
    user = _find_active(records, name)
    if user is None:
        raise SettingsError(f"there is no token {name}")
    # No token has this digest, and each user needs another one.
    digest = f"revoked {user.id}"
    records.put(evolve(user, token_digest=digest, revoked_at=now_text()))


def _find_active(records: Records, name: str) -> UserRecord | None:
    for user in active_users(records):
        if user.name == name:
            return user
    return None


def _records_in(data: Path) -> Path:
    path = data / RECORDS
    if not path.is_file():
        raise SettingsError(
            f"{data} is not the data directory of a server; start the server once, or name "
            "another directory"
        )
    return path
