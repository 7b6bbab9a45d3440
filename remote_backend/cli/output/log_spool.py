"""Logs of a batch in files, one a workspace, until somebody wants them whole."""

import math
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from remote_backend.cli.output.kept_logs import file_name_of
from remote_backend.temporary_folders import temporary_folder

__all__ = ("LogSpool",)

_BLOCK_BYTES = 1 << 16


class LogSpool(ExitStack):
    """A folder with the logs of workspaces.

    With a folder of its own the logs stay there, at most `most_bytes` of them; without one they
    go away at the end of the block. A disk that is full or read-only costs the rest of a log,
    never the batch.
    """

    def __init__(self, folder: Path | None = None, most_bytes: float = math.inf) -> None:
        super().__init__()
        self._kept_folder = folder
        self._room = most_bytes
        self._problems: dict[str, str] = {}
        self._paths: dict[str, Path] = {}
        self._folder: Path | None = None

    def add(self, workspace: str, data: bytes) -> None:
        """Append to the log of a workspace; no file stays open."""
        if workspace in self._problems:
            return
        self._room -= len(data)
        if self._room < 0:
            self._problems[workspace] = "the limit for kept logs is reached"
            return
        try:
            with open(self._path(workspace), "ab", opener=_open_private) as file:
                file.write(data)
        except OSError as error:
            self._problems[workspace] = error.strerror or str(error)

    def read(self, workspace: str) -> Iterator[bytes]:
        """Give the log of a workspace, as far as it was kept, in blocks of some size."""
        if path := self._paths.get(workspace):
            try:
                with path.open("rb") as file:
                    while block := file.read(_BLOCK_BYTES):
                        yield block
            except OSError as error:
                self._problems[workspace] = error.strerror or str(error)

    def size_of(self, workspace: str) -> int:
        """Return how many bytes of the log of a workspace were kept."""
        path = self._paths.get(workspace)
        try:
            return path.stat().st_size if path is not None else 0
        except OSError:
            return 0

    def tail(self, workspace: str, most_bytes: int) -> tuple[bytes, bool]:
        """Return the end of the log of a workspace, and whether anything stands before it."""
        if path := self._paths.get(workspace):
            try:
                with path.open("rb") as file:
                    size = file.seek(0, os.SEEK_END)
                    file.seek(max(0, size - most_bytes))
                    return file.read(), size > most_bytes
            except OSError as error:
                self._problems[workspace] = error.strerror or str(error)
        return b"", False

    def warning(self, workspace: str) -> str | None:
        """Return why the log of a workspace was not kept to its end, or None when it was."""
        problem = self._problems.get(workspace)
        if problem is None:
            return None
        return f"Warning: the rest of this log could not be kept: {problem}"

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The workspaces that have a log here, or should have one."""
        return tuple(dict.fromkeys((*self._paths, *self._problems)))

    def _path(self, workspace: str) -> Path:
        if workspace not in self._paths:
            path = self._existing_folder() / file_name_of(workspace)
            # A batch that is resumed reads the logs of its runs from their beginning.
            path.unlink(missing_ok=True)
            self._paths[workspace] = path
        return self._paths[workspace]

    def _existing_folder(self) -> Path:
        if self._folder is None:
            if self._kept_folder is not None:
                self._kept_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._folder = self._kept_folder
            else:
                self._folder = self.enter_context(temporary_folder("logs-"))
        return self._folder


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
