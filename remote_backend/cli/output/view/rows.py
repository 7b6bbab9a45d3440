"""What is known of a batch while it goes on: one row for each workspace.

Events change the rows, and nothing else does. A workspace waits until its run begins to plan, is
at work until its outcome is known, and has ended then; a run that is asked again later can wait
again, but one that has ended stays ended.
"""

from collections import Counter
from collections.abc import Iterable
from enum import Enum
from statistics import median

from attrs import define, evolve, field, frozen
from rich.cells import cell_len

from remote_backend import events
from remote_backend.cli.output.outcome_text import with_planned
from remote_backend.cli.output.view.log_objects import LogObjects
from remote_backend.formats.ansi import one_line
from remote_backend.models.comparison import ChangeClass
from remote_backend.models.outcome import Outcome
from remote_backend.models.run import Phase, phase_of
from remote_backend.models.run_phases import PHASES
from remote_backend.plans.results import is_destructive, result_name
from remote_backend.plans.titles import danger_text, title_of

__all__ = ("BatchRows", "Row", "Stage", "Totals", "result_of")

_WAITING = {
    "pending": "behind another run",
    "fetching": "for its configuration",
    "fetching_completed": "for its configuration",
    "pre_plan_completed": "for a free worker",
    "queuing": "for a free worker",
    "plan_queued": "for a free worker",
}
_WORKING = {
    **PHASES,
    # The run is over; its outcome comes when its log and its policies were read.
    "planned_and_finished": "ending",
    "planned_and_saved": "ending",
    "policy_soft_failed": "ending",
    "errored": "ending",
    "discarded": "ending",
    "canceled": "canceling",
    "force_canceled": "canceling",
}
_FIRST_ENDS = 5
_FIRST_SHARE = 0.1


class Stage(Enum):
    """How far a workspace is."""

    WAITING = "waiting"
    WORKING = "at work"
    ENDED = "ended"


@define(eq=False)
class Row:
    """One workspace; it has a field for each thing that a row can show."""

    name: str
    stage: Stage = Stage.WAITING
    phase: str = ""
    """A word for what goes on while it is at work."""

    waits_for: str = "for its turn"
    began: float | None = None
    """When it stopped waiting, on the clock of the view."""

    number: int = 0
    """Its place in the order in which workspaces began, or ended."""

    detail: str = ""
    run_id: str | None = None
    objects: LogObjects = field(factory=LogObjects)
    outcome: Outcome | None = None
    title: str = ""
    """What its plan does, once it is known: `destroys aws_eip.a, changes 3`."""

    danger: str = ""
    """The part of the title that names danger."""

    is_canceling: bool = False
    is_head_over: bool = False
    """Whether the run of the workspace itself is over, and its base may still be planned."""

    base_phase: str = ""
    """What the run of the base does, in a comparison."""

    _ended: float = 0.0

    def seconds(self, now: float) -> float | None:
        """Return how long it has been at work, or was."""
        if self.outcome is not None:
            return self.outcome.seconds if self.began is None else self._ended - self.began
        return None if self.began is None else now - self.began

    def end(self, outcome: Outcome, now: float) -> None:
        """Take the outcome, and name what the plan does."""
        self.outcome, self.stage, self._ended = outcome, Stage.ENDED, now
        changes = with_planned(outcome, self.objects.planned).changes
        undone = outcome.comparison is not None and bool(outcome.comparison.undone)
        if outcome.succeeded and changes is not None and (undone or not changes.is_empty):
            self.title = title_of(evolve(outcome, changes=changes))
            self.danger = danger_text(changes)


@frozen(kw_only=True)
class Totals:
    """How many workspaces are where."""

    all: int
    failed: int = 0
    canceled: int = 0
    running: int = 0
    changed: int = 0
    destructive: int = 0
    unchanged: int = 0
    working: int = 0
    waiting: int = 0

    @property
    def ended(self) -> int:
        """How many have an outcome."""
        return self.all - self.working - self.waiting


@define(eq=False)
class BatchRows:
    """All workspaces of a batch, in the order of their names."""

    started: float
    rows: dict[str, Row] = field(factory=dict)
    longest_name: int = 0
    """The cells that the longest name takes."""

    pending_changes: int = 0
    """How many changes of a comparison are pending anyway."""

    pending_workspaces: int = 0

    _numbers: int = 0
    _most_at_work: int = 0

    def take(self, event: events.Event, now: float) -> None:
        """Take the next event."""
        match event:
            case events.BatchStarted():
                for name in event.workspaces:
                    self.row(name)
            case events.PlanStarted():
                self._work(self.row(event.workspace), "preparing", now)
            case events.UploadProgressed():
                share = 100 * event.sent_bytes // max(1, event.size_bytes)
                row = self.row(event.workspace)
                self._work(row, "uploading", now)
                row.detail = f"{share} % of {_size_text(event.size_bytes)}"
            case events.RunQueued():
                row = self.row(event.workspace)
                row.run_id, row.detail = event.run_id, ""
            case events.RunStatusChanged():
                self._change_status(self.row(event.workspace), event.status, now)
            case events.BaseStatusChanged():
                self._change_base_status(self.row(event.workspace), event.status, now)
            case events.PlanFinished():
                row = self.row(event.outcome.workspace)
                self._count_pending(event.outcome)
                row.end(event.outcome, now)
                row.number = self._next_number()
            case _:
                pass

    @property
    def _at_work(self) -> int:
        return sum(row.stage is Stage.WORKING for row in self.rows.values())

    def row(self, name: str) -> Row:
        """Return the row of a workspace; one that nobody named before is new."""
        if name not in self.rows:
            self.rows[name] = Row(name)
            self.longest_name = max(self.longest_name, cell_len(one_line(name)))
        return self.rows[name]

    def _next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _work(self, row: Row, phase: str, now: float) -> None:
        if row.stage is Stage.WAITING:
            row.stage, row.began, row.number = Stage.WORKING, now, self._next_number()
            self._most_at_work = max(self._most_at_work, self._at_work)
        row.phase = "canceling" if row.is_canceling else phase

    def _change_base_status(self, row: Row, status: str, now: float) -> None:
        """Show the base only while it alone still runs: a workspace is one row."""
        row.base_phase = "" if _is_over(status) else _WORKING.get(status, "waiting")
        if row.is_head_over and row.base_phase and row.stage is not Stage.ENDED:
            self._work(row, f"base {row.base_phase}", now)

    def _count_pending(self, outcome: Outcome) -> None:
        comparison = outcome.comparison
        if comparison is not None and (number := comparison.count(ChangeClass.PENDING)):
            self.pending_changes += number
            self.pending_workspaces += 1

    def _change_status(self, row: Row, status: str, now: float) -> None:
        if row.stage is Stage.ENDED:
            return
        row.is_head_over = _is_over(status)
        if row.is_head_over and row.base_phase:
            self._work(row, f"base {row.base_phase}", now)
            return
        if status in _WAITING:
            row.stage, row.waits_for, row.began = Stage.WAITING, _WAITING[status], None
        else:
            self._work(row, _WORKING.get(status, status.replace("_", " ")), now)

    def cancel(self, names: Iterable[str]) -> None:
        """Show workspaces as being canceled until their outcomes are known."""
        for name in names:
            row = self.rows[name]
            row.is_canceling, row.phase = True, "canceling"

    def totals(self) -> Totals:
        """Count the workspaces by where they are."""
        results = Counter(
            result_of(row.outcome) for row in self.rows.values() if row.outcome is not None
        )
        working = self._at_work
        return Totals(
            all=len(self.rows),
            failed=results["failed"],
            canceled=results["canceled"],
            running=results["running"],
            changed=results["changed"] + results["destructive"],
            destructive=results["destructive"],
            unchanged=results["unchanged"],
            working=working,
            waiting=len(self.rows) - working - results.total(),
        )

    def seconds_left(self, now: float) -> float | None:
        """Estimate how long the rest takes, or return None while too little is known.

        The median of the ended plans, times those that are left, over the most that were at work
        together; from five ends and a tenth of the batch on.
        """
        ended = [
            row.seconds(now) or 0.0 for row in self.rows.values() if row.outcome is not None
        ]
        left = len(self.rows) - len(ended)
        if not left or len(ended) < max(_FIRST_ENDS, _FIRST_SHARE * len(self.rows)):
            return None
        return median(ended) * left / max(1, self._most_at_work)


def _is_over(status: str) -> bool:
    return phase_of(status) in (Phase.SUCCEEDED, Phase.FAILED)


def result_of(outcome: Outcome) -> str:
    """Return the word of the counts for an outcome; `destructive` for a change that destroys."""
    return "destructive" if is_destructive(outcome) else result_name(outcome)


def _size_text(size: int) -> str:
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB"
    return f"{size / 1_000_000:.1f} MB"
