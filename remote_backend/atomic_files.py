"""Files of the user, written whole or not at all; private unless a mode says otherwise."""

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

__all__ = ("PRIVATE_MODE", "require_writable", "write_atomically")

PRIVATE_MODE = 0o600
_LONGEST_NAME = 200


def require_writable(path: Path) -> None:
    """Raise `OSError` where a file could not be written now; nothing is left behind."""
    target = _regular_target(path)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    new_file = _new_name(target)
    os.close(os.open(new_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE))
    new_file.unlink()


def write_atomically(path: Path, data: bytes, *, mode: int = PRIVATE_MODE) -> None:
    """Write a new file and sync it to the disk before it replaces an earlier one.

    A symbolic link stays, and its target is replaced. The new file has exactly the mode that is
    given, whatever the umask. Raises `OSError`; the earlier file is then unchanged.
    """
    target = _regular_target(path)
    new_file = _new_name(target)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(new_file, flags, PRIVATE_MODE), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode != PRIVATE_MODE:
            new_file.chmod(mode)
        os.replace(new_file, target)
    except BaseException:
        with suppress(OSError):
            new_file.unlink()
        raise
    _sync_directory(target.parent)


def _regular_target(path: Path) -> Path:
    target = Path(os.path.realpath(path))
    if target.exists() and not (target.is_file() or target.is_dir()):
        # The root user of a container could replace /dev/null, for all programs in it.
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return target


def _new_name(target: Path) -> Path:
    # It is random because two processes that write the same file must not share it.
    name = f"{target.name[:_LONGEST_NAME]}.{secrets.token_hex(4)}.new"
    return target.with_name(name)


def _sync_directory(directory: Path) -> None:
    """Sync the new name to the disk, where the system can sync a directory."""
    # Windows cannot open directories, and some network file systems refuse to sync them.
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
