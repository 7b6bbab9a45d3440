"""The locations of states: local files and workspaces on a server."""

from pathlib import Path
from typing import Protocol

from attrs import define, field

from remote_backend.api.client import Client
from remote_backend.errors import StateConflict, StateError
from remote_backend.models.workspace import Workspace, WorkspaceMapping
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.local_file import locked_file
from remote_backend.state.locks import LockOptions, locked
from remote_backend.state.storage import read_state, store_state
from remote_backend.workspaces import create_workspace, full_name_of

__all__ = ("LocalLocation", "StateLocation", "RemoteLocation", "local_locations")

_FILE = "terraform.tfstate"


class StateLocation(Protocol):
    """A location that holds one state or none."""

    def __str__(self) -> str:
        """Return its name in messages."""

    async def read(self) -> StateFile | None:
        """Return its state, or None."""

    async def write(self, state: StateFile, expected: StateFile | None) -> None:
        """Replace the expected state; raises `StateConflict` when it has another one."""

    async def clear(self) -> None:
        """Remove the state after a copy was confirmed elsewhere; servers keep it all the same."""


@define
class LocalLocation:
    """A state file of the local backend."""

    path: Path
    shown: str

    def __str__(self) -> str:
        return self.shown

    async def read(self) -> StateFile | None:
        """Return the state in the file, or None when it is missing or empty."""
        try:
            data = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StateError(f"{self.shown} cannot be read: {error.strerror}") from None
        return self._parsed(data)

    async def write(self, state: StateFile, expected: StateFile | None) -> None:
        """Write the file, whole or not at all, and keep its earlier content in a backup."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with locked_file(self.path, self.shown) as file:
                if _text(self._parsed(file.read())) != _text(expected):
                    raise StateConflict(f"{self.shown} has changed meanwhile")
                file.back_up()
                file.replace(state.data)
        except OSError as error:
            raise StateError(f"{self.shown} cannot be written: {error.strerror}") from None

    async def clear(self) -> None:
        """Empty the file as Terraform does, and keep its content in a backup."""
        try:
            if self.path.exists() and self.path.stat().st_size:
                with locked_file(self.path, self.shown) as file:
                    file.back_up()
                    file.replace(b"")
        except OSError as error:
            raise StateError(f"{self.shown} cannot be emptied: {error.strerror}") from None

    def _parsed(self, data: bytes) -> StateFile | None:
        try:
            return parse_state(data) if data else None
        except StateError as error:
            raise StateError(f"{self.shown} cannot be read: {error}") from None


@define
class RemoteLocation:
    """A workspace on a server, which is created with its first state."""

    client: Client
    mode: WorkspaceMapping
    short: str
    lock: LockOptions = field(factory=LockOptions)
    workspace: Workspace | None = None
    terraform_version: str | None = None
    """The version of Terraform in a new workspace; None for the server's default."""

    def __str__(self) -> str:
        return f"workspace {self.full_name} of {self.client.organization}"

    @property
    def full_name(self) -> str:
        """The remote name of the workspace."""
        if self.workspace is not None:
            return self.workspace.name
        return full_name_of(self.mode, self.short)

    async def read(self) -> StateFile | None:
        """Return the state of the workspace; one that does not exist has none."""
        self.workspace = self.workspace or await self.client.find_workspace(self.full_name)
        return await read_state(self.client, self.workspace) if self.workspace else None

    async def write(self, state: StateFile, expected: StateFile | None) -> None:
        """Store the state under the lock and read it back."""
        if self.workspace is None:
            local_workspace = await create_workspace(
                self.client, self.mode, self.short, self.terraform_version
            )
            self.workspace = local_workspace.remote
        workspace = self.workspace
        async with locked(self.client, workspace, self.lock) as lock:
            current = await read_state(self.client, workspace)
            if _text(current) != _text(expected):
                raise StateConflict(f"the state of {self} has changed meanwhile")
            force = current is not None
            await store_state(
                self.client, workspace, state, lock, options=self.lock, force=force
            )
            stored = await read_state(self.client, workspace)
            if _text(stored) != state.text:
                raise StateConflict(
                    f"{self} has another state than the one that was just stored there"
                )

    async def clear(self) -> None:
        """Do nothing: states stay on the server."""


def local_locations(directory: Path) -> dict[str, LocalLocation]:
    """Return the state files of the local backend by the names of their workspaces."""
    locations = {"default": LocalLocation(directory / _FILE, _FILE)}
    try:
        entries = sorted((directory / f"{_FILE}.d").iterdir())
    except (FileNotFoundError, NotADirectoryError):
        entries = []
    for entry in entries:
        if (entry / _FILE).is_file():
            locations[entry.name] = LocalLocation(
                entry / _FILE, f"{_FILE}.d/{entry.name}/{_FILE}"
            )
    return locations


def _text(state: StateFile | None) -> str | None:
    return state.text if state is not None else None
