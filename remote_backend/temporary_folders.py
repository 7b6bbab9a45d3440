"""Temporary folders of a process; the next process removes those of killed ones.

A killed process cannot remove its folders, and a process id does not identify it: containers
can share a temporary directory and have ids of their own. So each folder holds a file that its
process keeps locked, and the system drops the lock when the process ends. The lock is taken
before the file gets its name, so a file of that name without a lock is stale. Windows has no
such locks; there no folder is marked, and none is removed.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ("remove_stale_folders", "temporary_folder")

_PREFIX = "remote-backend-"
_MARK = ".in-use"


@contextmanager
def temporary_folder(kind: str = "") -> Iterator[Path]:
    """Create a folder that only this user can read, and remove it at the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}"))
    lock = _mark(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def remove_stale_folders() -> None:
    """Remove the folders of this user's processes that were killed."""
    if not hasattr(os, "getuid"):
        return
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX):
                with suppress(OSError):
                    _remove_if_stale(entry)


def _mark(folder: Path) -> int | None:
    new = folder / f"{_MARK}.new"
    lock: int | None = None
    try:
        lock = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        if not _try_lock(lock):
            raise OSError("the system has no file locks")
        new.rename(folder / _MARK)
    except OSError:
        if lock is not None:
            os.close(lock)
        return None
    return lock


def _remove_if_stale(entry: os.DirEntry[str]) -> None:
    is_mine = entry.stat(follow_symlinks=False).st_uid == os.getuid()
    if not (is_mine and entry.is_dir(follow_symlinks=False)):
        return
    lock = os.open(Path(entry.path, _MARK), os.O_RDWR | os.O_NOFOLLOW)
    try:
        if _try_lock(lock):
            shutil.rmtree(entry.path, ignore_errors=True)
    finally:
        os.close(lock)


def _try_lock(file: int) -> bool:
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
