"""Opening the backend of a configuration for a command."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from remote_backend.api.client import Client
from remote_backend.backend import Backend
from remote_backend.cli.output.screen import process_screen
from remote_backend.models.planned_place import PlannedPlace
from remote_backend.opening import open_backend, open_configurations
from remote_backend.planning.recorded_batch import RecordedBatch

__all__ = ("OpenedBatch", "opened_backend", "opened_recorded")


@asynccontextmanager
async def opened_backend(directory: Path) -> AsyncIterator[Backend]:
    """Open the backend of a directory; warnings and long waits are reported as they come."""
    screen = process_screen()
    async with open_backend(directory, report=screen.report) as backend:
        for warning in backend.connection.warnings:
            screen.note(f"Warning: {warning}")
        yield backend


@frozen
class OpenedBatch:
    """The configurations of an earlier batch."""

    place: PlannedPlace
    client_of: Callable[[str], Client]
    """Returns what talks to the server of a workspace."""


@asynccontextmanager
async def opened_recorded(recorded: RecordedBatch) -> AsyncIterator[OpenedBatch]:
    """Open the one configuration of a batch, or all of them."""
    if not recorded.configurations:
        async with opened_backend(recorded.directory) as backend:
            client = backend.connection.client
            yield OpenedBatch(backend.place, lambda workspace: client)
        return
    directories = [one.directory for one in recorded.configurations]
    async with open_configurations(
        directories, base=recorded.directory, report=process_screen().report
    ) as configurations:
        clients = {
            workspace: configurations.backend(one.name).connection.client
            for one in recorded.configurations
            for workspace in one.workspaces
        }
        yield OpenedBatch(configurations.place, clients.__getitem__)
