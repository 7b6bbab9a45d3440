"""Outcomes of runs, from the records and files of the server, as reports need them.

Those of runs that are over never change, so they are kept in memory: the page of a batch that
goes on is written anew every few seconds, and parses no plan twice.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from threading import Lock

from aiohttp import web
from attrs import define, evolve, field

from remote_backend.models.changes import PlannedChanges
from remote_backend.models.cost import Cost
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Plan
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.models.run import Run
from remote_backend.models.run_phases import PHASES
from remote_backend.planning.polling import RunSnapshot
from remote_backend.planning.run_failure import failure_of_run
from remote_backend.planning.run_result import counts_of, phase_reached, result_of
from remote_backend.plans.compared_outcome import compare_outcomes
from remote_backend.plans.json_plan import parse_json_plan
from remote_backend.plans.log_facts import LogFacts
from remote_backend.server.files import Files
from remote_backend.server.records import RunRecord

__all__ = ("OUTCOMES", "KeptOutcomes", "seconds_between")

_MOST_KEPT_BYTES = 64 << 20
_LEAST_BYTES = 2_000
_CHUNK_BYTES = 1 << 20


@define(eq=False)
class KeptOutcomes:
    """Outcomes of runs that are over, as many as plans of 64 MiB came to."""

    files: Files
    _kept: OrderedDict[str, tuple[Outcome, int]] = field(factory=OrderedDict)
    _bytes: int = 0
    _lock: Lock = field(factory=Lock)

    def outcome(self, run: RunRecord, workspace: str) -> Outcome:
        """Return the outcome of a run; it reads files, so it belongs into a thread."""
        return self._kept_or_read(
            workspace, (run,), lambda: _read_outcome(self.files, run, workspace)
        )

    def compared(self, head: RunRecord, base: RunRecord, workspace: str) -> Outcome:
        """Return the outcome of a run, compared with that of a base, once both are over.

        Sensitive values are not read for it, because who sees a page need not be allowed to.
        """

        def read() -> Outcome:
            made = [
                _read_outcome(self.files, run, workspace, marks_old_values=True)
                for run in (head, base)
            ]
            return compare_outcomes(*made, is_drift=head.refresh_only)

        return self._kept_or_read(workspace, (head, base), read)

    def _kept_or_read(
        self, workspace: str, runs: tuple[RunRecord, ...], read: Callable[[], Outcome]
    ) -> Outcome:
        key = " ".join(run.id for run in runs)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None:
            return evolve(kept[0], workspace=workspace, full_name=workspace)
        outcome = read()
        if all(run.is_over for run in runs):
            self._keep(key, outcome, sum(map(self._size, runs)))
        return outcome

    def _keep(self, key: str, outcome: Outcome, size: int) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = (outcome, size)
            self._bytes += size
            while self._bytes > _MOST_KEPT_BYTES:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed

    def _size(self, run: RunRecord) -> int:
        try:
            return _LEAST_BYTES + self.files.json_plan_path(run.id).stat().st_size
        except FileNotFoundError:
            return _LEAST_BYTES


OUTCOMES: web.AppKey[KeptOutcomes] = web.AppKey("outcomes", KeptOutcomes)


def seconds_between(start: str, end: str) -> float:
    """Return the seconds between two times of the API; zero where one cannot be read."""
    try:
        difference = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, difference.total_seconds())


def _read_outcome(
    files: Files, run: RunRecord, workspace: str, *, marks_old_values: bool = False
) -> Outcome:
    outcome = Outcome(
        workspace=workspace,
        full_name=workspace,
        # Of a run that goes on there is nothing to read, and nothing has failed.
        result=Result.NOT_STARTED,
        status=run.status,
        seconds=_seconds(run),
        run_id=run.id,
        plan_id=run.plan_id,
        times=tuple(_times(run)),
        still_running=not run.is_over,
    )
    if not run.is_over:
        return outcome
    snapshot = _snapshot(run)
    checks, facts = _checks(run), _log_facts(files, run)
    changes = _changes(files, run, marks_old_values=marks_old_values)
    failure = failure_of_run(snapshot, checks, facts)
    return evolve(
        outcome,
        result=result_of(snapshot),
        failure=failure,
        phase=None if snapshot.succeeded else phase_reached(snapshot),
        counts=counts_of(snapshot, changes, facts.counts),
        input_state_version_id=run.input_state_version_id,
        checks=checks,
        changes=changes,
    )


def _snapshot(run: RunRecord) -> RunSnapshot:
    counts = run.counts
    return RunSnapshot(
        Run(
            id=run.id,
            status=run.status,
            has_changes=run.has_changes,
            plan_id=run.plan_id,
        ),
        Plan(
            id=run.plan_id,
            status=run.plan_status,
            has_changes=run.has_changes,
            resource_additions=counts.add if counts else None,
            resource_changes=counts.change if counts else None,
            resource_destructions=counts.destroy if counts else None,
            resource_imports=counts.imported if counts else None,
        ),
    )


def _seconds(run: RunRecord) -> float:
    end = run.times.get(run.status) if run.is_over else datetime.now(UTC).isoformat()
    return seconds_between(run.created_at, end or run.created_at)


def _times(run: RunRecord) -> Iterable[tuple[str, float]]:
    yield "pending", 0.0
    for status, time in run.times.items():
        if status in PHASES:
            yield status, seconds_between(run.created_at, time)


def _changes(
    files: Files, run: RunRecord, *, marks_old_values: bool
) -> PlannedChanges | None:
    if run.plan_status != "finished":
        return None
    try:
        data = files.json_plan_path(run.id).read_bytes()
        return parse_json_plan(data, marks_old_values=marks_old_values)
    except FileNotFoundError:
        return None


def _log_facts(files: Files, run: RunRecord) -> LogFacts:
    """Read why a run failed; the logs of others say nothing that the record does not."""
    facts = LogFacts()
    if run.status not in ("errored", "canceled", "discarded"):
        return facts
    offset = 0
    while data := files.read_log(run.id, offset=offset, limit=_CHUNK_BYTES):
        facts.feed(data)
        offset += len(data)
    return facts


def _checks(run: RunRecord) -> tuple[CheckReport, ...]:
    checks = []
    if run.policies:
        status = run.policy_status
        checks.append(
            CheckReport(
                kind="policy check",
                name="organization",
                status=status,
                failed=status != "passed",
                policies=tuple(
                    PolicyResult(
                        name=policy.name,
                        level=policy.level,
                        status=policy.verdict,
                        text=policy.text,
                    )
                    for policy in run.policies
                ),
            )
        )
    if (cost := _cost(run)) is not None:
        checks.append(
            CheckReport(kind="cost estimate", name="costs", status="finished", cost=cost)
        )
    return tuple(checks)


def _cost(run: RunRecord) -> Cost | None:
    if run.cost is None:
        return None
    try:
        prior, proposed = Decimal(run.cost.prior), Decimal(run.cost.proposed)
    except InvalidOperation:
        return None
    return Cost(prior=prior, proposed=proposed, delta=proposed - prior)
