"""The commands `batches list`, `show`, `resume` and `cancel`: batches of earlier commands."""

import sys
from pathlib import Path
from typing import Any

import anyio
import click

from remote_backend.api.client import Client
from remote_backend.cli.commands.plan_request import (
    PlanRequest,
    given_variables,
    journal_folder_of,
)
from remote_backend.cli.commands.plan_runner import run_plan
from remote_backend.cli.hints import message_of
from remote_backend.cli.opening import opened_backend
from remote_backend.cli.output.console import print_table
from remote_backend.cli.output.screen import Screen, echo, screen_of
from remote_backend.cli.terraform_flags import TerraformGroup, flag, many
from remote_backend.config.environment import process_environ
from remote_backend.config.terraform_directory import user_cache_directory
from remote_backend.errors import RemoteBackendError
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.run import RunRequest
from remote_backend.planning.failure_reasons import canceled
from remote_backend.planning.journal import Journal
from remote_backend.planning.recorded_batch import (
    Begun,
    RecordedBatch,
    list_journals,
    read_journal,
)
from remote_backend.planning.run_creation import find_run, stop_run

__all__ = ("batches",)

_AT_ONCE = 20


@click.group(
    "batches", cls=TerraformGroup, short_help="Look at batches, resume or cancel them."
)
def batches() -> None:
    """Look at the batches of earlier commands, go on with them, or cancel what still runs."""


@batches.command("list", short_help="List the batches.")
def _list_batches() -> int:
    """List the batches on this machine, the newest first."""
    for recorded in list_journals(_folder(), _warn):
        done, all_ = len(recorded.outcomes), len(recorded.workspaces)
        echo(
            f"{recorded.id}  {recorded.started_at}  {done}/{all_} ended  {recorded.directory}"
        )
    return 0


@batches.command("show", short_help="Show the results of a batch.")
@flag("no-color", "Write no colors.")
@click.argument("id", required=False)
def _show_batch(id: str | None, no_color: bool) -> int:
    """Show what came of a batch so far; without ID, of the newest."""
    recorded = read_journal(_folder(), id, _warn)
    if recorded.ended:
        print_table(
            _screen(no_color), recorded.ended, is_drift=recorded.options.plan.refresh_only
        )
    else:
        echo(f"{recorded.id}: no plan has ended yet.")
    for word, names in (
        ("not ended", [name for name in recorded.unfinished if name in recorded.begun]),
        (
            "not started",
            [name for name in recorded.unfinished if name not in recorded.begun],
        ),
    ):
        if names:
            echo(f"{word}: {', '.join(names)}")
    return 0


@batches.command("resume", short_help="Go on with a batch that was cut off.")
@flag("detailed-exitcode", "Exit with 0 without changes, 1 for a failure, 2 with changes.")
@many("var", "A variable of the batch, again; can be repeated.", metavar="NAME=VALUE")
@many("var-file", "A file of variables of the batch, again.", metavar="FILE")
@flag("no-color", "Write no colors.")
@click.argument("id", required=False)
@click.pass_context
def _resume_batch(context: click.Context, /, id: str | None, **given: Any) -> int:
    """Watch the runs of a batch that were made, make the missing ones, and report all.

    Without ID, the newest batch.
    """
    recorded = read_journal(_folder(), id, _warn)
    command = PlanRequest(
        directory=recorded.directory,
        options=recorded.options_to_resume(
            given_variables(context, recorded.directory),
            user_cache_directory(process_environ()),
        ),
        is_batch=True,
        detailed_exit_code=given["detailed_exitcode"],
        resumed=recorded,
    )
    return anyio.run(run_plan, command, _screen(given["no_color"]))


@batches.command("cancel", short_help="Cancel what still runs of a batch.")
@click.argument("id", required=False)
def _cancel_batch(id: str | None) -> int:
    """Cancel the runs of a batch that have not ended; without ID, of the newest."""
    return anyio.run(_cancel_runs, read_journal(_folder(), id, _warn))


async def _cancel_runs(recorded: RecordedBatch) -> int:
    journal = Journal.at(_folder(), recorded.id, _warn)
    gate = anyio.CapacityLimiter(_AT_ONCE)
    going: list[str] = []

    async def cancel(client: Client, name: str, begun: Begun) -> None:
        async with gate:
            try:
                run_id = begun.run_id or await _find_run(client, recorded, name)
                run = await stop_run(client, run_id) if run_id is not None else None
            except RemoteBackendError as error:
                echo(f"{name}: {message_of(error)}", err=True)
                echo(f"{name}: {begun.run_id or 'a run that may exist'} lives on")
                going.append(name)
                return
        if run_id is not None and run is None:
            # The journal keeps that, so a later command shows it and cancels nothing twice.
            await journal.outcome(_canceled(name, run_id))
        if run_id is not None:
            echo(f"{name}: {run_id} {'is stopped' if run is None else 'was over'}")

    async with opened_backend(recorded.directory) as backend:
        client = backend.connection.client
        async with anyio.create_task_group() as group:
            for name in recorded.unfinished:
                if begun := recorded.begun.get(name):
                    group.start_soon(cancel, client, name, begun)
    return int(bool(going))


async def _find_run(client: Client, recorded: RecordedBatch, name: str) -> str | None:
    """Look for the run that was requested before the process ended, without its answer."""
    version_id = recorded.begun[name].configuration_version_id
    request = RunRequest(
        workspace_id=recorded.workspaces[name], configuration_version_id=version_id
    )
    run = await find_run(client, request)
    return run.id if run is not None else None


def _canceled(name: str, run_id: str) -> Outcome:
    return Outcome(
        workspace=name,
        full_name=name,
        result=Result.CANCELED,
        failure=canceled("canceled by `batches cancel`"),
        run_id=run_id,
    )


def _warn(text: str) -> None:
    echo(f"Warning: {text}", err=True)


def _folder() -> Path:
    return journal_folder_of(process_environ())


def _screen(no_color: bool) -> Screen:
    return screen_of(sys.stdout, sys.stderr, process_environ(), no_color=no_color)
