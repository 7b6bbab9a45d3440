"""Reports of batches as files; the suffix of a name decides about the form."""

import os
import stat
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path

from attrs import define

from remote_backend.atomic_files import PRIVATE_MODE, write_atomically
from remote_backend.cli.output.log_lines import log_text
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.report_forms import FORMS, ReportLogs, form_of
from remote_backend.formats.times import seconds_between
from remote_backend.models.comparison import ComparedWith
from remote_backend.models.gates import GateResult
from remote_backend.models.outcome import Outcome
from remote_backend.models.planned_place import ConfigurationPlace
from remote_backend.models.run import PlanOptions
from remote_backend.models.selection import Selection
from remote_backend.planning.batch_id import short_id
from remote_backend.planning.failure_reasons import reason_of_error
from remote_backend.reports.limits import MOST_CHARACTERS
from remote_backend.reports.summary import Report, make_report

__all__ = ("Collector", "write_reports", "write_step_summary")

_ALL_LOGS_BYTES = 20_000_000
_ONE_LOG_BYTES = 200_000
# GitHub shows nothing of a step summary of more than 1 MiB, also when other steps wrote the rest of it:
# https://docs.github.com/actions/reference/workflow-commands-for-github-actions
_STEP_BYTES = 1 << 20
_LEAST_STEP_BYTES = 4000
_BYTES_OF_A_CHARACTER = 4


def write_reports(
    report: Report,
    files: tuple[str, ...],
    *,
    new_mode: int = PRIVATE_MODE,
    most_characters: int = MOST_CHARACTERS,
) -> tuple[str, ...]:
    """Write a report into files, each whole or not at all; an earlier file keeps its mode.

    `most_characters` is the limit of Markdown; the other forms have none. Returns a sentence for
    each file that cannot be written; the others are written all the same.
    """
    problems = []
    for name in files:
        path = Path(name)
        try:
            data = _writer(form_of(path) or ".json", most_characters)(report).encode(
                "utf-8", "replace"
            )
            write_atomically(path, data, mode=_mode_of(path, new_mode))
        except Exception as error:  # of any kind: a workspace can have an odd text
            problems.append(f"-report={name} cannot be written: {_reason(error)}")
    return tuple(problems)


def _mode_of(path: Path, new_mode: int) -> int:
    """Return the mode of an earlier file, which a web server or a later CI step may need."""
    try:
        return stat.S_IMODE(path.stat().st_mode) & 0o777
    except FileNotFoundError:
        return new_mode


def write_step_summary(report: Report, environ: Mapping[str, str]) -> str | None:
    """Add a report to the summary of a GitHub step; return why that was not possible.

    The report is cut so that the file stays within 1 MiB with all that other commands wrote.
    """
    step = environ.get("GITHUB_STEP_SUMMARY")
    if not step:
        return None
    try:
        with open(step, "a", encoding="utf-8", errors="replace") as file:
            room = _STEP_BYTES - file.seek(0, os.SEEK_END)
            if room < _LEAST_STEP_BYTES:
                return "GITHUB_STEP_SUMMARY has no room left: GitHub shows 1 MiB at most"
            characters = room // _BYTES_OF_A_CHARACTER - 1
            file.write(_writer(".md", characters)(report) + "\n")
    except Exception as error:  # of any kind, as above
        return f"GITHUB_STEP_SUMMARY cannot be written: {_reason(error)}"
    return None


def _reason(error: Exception) -> str:
    # The message names the file already.
    return (error.strerror if isinstance(error, OSError) else None) or reason_of_error(
        error
    )


def _writer(form: str, most_characters: int) -> Callable[[Report], str]:
    name = FORMS[form]
    module = import_module(f"remote_backend.reports.{name}")
    writer: Callable[..., str] = getattr(module, name)
    if form == ".md":
        return partial(writer, most_characters=most_characters)
    return writer


@define
class Collector:
    """Collects the logs of a batch for its reports, in files."""

    logs: LogSpool
    started_at: str
    report_logs: ReportLogs = ReportLogs.FAILED
    keeps_logs: bool = False
    """Whether `batches log` finds the whole logs."""

    label: str = ""
    commit: str = ""

    def report(
        self,
        outcomes: tuple[Outcome, ...],
        *,
        batch_id: str,
        hostname: str,
        organization: str,
        is_drift: bool,
        mapping: str = "",
        configurations: tuple[ConfigurationPlace, ...] = (),
        ended_at: str | None = None,
        options: PlanOptions | None = None,
        compared_with: ComparedWith | None = None,
        problem: str | None = None,
        gates: tuple[GateResult, ...] = (),
        selection: Selection | None = None,
    ) -> Report:
        """Return the report of the batch."""
        return make_report(
            outcomes,
            batch_id=batch_id,
            hostname=hostname,
            organization=organization,
            mapping=mapping,
            configurations=configurations,
            label=self.label,
            commit=self.commit,
            started_at=self.started_at,
            ended_at=ended_at,
            seconds=seconds_between(self.started_at, ended_at),
            options=options,
            logs=self._tails(outcomes),
            log_command=_log_command(batch_id) if self.keeps_logs else None,
            is_drift=is_drift,
            compared_with=compared_with,
            problem=problem,
            gates=gates,
            selection=selection,
        )

    def _tails(self, outcomes: tuple[Outcome, ...]) -> dict[str, str]:
        if self.report_logs is ReportLogs.NONE:
            return {}
        limit_bytes = min(_ONE_LOG_BYTES, _ALL_LOGS_BYTES // max(1, len(outcomes)))
        kept = set(self.logs.workspaces)
        return {
            outcome.workspace: self._tail(outcome.workspace, limit_bytes)
            for outcome in outcomes
            if outcome.workspace in kept
            and (self.report_logs is ReportLogs.ALL or not outcome.succeeded)
        }

    def _tail(self, workspace: str, limit_bytes: int) -> str:
        data, is_cut = self.logs.tail(workspace, limit_bytes)
        text = log_text(data, is_cut=is_cut)
        warning = self.logs.warning(workspace)
        return text if warning is None else f"{text}\n{warning}\n"


def _log_command(batch_id: str) -> str:
    return f"remote-backend batches log -batch={short_id(batch_id)}"
