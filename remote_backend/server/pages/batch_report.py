"""The report of a batch, from the records of the server: the same as the command writes."""

from collections.abc import Sequence
from itertools import islice

from aiohttp import web
from attrs import evolve

from remote_backend.models.outcome import Outcome
from remote_backend.models.run import PlanOptions
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
    made = [
        evolve(
            outcomes.outcome(run, workspace),
            run_url=origin + run_path(request, workspace, run.id),
        )
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
    )


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
        if run.is_over and not outcome.succeeded
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
