"""Which console shows the events of a plan command: by its flags, and by what reads its output."""

import sys
from collections.abc import Iterable, Mapping
from typing import Protocol, TextIO

from remote_backend import events
from remote_backend.cli.commands.plan_request import PlanRequest, Style
from remote_backend.cli.output.console import BatchConsole, QuietConsole, SinglePlanConsole
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.screen import Screen
from remote_backend.cli.output.terminal_mode import is_in_background
from remote_backend.config.environment import process_environ
from remote_backend.notices import Notice

__all__ = (
    "Console",
    "LiveView",
    "ProgramConsole",
    "console_of",
    "has_sections",
    "is_live",
    "keys_of",
    "shows_life",
)


class Console(Protocol):
    """What shows events."""

    def show(self, event: events.Event) -> None: ...


class LiveView(Protocol):
    """The part of `LiveConsole` that the output uses; terminals alone import the class."""

    @property
    def has_keys(self) -> bool: ...

    @property
    def unfinished(self) -> tuple[str, ...]: ...

    def ask(self, come_back: str) -> None: ...

    def cancel(self, names: Iterable[str]) -> None: ...

    def planned(self) -> Mapping[str, Mapping[str, str]]: ...

    def report(self, notice: Notice) -> None: ...

    def show(self, event: events.Event) -> None: ...

    def tick(self) -> None: ...


class ProgramConsole(Console, Protocol):
    """The part of `JsonConsole` that the output uses; only programs import it."""

    def interrupted(self, answer: str) -> None: ...

    async def report_progress(self) -> None: ...


def is_live(command: PlanRequest, screen: Screen) -> bool:
    """Return whether the batch is drawn in place, on a terminal that can do it."""
    if command.style is not Style.AUTO or not command.is_batch or screen.is_dumb:
        return False
    return screen.is_terminal and screen.err.isatty()


def keys_of(screen: Screen) -> TextIO | None:
    """Return the terminal whose keys can be read, or None."""
    environ = process_environ()
    if environ.get("CI") or environ.get("TF_INPUT", "").lower() in ("0", "false"):
        return None
    stdin = sys.stdin
    is_possible = stdin is not None and stdin.isatty() and not screen.is_dumb
    return stdin if is_possible and not is_in_background(stdin) else None


def has_sections(command: PlanRequest, screen: Screen) -> bool:
    """Return whether the log of a CI system gets a section for each workspace."""
    if command.style is not Style.AUTO or not command.is_batch:
        return False
    return bool(screen.folds) and not screen.is_terminal


def console_of(command: PlanRequest, screen: Screen, logs: LogSpool) -> Console:
    """Return what writes the events as lines; programs and the live view have others."""
    is_drift = command.is_drift
    if command.style is Style.QUIET:
        return QuietConsole(screen, is_drift)
    if not command.is_batch:
        return SinglePlanConsole(screen, is_drift)
    if has_sections(command, screen):
        from remote_backend.cli.output.ci_sections import SectionsConsole

        return SectionsConsole(screen, is_drift, logs=logs)
    return BatchConsole(screen, is_drift)


def shows_life(command: PlanRequest, screen: Screen) -> bool:
    """Return whether a line now and then says that the batch goes on."""
    if not screen.is_terminal or screen.is_dumb:
        return True
    # Somebody at a terminal has chosen to read nothing else.
    return command.style not in (Style.QUIET, Style.JSON)
