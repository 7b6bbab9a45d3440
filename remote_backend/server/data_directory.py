"""The data directory of a server: private, and used by one server at a time.

It holds states and variables of others, so all that the server keeps in it is for the user of
the server alone, whatever the modes were before.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from remote_backend.errors import FolderInUse, SettingsError
from remote_backend.server.files import FOLDERS

__all__ = ("CLI_CONFIG", "LOCK", "PROVIDERS", "RECORDS", "SECRET", "TOKEN", "used_alone")

RECORDS, LOCK = "records.sqlite", "in-use.sqlite"
TOKEN, SECRET, CLI_CONFIG = "token", "signing-secret", "terraform.rc"
PROVIDERS = "providers"


_CERTIFICATES = (
    *("authority.pem", "certificate.pem", "certificate.key"),
    "engine-authorities.pem",
)
_OWN = frozenset({TOKEN, SECRET, CLI_CONFIG, *_CERTIFICATES, *FOLDERS, "lost+found"})


@contextmanager
def used_alone(folder: Path) -> Iterator[None]:
    """Make a data directory where there is none, make it private, and keep it to this server.

    Raises `SettingsError` for a folder that cannot be had, or that another server uses.
    """
    try:
        _make_private(folder)
    except OSError as error:
        path = error.filename or folder
        raise SettingsError(f"{path} cannot be made private: {error.strerror}") from None
    # A database lock goes away with its process, however that ends, on every system.
    lock = sqlite3.connect(folder / LOCK, timeout=0, isolation_level=None)
    try:
        try:
            lock.execute("begin exclusive")
        except sqlite3.OperationalError:
            raise FolderInUse(str(folder)) from None
        yield
    finally:
        lock.close()


def _make_private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Others may keep files in the same folder, such as a home directory: its mode is theirs.
    if all(_is_own(path.name) for path in folder.iterdir()):
        with suppress(PermissionError):
            folder.chmod(0o700)
    for name in (RECORDS, LOCK, TOKEN, SECRET, CLI_CONFIG):
        path = folder / name
        if name in (RECORDS, LOCK):
            # SQLite gives its other files the mode of this one.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        if path.exists():
            path.chmod(0o600)
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True, mode=0o700)
        (folder / name).chmod(0o700)


def _is_own(name: str) -> bool:
    # SQLite keeps files in the same directory whose names begin with that of the database.
    return name in _OWN or name.startswith((RECORDS, LOCK))
