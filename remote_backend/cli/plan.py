"""The command `plan`: one workspace, or many at once."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import click
from attrs import field, frozen

from remote_backend import events
from remote_backend.backend import Backend, open_backend
from remote_backend.batch.journal import JournalStory
from remote_backend.batch.orchestrate import Batch
from remote_backend.batch.sharing import UploadMode
from remote_backend.cli.arguments import TerraformCommand, flag, in_given_order, many, value
from remote_backend.cli.console import (
    BatchConsole,
    Screen,
    SinglePlanConsole,
    beat,
    screen_of,
)
from remote_backend.cli.interrupts import Interrupts
from remote_backend.config.datadir import user_data_directory
from remote_backend.config.settings import process_environ
from remote_backend.config.variables import VariableSource, run_variables
from remote_backend.errors import RunOptionsError
from remote_backend.models.outcome import exit_code_of
from remote_backend.models.run import PlanOptions
from remote_backend.task_groups import unwrapped

__all__ = ("PlanCommand", "journal_folder_of", "plan", "run_plan")

_STOPPING = "Stopping: the runs that are still going are canceled."


@frozen(kw_only=True)
class PlanCommand:
    """What the command line asks for."""

    directory: Path
    options: PlanOptions
    environ: Mapping[str, str] | None = field(default=None, repr=False)
    """In place of the variables of the process."""

    is_batch: bool = False
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    at_once: int = 1000
    upload: UploadMode = UploadMode.AUTO
    detailed_exit_code: bool = False
    journal_folder: Path | None = None
    resumed: JournalStory | None = None
    """The batch to go on with, in place of a new one."""


@click.command(
    "plan",
    cls=TerraformCommand,
    short_help="Show what would change, in one workspace or in many.",
)
@flag("all", "Plan all workspaces of the configuration.")
@many(
    "select",
    "Plan the workspaces whose short names match; can be repeated.",
    metavar="GLOB",
)
@many("exclude", "Leave these out; can be repeated.", metavar="GLOB")
@value(
    "parallelism",
    "How many workspaces are worked on at the same time.",
    type=int,
    default=1000,
)
@value(
    "upload",
    "Whether workspaces share one upload: auto (until the server refuses), shared, each.",
    type=click.Choice([mode.value for mode in UploadMode]),
    default=UploadMode.AUTO.value,
    metavar="MODE",
)
@flag("detailed-exitcode", "Exit with 0 without changes, 1 for a failure, 2 with changes.")
@many(
    "target",
    "Plan only this resource and what it needs; can be repeated.",
    metavar="ADDRESS",
)
@many("replace", "Plan to replace this resource; can be repeated.", metavar="ADDRESS")
@flag("refresh", "Compare with the real world first.", default=True)
@flag("refresh-only", "Only show what has changed outside Terraform.")
@flag("destroy", "Plan to destroy everything.")
@many("var", "Set a variable for these runs; can be repeated.", metavar="NAME=VALUE")
@many("var-file", "Set variables from a file; can be repeated.", metavar="FILE")
@value("message", "The message of the runs.")
@flag("no-color", "Write no colors.")
@flag("input", "Accepted and without effect: nothing is asked.", default=True)
@flag("lock", "Accepted and without effect: plan-only runs take no lock.", default=True)
@flag("compact-warnings", "Accepted and without effect: the server writes the log.")
@value("out", "Refused: remote plan-only runs leave no plan file.", metavar="FILE")
@click.argument("rest", nargs=-1, metavar="")
@click.pass_context
def plan(context: click.Context, /, **given: Any) -> int:
    """Show what the configuration would change, in the selected workspace or in many.

    Without -all and -select, the workspace is that of TF_WORKSPACE or the selected one.
    """
    _refuse_impossible(given)
    directory = Path(context.obj)
    sources = [
        VariableSource(kind, text)
        for kind, text in in_given_order(context, "var", "var_file")
    ]
    command = PlanCommand(
        directory=directory,
        options=PlanOptions(
            targets=given["target"],
            replace=given["replace"],
            refresh=given["refresh"],
            refresh_only=given["refresh_only"],
            destroy=given["destroy"],
            variables=run_variables(sources, directory),
            message=given["message"],
        ),
        is_batch=bool(given["all"] or given["select"] or given["exclude"]),
        select=given["select"],
        exclude=given["exclude"],
        at_once=given["parallelism"],
        upload=UploadMode(given["upload"]),
        journal_folder=journal_folder_of(process_environ()),
        detailed_exit_code=given["detailed_exitcode"],
    )
    screen = screen_of(
        sys.stdout, sys.stderr, process_environ(), no_color=given["no_color"]
    )
    return anyio.run(run_plan, command, screen)


async def run_plan(command: PlanCommand, screen: Screen) -> int:
    """Carry out a plan command and return its exit code.

    Ctrl-C and SIGTERM cancel the runs that are still going, then give 130 and 143.
    """
    code = 1
    interrupts = Interrupts(lambda: screen.note(_STOPPING))
    with unwrapped():
        async with anyio.create_task_group() as group:
            group.start_soon(interrupts.watch, group.cancel_scope)
            code = await _carry_out(command, screen)
            group.cancel_scope.cancel()
    return interrupts.exit_code or code


async def _carry_out(command: PlanCommand, screen: Screen) -> int:
    async with open_backend(command.directory, environ=command.environ) as backend:
        for warning in backend.connection.warnings:
            screen.note(f"Warning: {warning}")
        console = BatchConsole(screen) if command.is_batch else SinglePlanConsole(screen)
        async with _start(backend, command) as batch, _beating(screen) as unfinished:
            if command.journal_folder is not None and command.is_batch:
                screen.note(
                    f"Batch {batch.id}; should this be cut off: runs resume {batch.id}"
                )
            async for event in batch:
                _keep_count(unfinished, event)
                console.show(event)
            return exit_code_of(batch.outcomes, detailed=command.detailed_exit_code)


def _start(backend: Backend, command: PlanCommand) -> AbstractAsyncContextManager[Batch]:
    if command.resumed is not None and command.journal_folder is not None:
        variables = command.options.variables
        return backend.resume(command.resumed, command.journal_folder, variables)
    if not command.is_batch:
        return backend.plan(options=command.options)
    return backend.plan_all(
        command.options,
        select=command.select,
        exclude=command.exclude,
        at_once=command.at_once,
        upload=command.upload,
        journal_folder=command.journal_folder,
    )


def journal_folder_of(environ: Mapping[str, str]) -> Path:
    """Return the folder in which the command line keeps the journals of batches."""
    return user_data_directory(environ) / "batches"


@asynccontextmanager
async def _beating(screen: Screen) -> AsyncIterator[dict[str, str]]:
    unfinished: dict[str, str] = {}
    async with anyio.create_task_group() as group:
        if not screen.is_terminal:
            group.start_soon(beat, screen, unfinished)
        yield unfinished
        group.cancel_scope.cancel()


def _keep_count(unfinished: dict[str, str], event: events.Event) -> None:
    if isinstance(event, events.PlanStarted):
        unfinished[event.workspace] = "started"
    elif isinstance(event, events.PlanFinished):
        unfinished.pop(event.outcome.workspace, None)


def _refuse_impossible(given: dict[str, Any]) -> None:
    if given["out"] is not None:
        raise RunOptionsError(
            "-out is refused: plan-only runs on a server leave no plan file that could be applied"
        )
    if given["rest"]:
        raise RunOptionsError(
            f"plan takes no argument, but {given['rest'][0]!r} was given; "
            "use -chdir=DIR before the command for another directory"
        )
    if given["parallelism"] < 1:
        raise RunOptionsError(f"-parallelism={given['parallelism']} is not at least 1")
