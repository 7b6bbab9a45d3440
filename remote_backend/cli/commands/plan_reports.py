"""Reports of a plan command: files, the summary of a CI step, and what GitHub Actions reads."""

from collections import Counter
from collections.abc import Callable

from anyio import to_thread
from attrs import define

from remote_backend.api.client import Client
from remote_backend.atomic_files import write_atomically
from remote_backend.cli.commands.plan_request import PlanJson, PlanRequest, Style
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.generated_config import write_generated_config
from remote_backend.cli.output.github import annotations, write_outputs
from remote_backend.cli.output.kept_logs import kept_plans_of
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.report_files import (
    Collector,
    write_reports,
    write_step_summary,
)
from remote_backend.cli.output.screen import Screen
from remote_backend.config.environment import process_environ
from remote_backend.config.run_origin import read_commit
from remote_backend.errors import RunOptionsError
from remote_backend.formats.times import utc_now
from remote_backend.models.gates import GateResult
from remote_backend.models.outcome import Outcome
from remote_backend.models.planned_place import PlannedPlace
from remote_backend.planning.batch import Batch
from remote_backend.planning.batch_id import short_id
from remote_backend.planning.failure_reasons import reason_of_error
from remote_backend.planning.plan_files import prepare_plan_folder, write_plan_files
from remote_backend.reports.summary import Report
from remote_backend.reports.to_json import to_json

__all__ = ("PlanReports",)

_UNKNOWN = PlannedPlace(
    hostname="unknown host", organization="unknown organization", mapping=""
)


@define
class PlanReports:
    """Writes what is left of a batch for those who did not watch it."""

    request: PlanRequest
    screen: Screen
    keeps_logs: bool = False
    """Whether later commands find the logs of the batch."""

    is_incomplete: bool = False
    """Whether a report that was wanted could not be written."""

    def write(
        self,
        place: PlannedPlace,
        batch: Batch,
        logs: LogSpool,
        gates: tuple[GateResult, ...] = (),
    ) -> None:
        """Write the reports of a batch that has ended."""
        collector = Collector(
            logs,
            batch.started_at,
            report_logs=self.request.reports.logs,
            keeps_logs=self.keeps_logs,
            label=self.request.reports.label,
            commit=read_commit(process_environ(), self.request.directory),
        )
        try:
            report = collector.report(
                batch.outcomes,
                batch_id=batch.id,
                hostname=place.hostname,
                organization=place.organization,
                mapping=place.mapping,
                configurations=place.configurations,
                ended_at=utc_now(),
                options=batch.options.plan,
                compared_with=batch.compared_with,
                is_drift=self.request.is_drift,
                gates=gates,
                selection=batch.selection,
            )
        except Exception as error:  # whatever an odd plan of one workspace leads to
            self.screen.note(f"Error: no report can be made: {reason_of_error(error)}")
            self.is_incomplete = True
        else:
            self._keep_plans(report)
            if self.request.writes_reports:
                self._write_files(report)

    def write_generated(self, outcomes: tuple[Outcome, ...]) -> None:
        """Write the configuration that was generated for import blocks."""
        path = self.request.generated_config
        assert path is not None
        try:
            written = write_generated_config(outcomes, path, is_batch=self.request.is_batch)
        except OSError as error:
            self.screen.note(
                f"Error: -generate-config-out={path} cannot be written: {error.strerror}"
            )
            self.is_incomplete = True
            return
        if not written:
            self.screen.note("No plan has generated configuration, so none is written.")
        for name in written:
            self.screen.note(f"Wrote {name}.")

    def _keep_plans(self, report: Report) -> None:
        """Keep the plans for `-compare=last`, where they were read and logs are kept, too."""
        options = self.request.options
        if self.request.resumed is not None:
            # Of what has ended before, the journal has no changes.
            return
        if not (self.keeps_logs and options.needs_details and options.journal_folder):
            return
        path = kept_plans_of(options.journal_folder, report.batch_id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(path, to_json(report).encode("utf-8", "replace"))
        except Exception as error:  # of any kind: an odd plan, or a disk that is full
            self.screen.note(
                f"Warning: no later batch can be compared with this one: {reason_of_error(error)}"
            )

    async def write_plans(
        self, client_of: Callable[[str], Client], batch: Batch, plan_json: PlanJson
    ) -> None:
        """Write the JSON of each plan, and say what a scanner will not find."""
        folder = plan_json.folder
        try:
            await to_thread.run_sync(prepare_plan_folder, folder)
            files = await write_plan_files(
                client_of,
                batch.outcomes,
                folder,
                batch_id=batch.id,
                redacted_only=plan_json.redacted_only,
            )
        except (OSError, RunOptionsError) as error:
            reason = getattr(error, "strerror", None) or message_of(error)
            self.screen.note(f"Error: the JSON plans cannot be written: {reason}")
            self.is_incomplete = True
            return
        forms = Counter(file.form for file in files)
        self.screen.note(f"Wrote the JSON of {_plan_forms(forms)} to {folder}.")
        if forms["full"]:
            self.screen.note("Warning: a full JSON plan holds secrets in clear text.")
        for file in files:
            if file.problem is not None:
                self.screen.note(
                    f"Error: {file.workspace} has no JSON plan: {file.problem}"
                )
                self.is_incomplete = True

    def write_failure(
        self, reason: str, place: PlannedPlace | None, started_at: str
    ) -> None:
        """Write reports that say why no plan was begun."""
        place = place or _UNKNOWN
        with LogSpool() as logs:
            collector = Collector(logs, started_at, label=self.request.reports.label)
            report = collector.report(
                (),
                batch_id="",
                hostname=place.hostname,
                organization=place.organization,
                mapping=place.mapping,
                configurations=place.configurations,
                ended_at=utc_now(),
                is_drift=self.request.is_drift,
                problem=reason,
            )
            self._write_files(report)

    def pass_on(
        self,
        outcomes: tuple[Outcome, ...],
        batch_id: str,
        problem: str = "",
        gates: tuple[GateResult, ...] = (),
    ) -> None:
        """Give GitHub Actions what it shows above the log, and what later steps read."""
        environ = process_environ()
        if environ.get("GITHUB_ACTIONS") and self.request.style is not Style.JSON:
            lines = annotations(
                self.screen,
                outcomes,
                directory=self.request.directory,
                environ=environ,
                problem=problem,
            )
            self.screen.out.writelines(lines)
            self.screen.out.flush()
        warning = write_outputs(
            outcomes,
            batch_id=batch_id,
            reports=self.request.reports.files,
            gates=gates,
            environ=environ,
            problem=problem,
        )
        if warning is not None:
            self.screen.note(f"Warning: {warning}")

    def _write_files(self, report: Report) -> None:
        options = self.request.reports
        problems = write_reports(
            report,
            options.files,
            new_mode=options.new_mode,
            most_characters=options.most_characters,
        )
        for name in options.files:
            if not any(problem.startswith(f"-report={name} ") for problem in problems):
                self.screen.note(f"Wrote {name}.")
        for problem in problems:
            self.screen.note(f"Error: {problem}")
            self.is_incomplete = True
        if problems and self.request.is_journaled and report.batch_id:
            again = f"remote-backend report {short_id(report.batch_id)} -report=FILE"
            self.screen.note(f"The batch is kept; write it again with: {again}")
        # Nobody asked for it, so it decides about no exit code.
        if warning := write_step_summary(report, process_environ()):
            self.screen.note(f"Warning: {warning}")


def _plan_forms(forms: Counter[str | None]) -> str:
    full, redacted = forms["full"], forms["redacted"]
    number = f"{full + redacted} {'plan' if full + redacted == 1 else 'plans'}"
    if not redacted:
        return number
    return f"{number}, {redacted if full else 'all'} of them redacted,"
