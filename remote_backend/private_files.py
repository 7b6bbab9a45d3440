"""Files that belong to one person: written whole or not at all, and for nobody else to read."""

import os
from pathlib import Path

__all__ = ("PRIVATE_MODE", "replace_file")

PRIVATE_MODE = 0o600


def replace_file(path: Path, data: bytes, *, mode: int = PRIVATE_MODE) -> None:
    """Give a file its content, on the disk before it takes the place of an earlier one.

    Raises `OSError`; the earlier file is then as it was.
    """
    beside = path.with_name(f"{path.name}.new")
    # One that a killed process has left may have another mode.
    beside.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(beside, flags, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
