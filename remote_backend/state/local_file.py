"""A local state file under the lock of Terraform.

Terraform locks the state file itself (`fcntl` on POSIX) and describes the holder in a file next
to it (internal/states/statemgr/filesystem.go, version 1.11). This has two consequences. The
system drops such a lock as soon as the process closes *any* descriptor of the file, so all
reads and writes use the locked descriptor. And a Terraform that waits for the lock has opened
the file already, so the file is changed in place: after a replacement, Terraform would continue
with the old content.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from attrs import frozen

from remote_backend._version import __version__
from remote_backend.atomic_files import PRIVATE_MODE, write_atomically
from remote_backend.errors import StateLocked
from remote_backend.state.locks import person

__all__ = ("LockedFile", "locked_file")

_PIECE_BYTES = 1 << 20


@frozen
class LockedFile:
    """A state file whose lock is held."""

    path: Path
    _descriptor: int

    def read(self) -> bytes:
        """Return the content."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        parts = []
        while part := os.read(self._descriptor, _PIECE_BYTES):
            parts.append(part)
        return b"".join(parts)

    def back_up(self) -> None:
        """Copy the content to a backup file that does not replace other content."""
        data = self.read()
        if data:
            backup = self.path.with_name(f"{self.path.name}.backup")
            write_atomically(_free(backup, data), data)

    def replace(self, data: bytes) -> None:
        """Write another content; raises `OSError`, after which the file has the earlier one."""
        earlier = self.read()
        try:
            self._put(data)
        except OSError:
            with suppress(OSError):
                self._put(earlier)
            raise

    def _put(self, data: bytes) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        unwritten = memoryview(data)
        while unwritten:
            unwritten = unwritten[os.write(self._descriptor, unwritten[:_PIECE_BYTES]) :]
        os.ftruncate(self._descriptor, len(data))
        os.fsync(self._descriptor)


@contextmanager
def locked_file(path: Path, name: str) -> Iterator[LockedFile]:
    """Hold the lock of a state file, which is created when it is missing.

    Raises `StateLocked` when another program holds the lock, and `OSError`.
    """
    info = path.with_name(f".{path.name}.lock.info")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, PRIVATE_MODE)
    try:
        try:
            _locker()(descriptor)
        except OSError:
            raise StateLocked(
                f"{name} is locked by {_holder(info)}", advice="wait until it ends"
            ) from None
        write_atomically(info, _describe(path))
        try:
            yield LockedFile(path, descriptor)
        finally:
            with suppress(OSError):
                info.unlink()
    finally:
        os.close(descriptor)


def _locker() -> Callable[[int], None]:
    try:
        import fcntl  # missing on Windows
    except ImportError:
        return lambda descriptor: None
    return lambda descriptor: fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _describe(path: Path) -> bytes:
    """Return the description of the holder in the form of Terraform, which prints it."""
    return json.dumps(
        {
            "ID": str(uuid4()),
            "Operation": "migration of states",
            "Info": "",
            "Who": person(),
            "Version": f"remote-backend {__version__}",
            "Created": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "Path": str(path),
        }
    ).encode()


def _holder(info: Path) -> str:
    try:
        lock_info = json.loads(info.read_bytes())
        who, operation = lock_info.get("Who"), lock_info.get("Operation")
    except (OSError, ValueError, AttributeError, RecursionError):
        return "another program"
    if not isinstance(who, str) or not who:
        return "another program"
    return f"{who} ({operation})" if isinstance(operation, str) and operation else who


def _free(path: Path, data: bytes) -> Path:
    """Return a path for a backup that does not replace other content."""
    number = 0
    while True:
        candidate = path if not number else path.with_name(f"{path.name}.{number}")
        if not candidate.exists() or candidate.read_bytes() in (b"", data):
            return candidate
        number += 1
