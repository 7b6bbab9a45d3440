"""Files that belong to one person: written whole or not at all, and for nobody else to read."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

__all__ = ("PRIVATE_MODE", "write_atomically")

PRIVATE_MODE = 0o600
_LONGEST_NAME = 200


def write_atomically(path: Path, data: bytes, *, mode: int = PRIVATE_MODE) -> None:
    """Give a file its content, on the disk before it takes the place of an earlier one.

    A symbolic link stays, and the file that it leads to is replaced. Raises `OSError`; the
    earlier file is then as it was.
    """
    target = Path(os.path.realpath(path))
    # Two processes that write the same file must not share the new one.
    name = f"{target.name[:_LONGEST_NAME]}.{secrets.token_hex(4)}.new"
    beside = target.with_name(name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(beside, flags, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    _sync_directory(target.parent)


def _sync_directory(directory: Path) -> None:
    """Put the new name on the disk, where the system can do that for a directory."""
    # Windows opens no directories, and some network file systems refuse to sync them.
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
