"""Opening the backend of a configuration for a command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from remote_backend.backend import Backend
from remote_backend.cli.output.screen import process_screen
from remote_backend.opening import open_backend

__all__ = ("opened_backend",)


@asynccontextmanager
async def opened_backend(directory: Path) -> AsyncIterator[Backend]:
    """Open the backend of a directory; warnings and long waits are reported as they come."""
    screen = process_screen()
    async with open_backend(directory, report=screen.report) as backend:
        for warning in backend.connection.warnings:
            screen.note(f"Warning: {warning}")
        yield backend
