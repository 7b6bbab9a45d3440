"""The command `report`: reports of an earlier batch, from its journal and the server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import click

from remote_backend.atomic_files import PRIVATE_MODE
from remote_backend.backend import Backend
from remote_backend.cli.commands.plan_request import journal_folder_of
from remote_backend.cli.hints import message_of
from remote_backend.cli.opening import opened_backend
from remote_backend.cli.output.kept_logs import folder_of
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.report_files import Collector, write_reports
from remote_backend.cli.output.report_forms import ReportLogs, require_writable_reports
from remote_backend.cli.output.screen import echo
from remote_backend.cli.terraform_flags import FileMode, TerraformCommand, many, value
from remote_backend.config.environment import process_environ
from remote_backend.errors import RemoteBackendError, RunOptionsError, SettingsError
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import PlanOptions
from remote_backend.planning.recorded_batch import RecordedBatch, read_journal
from remote_backend.reports.markdown_budget import MOST_CHARACTERS

__all__ = ("report",)

_AT_ONCE = 10


@click.command(
    "report", cls=TerraformCommand, short_help="Write reports of an earlier batch."
)
@many(
    "report",
    "A file to write: .md, .html, .json, .xml or .gitlab.json; can be repeated.",
    metavar="FILE",
)
@value(
    "report-logs",
    "Which logs the reports have: failed, none or all.",
    type=click.Choice([choice.value for choice in ReportLogs]),
    default=ReportLogs.FAILED.value,
    metavar="WHICH",
)
@value(
    "report-mode",
    "The mode of a file that is new, such as 0644; an earlier file keeps its own.",
    type=FileMode(),
    default=PRIVATE_MODE,
    metavar="OCTAL",
)
@value(
    "report-label",
    "A text for the first line of Markdown reports, where two jobs plan the same workspaces.",
    metavar="TEXT",
)
@value(
    "report-limit",
    "How many characters a Markdown report may have; GitHub takes 65536 in a comment.",
    type=click.IntRange(min=1000),
    default=MOST_CHARACTERS,
    metavar="N",
)
@click.argument("id", required=False)
def report(id: str | None, report: tuple[str, ...], **flags: Any) -> int:
    """Write reports of a batch again, from its journal; without ID, of the newest.

    Logs and changes are read from the server, as long as it keeps them.
    """
    if not report:
        raise RunOptionsError("no file is named; add -report=FILE")
    require_writable_reports(report)
    recorded = read_journal(
        journal_folder_of(process_environ()),
        id,
        lambda text: echo(f"Warning: {text}", err=True),
    )
    return anyio.run(_write, recorded, report, flags)


async def _write(
    recorded: RecordedBatch, files: tuple[str, ...], flags: Mapping[str, Any]
) -> int:
    kept = folder_of(journal_folder_of(process_environ()), recorded.id)
    with LogSpool() as logs:
        collector = Collector(
            logs,
            started_at=recorded.started_at,
            report_logs=ReportLogs(flags["report_logs"]),
            keeps_logs=kept.is_dir(),
            label=flags["report_label"] or "",
        )
        async with opened_backend(recorded.directory) as backend:
            ended = (recorded.outcomes.get(name) for name in recorded.workspaces)
            outcomes = tuple(outcome for outcome in ended if outcome is not None)
            plan = recorded.options.plan
            outcomes = await _detailed(backend, outcomes, plan, collector)
            mapping = recorded.mapping or str(backend.connection.mapping)
        made = collector.report(
            outcomes,
            batch_id=recorded.id,
            hostname=recorded.hostname,
            organization=recorded.organization,
            mapping=mapping,
            ended_at=recorded.ended_at,
            options=plan,
            is_drift=plan.refresh_only,
        )
    problems = write_reports(
        made,
        files,
        new_mode=flags["report_mode"],
        most_characters=flags["report_limit"],
    )
    if problems:
        raise SettingsError("; ".join(problems))
    for name in files:
        echo(f"Wrote {Path(name)}: {made.sentence}")
    return 0


async def _detailed(
    backend: Backend,
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
                detailed, log = await backend.with_details(outcome, plan)
            except RemoteBackendError as error:
                echo(f"{outcome.workspace}: no details: {message_of(error)}", err=True)
                return
        detailed_outcomes[outcome.workspace] = detailed
        collector.logs.add(outcome.workspace, log)

    async with anyio.create_task_group() as group:
        for outcome in outcomes:
            group.start_soon(read, outcome)
    return tuple(detailed_outcomes.values())
