"""The request of a plan command: its options, and how its output is written."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import click
from attrs import field, frozen

from remote_backend.cli.commands.report_options import ReportOptions
from remote_backend.cli.output.table_form import TableForm
from remote_backend.cli.terraform_flags import in_given_order
from remote_backend.config.environment import process_environ
from remote_backend.config.terraform_directory import user_data_directory
from remote_backend.config.variables import VariableSource, run_variables
from remote_backend.models.gates import Gates
from remote_backend.models.outcome import Outcome
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.recorded_batch import RecordedBatch

__all__ = (
    "OnInterrupt",
    "PlanJson",
    "PlanRequest",
    "Style",
    "given_variables",
    "are_reports_written",
    "journal_folder_of",
    "selects_many",
    "selects_some",
)


class OnInterrupt(Enum):
    """What becomes of runs when the command is interrupted."""

    ASK = "ask"
    """Ask on a terminal, cancel without one."""

    CANCEL = "cancel"
    DETACH = "detach"


@frozen
class PlanJson:
    """Where the JSON plans of a batch are written."""

    folder: Path
    redacted_only: bool = False


class Style(Enum):
    """The form in which a command reports what happens."""

    AUTO = "auto"
    """A live view of a batch on a terminal, else lines."""

    LINES = "lines"
    """Logs, line by line, and a table at the end."""

    QUIET = "quiet"
    JSON = "json"


@frozen(kw_only=True)
class PlanRequest:
    """What a plan command is to do: the wishes of the batch, and what concerns the command alone.

    That is one attribute for each such flag, so there are more than ten.
    """

    directory: Path
    options: BatchOptions
    environ: Mapping[str, str] = field(factory=process_environ, repr=False)
    """Variables; those of the process unless given."""

    is_batch: bool = False
    detailed_exit_code: bool = False
    gates: Gates = Gates()
    generated_config: Path | None = None
    """Where generated configuration is written: a file, or a directory for a batch."""

    verified_outcomes: tuple[Outcome, ...] | None = None
    """The plans of a report that all must be made again; None without a report to agree with."""

    on_interrupt: OnInterrupt = OnInterrupt.ASK
    detach: bool = False
    """Whether to return as soon as all runs are queued."""

    reports: ReportOptions = field(factory=ReportOptions)
    plan_json: PlanJson | None = None
    style: Style = Style.AUTO
    table: TableForm = TableForm.AUTO
    lists_reasons: bool = False
    """Whether the end says why a change has selected each workspace."""

    directories: tuple[str, ...] = ()
    """Directories and patterns of several configurations; empty for the one in `directory`."""

    resumed: RecordedBatch | None = None
    """The batch to go on with, in place of a new one."""

    @property
    def is_drift(self) -> bool:
        """Whether only what has changed outside is looked for."""
        return self.options.plan.refresh_only

    @property
    def is_of_several(self) -> bool:
        """Whether the batch is of several configurations."""
        return bool(self.directories or (self.resumed and self.resumed.configurations))

    @property
    def is_of_one(self) -> bool:
        """Whether one workspace is planned, by itself."""
        return not self.is_batch and self.resumed is None

    @property
    def is_journaled(self) -> bool:
        """Whether the batch can be resumed."""
        return self.is_batch and self.options.journal_folder is not None

    @property
    def writes_reports(self) -> bool:
        """Whether the command writes reports of the batch at its end."""
        return are_reports_written(self.reports.files)


def are_reports_written(names: tuple[str, ...]) -> bool:
    """Whether a command with these report files writes reports, to them or for GitHub Actions."""
    return bool(names or process_environ().get("GITHUB_STEP_SUMMARY"))


def given_variables(context: click.Context, directory: Path) -> tuple[tuple[str, str], ...]:
    """Return the run variables that -var and -var-file set, of which the later one wins."""
    sources = [
        VariableSource(kind, text, label=f"-{kind.replace('_', '-')}")
        for kind, text in in_given_order(context, "var", "var_file")
    ]
    return run_variables(sources, directory)


def journal_folder_of(environ: Mapping[str, str]) -> Path:
    """Return the folder in which the command line keeps the journals of batches."""
    return user_data_directory(environ) / "batches"


def selects_many(flags: Mapping[str, Any]) -> bool:
    """Return whether flags select workspaces in any way, so that a command has a batch of them."""
    return bool(flags["all"]) or selects_some(flags)


def selects_some(flags: Mapping[str, Any]) -> bool:
    """Return whether flags select a part of the workspaces."""
    names = (
        "select",
        "exclude",
        "select_tag",
        "project",
        "where",
        "changed_since",
        "oldest",
    )
    return any(flags[name] not in (None, False, ()) for name in names)
