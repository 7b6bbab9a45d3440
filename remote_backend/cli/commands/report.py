"""The command `report`: reports of an earlier batch, from its journal and the server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import click

from remote_backend.api.client import Client
from remote_backend.cli.commands.batch_journals import kept_comparison
from remote_backend.cli.commands.plan_request import journal_folder_of
from remote_backend.cli.commands.report_options import (
    ReportOptions,
    report_flags,
    report_options,
)
from remote_backend.cli.hints import message_of
from remote_backend.cli.opening import opened_recorded
from remote_backend.cli.output.kept_logs import folder_of
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.report_files import Collector, write_reports
from remote_backend.cli.output.report_forms import require_writable_reports
from remote_backend.cli.output.screen import echo
from remote_backend.cli.terraform_flags import TerraformCommand
from remote_backend.config.environment import process_environ
from remote_backend.errors import RemoteBackendError, RunOptionsError, SettingsError
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import PlanOptions
from remote_backend.planning.earlier_run import read_earlier_run
from remote_backend.planning.recorded_batch import RecordedBatch, read_journal
from remote_backend.reports.stored_plans import with_stored_comparison

__all__ = ("report",)

_AT_ONCE = 10


@click.command(
    "report", cls=TerraformCommand, short_help="Write reports of an earlier batch."
)
@report_flags
@click.argument("id", required=False)
def report(id: str | None, **flags: Any) -> int:
    """Write reports of a batch again, from its journal; without ID, of the newest.

    Logs and changes are read from the server, as long as it keeps them.
    """
    options = report_options(flags)
    if not options.files:
        raise RunOptionsError("no file is named; add -report=FILE")
    require_writable_reports(options.files)
    recorded = read_journal(
        journal_folder_of(process_environ()),
        id,
        lambda text: echo(f"Warning: {text}", err=True),
    )
    return anyio.run(_write, recorded, options)


async def _write(recorded: RecordedBatch, options: ReportOptions) -> int:
    kept = folder_of(journal_folder_of(process_environ()), recorded.id)
    with LogSpool() as logs:
        collector = Collector(
            logs,
            started_at=recorded.started_at,
            report_logs=options.logs,
            keeps_logs=kept.is_dir(),
            label=options.label,
        )
        async with opened_recorded(recorded) as opened:
            ended = (recorded.outcomes.get(name) for name in recorded.workspaces)
            outcomes = tuple(outcome for outcome in ended if outcome is not None)
            plan = recorded.options.plan
            outcomes = await _detailed(opened.client_of, outcomes, plan, collector)
            stored = kept_comparison(recorded)
            if stored is not None:
                outcomes = tuple(with_stored_comparison(one, stored) for one in outcomes)
        made = collector.report(
            outcomes,
            batch_id=recorded.id,
            hostname=recorded.hostname,
            organization=recorded.organization,
            mapping=recorded.mapping or opened.place.mapping,
            configurations=recorded.places,
            ended_at=recorded.ended_at,
            options=plan,
            is_drift=plan.refresh_only,
            selection=recorded.selection,
            compared_with=stored.compared_with if stored is not None else None,
        )
    problems = write_reports(
        made,
        options.files,
        new_mode=options.new_mode,
        most_characters=options.most_characters,
    )
    if problems:
        raise SettingsError("; ".join(problems))
    for name in options.files:
        echo(f"Wrote {Path(name)}: {made.sentence}")
    return 0


async def _detailed(
    client_of: Callable[[str], Client],
    outcomes: tuple[Outcome, ...],
    plan: PlanOptions,
    collector: Collector,
) -> tuple[Outcome, ...]:
    gate = anyio.CapacityLimiter(_AT_ONCE)
    detailed_outcomes = {outcome.workspace: outcome for outcome in outcomes}

    async def read(outcome: Outcome) -> None:
        if outcome.run_id is None:
            return
        async with gate:
            try:
                detailed, log = await read_earlier_run(
                    client_of(outcome.workspace), outcome, plan
                )
            except RemoteBackendError as error:
                echo(f"{outcome.workspace}: no details: {message_of(error)}", err=True)
                return
        detailed_outcomes[outcome.workspace] = detailed
        collector.logs.add(outcome.workspace, log)

    async with anyio.create_task_group() as group:
        for outcome in outcomes:
            group.start_soon(read, outcome)
    return tuple(detailed_outcomes.values())
