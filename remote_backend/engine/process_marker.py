"""Files that show whether a program of an earlier server still runs, and which one it is.

A program inherits the open file, and a lock belongs to the open file: the system keeps the lock
as long as the program or one of its children lives, also if the server that started it was
killed. So a locked file means that its process group is there, and the number in it cannot belong
to another program meanwhile. This works on all POSIX systems, with and without /proc.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

__all__ = ("kill_marked_group", "process_marker", "write_process_id")

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:
    # Windows has no process groups either.
    fcntl = None


@contextmanager
def process_marker(path: Path | None) -> Iterator[int | None]:
    """Yield a locked file for a program to inherit; None where there cannot be one."""
    if path is None or fcntl is None:
        yield None
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        yield descriptor if _lock(descriptor) else None
    finally:
        os.close(descriptor)


def write_process_id(descriptor: int, process_id: int) -> None:
    """Write the leader of the group that has inherited the file."""
    os.pwrite(descriptor, str(process_id).encode(), 0)


def kill_marked_group(path: Path) -> int | None:
    """Kill the process group of a file if it is still there; return its number."""
    try:
        with path.open("rb") as file:
            if fcntl is None or _lock(file.fileno()):
                return None
            group = int(file.read())
        os.killpg(group, signal.SIGKILL)
    except (OSError, ValueError):
        # It has ended meanwhile, or the server was killed before it wrote the number.
        return None
    return group


def _lock(descriptor: int) -> bool:
    assert fcntl is not None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Some network file systems have no such locks.
        return False
    return True
