"""Who may ask: tokens of users, and addresses that carry their own permission."""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from attrs import field, frozen

from remote_backend.atomic_files import write_atomically

__all__ = (
    "SHORT_LIFE_SECONDS",
    "Signer",
    "digest_of",
    "write_private",
    "write_secret",
    "make_token",
    "read_or_create_secret",
)

_LIFE_SECONDS = 25 * 3600
SHORT_LIFE_SECONDS = 300


def make_token() -> str:
    """Return a new token that nobody can guess."""
    return f"{secrets.token_urlsafe(12)}.local.{secrets.token_urlsafe(40)}"


def digest_of(token: str) -> str:
    """Return what is kept of a token; the token cannot be found from it."""
    # aiohttp reads bytes of headers that are not UTF-8 as surrogates.
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


@frozen
class Signer:
    """Makes and checks the paths of signed addresses."""

    secret: bytes = field(repr=False)
    clock: Callable[[], float] = time.time

    def path(self, kind: str, id: str, life_seconds: int = _LIFE_SECONDS) -> str:
        """Return a path that opens one thing for a day; the query stays free for its user."""
        until = str(int(self.clock()) + life_seconds)
        return f"/signed/{kind}/{id}/{until}/{self._signature(kind, id, until)}"

    def is_valid(self, kind: str, id: str, until: str, signature: str) -> bool:
        """Say whether a path was made here and is still valid."""
        expected = self._signature(kind, id, until)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            return False
        return int(until) >= self.clock()

    def _signature(self, kind: str, id: str, until: str) -> str:
        text = "\n".join((kind, id, until)).encode()
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()


def read_or_create_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in a file that only its owner can read; make it the first time."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        text = make()
        write_secret(path, text)
        return text


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read, for the time of a run.

    It need not survive a crash, so nothing waits for the disk as with other secrets.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    write_atomically(path, text.encode())
