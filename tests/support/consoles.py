"""Consoles with the logs that a command would keep for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from remote_backend import events
from remote_backend.cli.output.ci_sections import SectionsConsole
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.screen import Screen

__all__ = ("sections", "show_events")


@contextmanager
def sections(screen: Screen, **settings: Any) -> Iterator[SectionsConsole]:
    """Return a console that writes sections."""
    with LogSpool() as logs:
        yield SectionsConsole(screen, logs=logs, **settings)


def show_events(console: Any, *shown: events.Event) -> None:
    """Show events in a console, and put logs where it reads them."""
    for event in shown:
        if isinstance(event, events.LogChunkRead) and hasattr(console, "logs"):
            console.logs.add(event.workspace, event.data)
        console.show(event)
