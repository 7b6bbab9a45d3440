"""The command `batches log`: logs of a batch, while it runs or from what was kept of them."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import click
from attrs import define, field

from remote_backend.cli.commands.batch_journals import (
    find_batch,
    folder,
    matching_names,
    warn,
)
from remote_backend.cli.output.kept_logs import file_name_of, folder_of
from remote_backend.cli.output.log_lines import LogRenderer
from remote_backend.cli.output.plan_failures import error_lines
from remote_backend.cli.output.screen import Screen, screen_of, with_reset
from remote_backend.cli.output.view.log_objects import PlannedInLogs
from remote_backend.cli.terraform_flags import TerraformCommand, flag, value
from remote_backend.config.environment import process_environ
from remote_backend.errors import SelectionError
from remote_backend.events import LogChunkRead
from remote_backend.formats.ansi import one_line
from remote_backend.models.outcome import Outcome, Result
from remote_backend.planning.recorded_batch import RecordedBatch

__all__ = ("batch_log", "planned_in_kept_logs")

_BLOCK_BYTES = 1 << 16
_FOLLOW_SECONDS = 0.2


@click.command(
    "log", cls=TerraformCommand, short_help="Show the logs of workspaces of a batch."
)
@value("batch", "The batch; the newest if it is not given.", metavar="ID")
@flag("failed", "Show those that failed, from their first error on.")
@flag("follow", "Wait for what comes, until the plans have ended.")
@flag("raw", "Write the bytes as the server sent them.")
@flag("no-color", "Write no colors.")
@click.argument("names", nargs=-1, metavar="[NAME|GLOB]...")
def batch_log(names: tuple[str, ...], **flags: Any) -> int:
    """Show the logs of some workspaces, one as it is and several behind their names.

    It works while another command runs the batch, and after it from what was kept on this machine.
    """
    recorded = find_batch(flags["batch"])
    screen = screen_of(
        sys.stdout, sys.stderr, process_environ(), no_color=flags["no_color"]
    )
    logs = _chosen_logs(recorded, names, failed=flags["failed"])
    if flags["raw"]:
        for log in logs:
            _write_raw(log.path)
    elif flags["follow"]:
        anyio.run(_follow, recorded, logs, screen)
    else:
        lines = _lines(logs, screen, from_error=flags["failed"])
        if screen.is_terminal:
            # less keeps colors then, and leaves a short log on the screen.
            os.environ.setdefault("LESS", "FRX")
            click.echo_via_pager(lines)
        else:
            screen.out.writelines(lines)
            screen.out.flush()
    return 0


def planned_in_kept_logs(recorded: RecordedBatch) -> dict[str, dict[str, str]]:
    """Return the actions by address that the kept log of each workspace shows."""
    planned = PlannedInLogs()
    logs = folder_of(folder(), recorded.id)
    for outcome in recorded.ended:
        path = logs / file_name_of(outcome.workspace)
        if outcome.result is not Result.CHANGES or not path.exists():
            continue
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                planned.take(LogChunkRead(outcome.workspace, block))
    return planned.actions


@define
class _Log:
    """The log of one workspace, and how its lines are written."""

    name: str
    path: Path
    prefix: str = ""

    def renderer(self, screen: Screen) -> LogRenderer:
        """Return what makes its bytes into lines that are fit to be written."""
        return LogRenderer(lambda text: screen.clean(f"{self.prefix}{text}"))


def _chosen_logs(
    recorded: RecordedBatch, names: Sequence[str], *, failed: bool
) -> list[_Log]:
    chosen = matching_names(recorded, names or ("*",))
    if failed:
        chosen = tuple(
            name
            for name in chosen
            if (outcome := recorded.outcomes.get(name)) and outcome.result is Result.FAILED
        )
    elif not names and len(chosen) > 1:
        raise SelectionError(
            f"name workspaces of the batch, which has {len(chosen)}, or add -failed"
        )
    logs = folder_of(folder(), recorded.id)
    width = max(map(len, map(one_line, chosen)), default=0)
    prefixed = len(chosen) > 1
    found, missing = [], []
    for name in chosen:
        path = logs / file_name_of(name)
        if path.exists() or name in recorded.unfinished:
            prefix = f"{one_line(name).ljust(width)} | " if prefixed else ""
            found.append(_Log(name, path, prefix))
        else:
            missing.append(_why_missing(recorded.outcomes[name]))
    if missing and not found:
        raise SelectionError("; ".join(missing))
    for reason in missing:
        warn(one_line(reason))
    return found


def _why_missing(outcome: Outcome) -> str:
    if outcome.run_id is None:
        return f"{outcome.workspace} has no log, because no run was made: {outcome.reason}"
    where = f"; its run is {outcome.run_url}" if outcome.run_url else ""
    return (
        f"the log of {outcome.workspace} was not kept, or is gone after the days that logs "
        f"are kept{where}"
    )


def _write_raw(path: Path) -> None:
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()


def _lines(logs: Sequence[_Log], screen: Screen, *, from_error: bool) -> Iterator[str]:
    for log in logs:
        if not log.path.exists():
            continue
        with log.path.open("rb") as file:
            texts = _rendered(file, log.renderer(screen))
            if from_error:
                texts = error_lines(texts)
            for text in texts:
                yield f"{with_reset(text)}\n"


def _rendered(file: BinaryIO, renderer: LogRenderer) -> Iterator[str]:
    while block := file.read(_BLOCK_BYTES):
        for text in renderer.feed(block):
            yield text.removesuffix("\n")
    for text in renderer.finish():
        yield text.removesuffix("\n")


async def _follow(recorded: RecordedBatch, logs: Sequence[_Log], screen: Screen) -> None:
    """Write what is appended to the logs until the journal has an outcome for each."""
    with ExitStack() as files:
        followed = [_Followed(log, log.renderer(screen), files) for log in logs]
        write = _writer(screen)
        while True:
            # Outcomes first: what was written before one is read below.
            ended = find_batch(recorded.id).outcomes
            for each in followed:
                each.read(write, is_over=each.log.name in ended)
            followed = [each for each in followed if each.log.name not in ended]
            if not followed:
                return
            await anyio.sleep(_FOLLOW_SECONDS)


def _writer(screen: Screen) -> Callable[[str], None]:
    def write(text: str) -> None:
        screen.out.write(f"{with_reset(text.removesuffix(chr(10)))}\n")
        screen.out.flush()

    return write


@define(eq=False)
class _Followed:
    """A log that is still written, and how far it was read."""

    log: _Log
    _renderer: LogRenderer
    _files: ExitStack
    _file: BinaryIO | None = field(default=None)

    def read(self, write: Callable[[str], None], *, is_over: bool) -> None:
        """Write what there is more of it than before."""
        if self._file is None and self.log.path.exists():
            self._file = self._files.enter_context(self.log.path.open("rb"))
        while self._file is not None and (block := self._file.read(_BLOCK_BYTES)):
            for text in self._renderer.feed(block):
                write(text)
        if is_over:
            for text in self._renderer.finish():
                write(text)
