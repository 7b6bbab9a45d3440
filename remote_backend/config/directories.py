"""The directories of several configurations, from names and patterns."""

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from remote_backend.config.backend_block import read_block
from remote_backend.errors import (
    NoBackendBlock,
    NoConfigurationFiles,
    RemoteBackendError,
    SelectionError,
)

__all__ = ("find_directories",)


def find_directories(base: Path, arguments: Iterable[str]) -> dict[str, Path]:
    """Return directories by their names, relative to the top of the repository around `base`.

    A pattern (of `glob`) stands for the directories that hold a backend or cloud block, and those
    where that cannot be known because files are not valid. A directory without a pattern counts
    in any case. Raises `SelectionError` for a pattern that matches none.
    """
    top = _top(base)
    found: dict[str, Path] = {}
    for argument in arguments:
        for path in _expanded(base, argument):
            found.setdefault(_name(path, top), path)
    return found


def _expanded(base: Path, argument: str) -> list[Path]:
    if (base / argument).is_dir() or not glob.has_magic(argument):
        return [base / argument]
    matching = sorted(glob.glob(argument, root_dir=base, recursive=True))
    paths = [base / name for name in matching if (base / name).is_dir()]
    holding = [path for path in paths if _may_hold_block(path)]
    if not holding:
        raise SelectionError(
            f"{argument} matches no directory with a backend or cloud block below "
            f"{os.path.abspath(base)}"
        )
    return holding


def _may_hold_block(directory: Path) -> bool:
    try:
        read_block(directory)
    except (NoBackendBlock, NoConfigurationFiles):
        return False
    except RemoteBackendError:
        return True
    return True


def _top(directory: Path) -> Path:
    """Return the top of the repository around a directory, or the directory without one."""
    real = Path(os.path.realpath(directory))
    for path in (real, *real.parents):
        # In worktrees and submodules it is a file.
        if (path / ".git").exists():
            return path
    return real


def _name(path: Path, top: Path) -> str:
    real = Path(os.path.realpath(path))
    return real.relative_to(top).as_posix() if real.is_relative_to(top) else real.as_posix()
