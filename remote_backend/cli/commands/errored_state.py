"""`errored.tfstate`: a state that may not have been stored, kept in the directory of the configuration."""

import os
from pathlib import Path

from remote_backend.atomic_files import PRIVATE_MODE, write_atomically

__all__ = ("errored_states", "keep_errored_state", "warnings_about_errored_states")

_NAME = "errored.tfstate"


def keep_errored_state(directory: Path, state: bytes) -> Path:
    """Write a state to a file of its own, whole or not at all; return its path.

    Raises `OSError`. A file of an earlier failure stays as it is.
    """
    number = 0
    while True:
        path = directory / (_NAME if not number else f"{_NAME}.{number}")
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE))
        except FileExistsError:
            number += 1
            continue
        try:
            write_atomically(path, state)
        except BaseException:
            path.unlink()
            raise
        return path


def errored_states(directory: Path) -> list[str]:
    """Return the names of such files in a directory."""
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    return sorted(name for name in names if name == _NAME or _is_later(name))


def warnings_about_errored_states(directory: Path) -> list[str]:
    """Return a warning for each such file, because the server may lack what is in it."""
    return [
        f"{name} holds a state that may not have been stored, so resources in it may be "
        f"unknown to the server; `remote-backend state push {name}` stores it, or says that it is "
        "there already; delete the file then"
        for name in errored_states(directory)
    ]


def _is_later(name: str) -> bool:
    return name.startswith(f"{_NAME}.") and name.rpartition(".")[2].isdigit()
