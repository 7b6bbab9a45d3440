"""Logs of a batch that wait in files, one a workspace, until somebody wants them whole."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

__all__ = ("LogFolder",)


class LogFolder(ExitStack):
    """A folder with the logs of workspaces; it goes away at the end of the block."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: dict[str, Path] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="remote-backend-logs-")
        self.callback(self._folder.cleanup)

    def add(self, workspace: str, data: bytes) -> None:
        """Append to the log of a workspace; no file stays open."""
        new = Path(self._folder.name, str(len(self.paths)))
        with self.paths.setdefault(workspace, new).open("ab") as file:
            file.write(data)
