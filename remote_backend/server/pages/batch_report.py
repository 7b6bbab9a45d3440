"""The report of a batch, from the records of the server: the same as the command writes."""

from collections.abc import Callable, Sequence
from itertools import islice

from aiohttp import web
from attrs import evolve

from remote_backend.models.comparison import ComparedWith, name_of_version
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import PlanOptions
from remote_backend.planning.batch_id import base_commit_in
from remote_backend.reports.summary import Report, make_report
from remote_backend.server.context import context_of
from remote_backend.server.pages.addresses import run_path, shown_organization
from remote_backend.server.pages.batch_records import PlannedBatch, mapping_of
from remote_backend.server.pages.outcomes import KeptOutcomes, seconds_between
from remote_backend.server.records import RunRecord

__all__ = ("batch_report",)

_LONGEST_LOG_BYTES = 64_000
_MOST_LOGS = 100


def batch_report(
    request: web.Request,
    outcomes: KeptOutcomes,
    batch: PlannedBatch,
    *,
    hostname: str,
    origin: str = "",
) -> Report:
    """Return the report of a batch; it reads files, so it belongs into a thread.

    Its links lead to pages of this server, with `origin` also from elsewhere.
    """

    def address_of(workspace: str, run_id: str) -> str:
        return origin + run_path(request, workspace, run_id)

    made = [
        _with_addresses(_outcome(outcomes, batch, workspace, run), run.id, address_of)
        for workspace, run in batch.runs
    ]
    runs = [run for _, run in batch.runs]
    ended_at = batch.ended_at
    return make_report(
        made,
        batch_id=batch.id,
        hostname=hostname,
        organization=shown_organization(request).name,
        started_at=batch.started_at,
        mapping=mapping_of(name for name, _ in batch.runs),
        ended_at=ended_at,
        seconds=seconds_between(batch.started_at, ended_at) if ended_at else None,
        options=_options(runs),
        logs=_logs(request, batch, made),
        is_drift=all(run.refresh_only for run in runs),
        compared_with=_compared_with(batch),
    )


def _outcome(
    outcomes: KeptOutcomes, batch: PlannedBatch, workspace: str, run: RunRecord
) -> Outcome:
    base = batch.bases.get(workspace)
    if base is None or not run.is_over:
        return outcomes.outcome(run, workspace)
    if not base.is_over:
        # What the change causes is not known yet.
        return outcomes.outcome(base, workspace)
    return outcomes.compared(run, base, workspace)


def _with_addresses(
    outcome: Outcome, run_id: str, address_of: Callable[[str, str], str]
) -> Outcome:
    workspace, comparison = outcome.workspace, outcome.comparison
    if comparison is not None and comparison.base_run_id is not None:
        base_url = address_of(workspace, comparison.base_run_id)
        comparison = evolve(comparison, base_run_url=base_url)
    run_url = address_of(workspace, run_id)
    return evolve(outcome, run_id=run_id, run_url=run_url, comparison=comparison)


def _compared_with(batch: PlannedBatch) -> ComparedWith | None:
    """Return what a comparison was made with, as far as its runs name it."""
    if not batch.bases:
        return None
    head = next(run for workspace, run in batch.runs if workspace in batch.bases)
    base = next(iter(batch.bases.values()))
    if head.terraform_version != base.terraform_version:
        return ComparedWith(
            kind="version",
            name=name_of_version(base.terraform_version),
            head=name_of_version(head.terraform_version),
        )
    commit = base_commit_in(base.message)
    return ComparedWith(kind="commit", name=f"commit {commit}" if commit else "its base")


def _options(runs: Sequence[RunRecord]) -> PlanOptions:
    # All runs of a batch have the same options.
    first = runs[0]
    return PlanOptions(
        targets=first.target_addrs,
        replace=first.replace_addrs,
        refresh=first.refresh,
        refresh_only=first.refresh_only,
        destroy=first.is_destroy,
    )


def _logs(
    request: web.Request, batch: PlannedBatch, outcomes: Sequence[Outcome]
) -> dict[str, str]:
    """Return the ends of the logs of failed plans."""
    failed = (
        (workspace, run.id)
        for (workspace, run), outcome in zip(batch.runs, outcomes, strict=True)
        if not outcome.still_running and not outcome.succeeded
    )
    return {
        workspace: _log_end(request, run_id)
        for workspace, run_id in islice(failed, _MOST_LOGS)
    }


def _log_end(request: web.Request, run_id: str) -> str:
    files = context_of(request).files
    size = files.log_size(run_id) or 0
    offset = max(0, size - _LONGEST_LOG_BYTES)
    data = files.read_log(run_id, offset=offset, limit=_LONGEST_LOG_BYTES)
    if offset:
        data = data.partition(b"\n")[2]
    return data.strip(b"\x02\x03").decode("utf-8", "replace")
