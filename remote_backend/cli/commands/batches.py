"""The commands about batches of earlier commands: list, show, log, open, resume and cancel."""

import sys
from typing import Any

import anyio
import click
from attrs import evolve

from remote_backend.cli.commands.batch_cancel import cancel_runs
from remote_backend.cli.commands.batch_journals import (
    age_of,
    all_batches,
    find_batch,
    folder,
    kept_comparison,
    mapping_of,
    matching_names,
    result_of,
    took_seconds,
    warn,
)
from remote_backend.cli.commands.batch_logs import batch_log, planned_in_kept_logs
from remote_backend.cli.commands.comparison_options import base_to_resume
from remote_backend.cli.commands.live_actions import open_in_browser
from remote_backend.cli.commands.plan_request import PlanRequest, given_variables
from remote_backend.cli.commands.plan_runner import run_plan
from remote_backend.cli.help import Guide
from remote_backend.cli.output.batch_end import BatchPlace, write_end
from remote_backend.cli.output.kept_logs import folder_of
from remote_backend.cli.output.screen import Screen, echo, process_screen, screen_of
from remote_backend.cli.output.table_form import TableForm
from remote_backend.cli.terraform_flags import TerraformGroup, flag, many, value
from remote_backend.config.environment import process_environ
from remote_backend.config.terraform_directory import user_cache_directory
from remote_backend.errors import RunOptionsError, SelectionError, SettingsError
from remote_backend.formats.amounts import duration
from remote_backend.formats.exact_json import dump_exact
from remote_backend.models.outcome import Outcome, Result
from remote_backend.planning.base_choice import BaseChoice
from remote_backend.planning.batch_id import short_id
from remote_backend.planning.recorded_batch import RecordedBatch
from remote_backend.plans.results import is_destructive
from remote_backend.reports.documents import workspace_document
from remote_backend.reports.stored_plans import with_stored_comparison

__all__ = ("batches",)

_HEADS = ("BATCH", "STARTED", "TOOK", "OF", "RESULT", "WHERE")


@click.group(
    "batches",
    cls=TerraformGroup,
    short_help="Look at batches, resume or cancel them.",
    guide=Guide(
        examples=(
            ("remote-backend batches show -failed", "what went wrong in the newest"),
            ("remote-backend batches log -failed", "logs from the first error on"),
            ("remote-backend batches log -follow dev", "also while the batch runs"),
            ("remote-backend batches resume 8aeb", "by the beginning of an id"),
        ),
        environment=("XDG_DATA_HOME",),
    ),
)
def batches() -> None:
    """Look at the batches of earlier commands, go on with them, or cancel what still runs.

    ID is the beginning of a batch's id, or last, the newest one.
    """


batches.add_command(batch_log)


@batches.command("list", short_help="List the batches.")
@flag("json", "Write one JSON document.")
def _list_batches(json: bool) -> int:
    """List the batches on this machine, the newest first."""
    recorded_batches = all_batches()
    if json:
        process_screen().print_json(
            _json([_entry_of(recorded) for recorded in recorded_batches])
        )
        return 0
    rows = [_HEADS, *map(_row_of, recorded_batches)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADS))]
    for row in rows if recorded_batches else ():
        cells = [
            text.rjust(width) if head in ("TOOK", "OF") else text.ljust(width)
            for text, width, head in zip(row, widths, _HEADS, strict=True)
        ]
        echo("  ".join(cells).rstrip())
    return 0


def _row_of(recorded: RecordedBatch) -> tuple[str, ...]:
    seconds = took_seconds(recorded)
    return (
        short_id(recorded.id),
        age_of(recorded),
        "" if seconds is None else duration(seconds),
        str(len(recorded.workspaces)),
        result_of(recorded),
        mapping_of(recorded),
    )


def _entry_of(recorded: RecordedBatch) -> dict[str, Any]:
    return {
        "id": recorded.id,
        "short_id": short_id(recorded.id),
        "hostname": recorded.hostname,
        "organization": recorded.organization,
        "mapping": recorded.mapping or mapping_of(recorded).partition("/")[2] or None,
        "directory": str(recorded.directory),
        "started_at": recorded.started_at,
        "workspaces": len(recorded.workspaces),
        "ended": len(recorded.outcomes),
        "unfinished": list(recorded.unfinished),
    }


@batches.command("show", short_help="Show the results of a batch.")
@flag("failed", "Show those that failed only.")
@flag("changed", "Show those that would change only.")
@flag("destroys", "Show those that destroy, replace or forget something only.")
@value(
    "table",
    "Write a row for each workspace: auto (without a terminal), rows, wide, none.",
    type=click.Choice([form.value for form in TableForm]),
    default=TableForm.AUTO.value,
    metavar="FORM",
)
@flag("json", "Write one JSON document.")
@flag("no-color", "Write no colors.")
@click.argument("id", required=False)
def _show_batch(id: str | None, **flags: Any) -> int:
    """Show what came of a batch so far, also while it runs; without ID, of the newest."""
    recorded = find_batch(id)
    outcomes = tuple(each for each in recorded.ended if _is_wanted(each, flags))
    if flags["json"]:
        entries = [workspace_document(outcome) for outcome in outcomes]
        process_screen().print_json(_json({**_entry_of(recorded), "outcomes": entries}))
        return 0
    if outcomes:
        stored = kept_comparison(recorded)
        if stored is not None:
            outcomes = tuple(with_stored_comparison(each, stored) for each in outcomes)
        write_end(
            _screen(flags["no_color"]),
            outcomes,
            place=BatchPlace(
                short_id=short_id(recorded.id),
                hostname=recorded.hostname,
                organization=recorded.organization,
                has_logs=folder_of(folder(), recorded.id).is_dir(),
            ),
            seconds=took_seconds(recorded),
            # Logs have the whole plans, and not what a change causes.
            planned={} if recorded.compared_with else planned_in_kept_logs(recorded),
            compared_with=stored.compared_with if stored is not None else None,
            is_drift=recorded.options.plan.refresh_only,
            has_blocks=flags["failed"],
            table=TableForm(flags["table"]),
        )
    elif not recorded.ended:
        echo(f"{recorded.id}: no plan has ended yet.")
    for word, names in (
        ("still running", [name for name in recorded.unfinished if name in recorded.begun]),
        (
            "not started",
            [name for name in recorded.unfinished if name not in recorded.begun],
        ),
    ):
        if names:
            echo(f"{len(names)} {word}: {', '.join(names)}")
    return 0


def _is_wanted(outcome: Outcome, flags: dict[str, Any]) -> bool:
    wishes = {
        "failed": outcome.result is Result.FAILED,
        "changed": outcome.result is Result.CHANGES,
        "destroys": is_destructive(outcome),
    }
    chosen = [holds for name, holds in wishes.items() if flags[name]]
    return any(chosen) or not chosen


@batches.command("open", short_help="Open the run of a workspace in the browser.")
@value("batch", "The batch; the newest if it is not given.", metavar="ID")
@flag("print", "Write the address only.")
@click.argument("name", required=False)
def _open_run(name: str | None, batch: str | None, print: bool) -> int:
    """Open the run that a batch made in a workspace, or write its address."""
    recorded = find_batch(batch)
    names = matching_names(recorded, [name] if name else ["*"])
    if len(names) > 1:
        raise SelectionError(f"name one of the {len(names)} workspaces of the batch")
    outcome = recorded.outcomes.get(names[0])
    if outcome is None or outcome.run_url is None:
        raise SelectionError(f"no address is known of a run of {names[0]} in this batch")
    if print or not open_in_browser(outcome.run_url):
        echo(outcome.run_url)
    return 0


@batches.command("resume", short_help="Go on with a batch that was cut off.")
@flag("detailed-exitcode", "Exit with 0 without changes, 1 for a failure, 2 with changes.")
@many("var", "A variable of the batch, again; can be repeated.", metavar="NAME=VALUE")
@many("var-file", "A file of variables of the batch, again.", metavar="FILE")
@flag("no-color", "Write no colors.")
@click.argument("id", required=False)
@click.pass_context
def _resume_batch(context: click.Context, /, id: str | None, **flags: Any) -> int:
    """Watch the runs of a batch that were made, make the missing ones, and show all.

    Without ID, the newest batch.
    """
    recorded = find_batch(id)
    options = recorded.options_to_resume(
        given_variables(context, recorded.directory),
        user_cache_directory(process_environ()),
    )
    command = PlanRequest(
        directory=recorded.directory,
        options=evolve(options, base=_base_to_resume(recorded)),
        is_batch=True,
        detailed_exit_code=flags["detailed_exitcode"],
        resumed=recorded,
    )
    return anyio.run(run_plan, command, _screen(flags["no_color"]))


def _base_to_resume(recorded: RecordedBatch) -> BaseChoice | None:
    """Return what the batch is compared with; where it cannot be any more, a warning says so."""
    compared_with, problem = recorded.compared_with, ""
    if compared_with and not recorded.unfinished:
        warn(
            f"all workspaces have ended; `batches show` has the comparison with {compared_with}"
        )
        return None
    try:
        base = base_to_resume(recorded)
    except (RunOptionsError, SettingsError) as error:
        base, problem = None, f" ({error})"
    if compared_with and base is None:
        warn(
            f"the comparison with {compared_with} is not resumed{problem}: workspaces that go on "
            "now show their whole plans"
        )
    return base


@batches.command("cancel", short_help="Cancel what still runs of a batch.")
@flag("yes", "Do not ask first.")
@click.argument("id", required=False)
@click.argument("names", nargs=-1, metavar="[NAME]...")
def _cancel_batch(id: str | None, names: tuple[str, ...], yes: bool) -> int:
    """Cancel the runs of a batch that have not ended, or those of some workspaces.

    On a terminal it asks first. Without ID, the newest batch.
    """
    recorded = find_batch(id)
    chosen = matching_names(recorded, names) if names else recorded.unfinished
    return anyio.run(cancel_runs, recorded, chosen, yes)


def _json(document: Any) -> str:
    return dump_exact(document, indent=2)


def _screen(no_color: bool) -> Screen:
    return screen_of(sys.stdout, sys.stderr, process_environ(), no_color=no_color)
