"""Logs of a batch that wait in files, one a workspace, until somebody wants them whole."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from remote_backend.temporary_folders import temporary_folder

__all__ = ("LogSpool",)

_BLOCK_BYTES = 1 << 16


class LogSpool(ExitStack):
    """A folder with the logs of workspaces; it goes away at the end of the block.

    A disk that is full or read-only costs the rest of a log, never the batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self._problems: dict[str, str] = {}
        self._paths: dict[str, Path] = {}
        self._folder: Path | None = None
        self._created = 0

    def add(self, workspace: str, data: bytes) -> None:
        """Append to the log of a workspace; no file stays open."""
        if workspace in self._problems:
            return
        try:
            with self._path(workspace).open("ab") as file:
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

    def remove(self, workspace: str) -> None:
        """Delete the log of a workspace that will not be read again."""
        self._problems.pop(workspace, None)
        if path := self._paths.pop(workspace, None):
            path.unlink(missing_ok=True)

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The workspaces that have a log here, or should have one."""
        return tuple(dict.fromkeys((*self._paths, *self._problems)))

    def _path(self, workspace: str) -> Path:
        if workspace not in self._paths:
            # Logs that ended are removed, so the number of those that are left would come twice.
            self._paths[workspace] = self._existing_folder() / str(self._created)
            self._created += 1
        return self._paths[workspace]

    def _existing_folder(self) -> Path:
        if self._folder is None:
            self._folder = self.enter_context(temporary_folder("logs-"))
        return self._folder
