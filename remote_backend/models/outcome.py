"""How a plan of a workspace ended, and what many of them mean together."""

from collections.abc import Iterable
from enum import Enum

from attrs import field, frozen

from remote_backend.models.changes import PlannedChanges
from remote_backend.models.comparison import Comparison
from remote_backend.models.cost import Cost
from remote_backend.models.failure import Failure
from remote_backend.models.gates import GateResult
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.models.run_phases import PlanTimes, plan_times

__all__ = ("ENDED_WITHOUT_PLAN", "Outcome", "Result", "exit_code_of")


class Result(Enum):
    """How a plan ended, for a person who decides what to do next."""

    NO_CHANGES = "unchanged"
    CHANGES = "changed"
    FAILED = "failed"
    CANCELED = "canceled"
    NOT_STARTED = "not started"
    """The batch was canceled before the run was made."""

    @classmethod
    def _missing_(cls, value: object) -> "Result | None":
        # Journals of 0.1 have these words.
        return {"no changes": cls.NO_CHANGES, "changes": cls.CHANGES}.get(str(value))


ENDED_WITHOUT_PLAN = (Result.FAILED, Result.CANCELED, Result.NOT_STARTED)
"""The results of workspaces for which there is no plan to read, the worst first."""


@frozen(kw_only=True)
class Outcome:
    """How the plan of one workspace ended."""

    workspace: str
    """The name that people use: without the prefix."""

    full_name: str
    """The name on the server."""

    result: Result
    """How it ended, in one word."""

    configuration: str = ""
    """The directory of its configuration, relative to the top of the repository, in a batch of
    several; else empty."""

    status: str | None = None
    """The last run status, or None when there was no run."""

    failure: Failure | None = None
    """Why it failed, was canceled or was not started; None when there is a plan."""

    phase: str | None = None
    """What it failed in: `start`, `upload`, `queue` (making the run), `wait` (for the plan to
    begin), `plan` or `checks` (policies and tasks); None when it did not fail."""

    counts: Counts | None = None
    """How many resources would change; None without a plan that says so."""

    seconds: float = 0.0
    """How long it took here, from its start to its end."""

    run_id: str | None = None
    """The id of its run; None when none was made."""

    plan_id: str | None = None
    """The id of the plan of the run; None when none is known."""

    run_url: str | None = None
    """The address of the run's page, for people."""

    checks: tuple[CheckReport, ...] = field(default=(), repr=False)
    """Policies, run tasks and cost estimates, in the order of the server."""

    log_is_complete: bool = True
    """Whether the log was read to its end."""

    changes: PlannedChanges | None = field(default=None, repr=False)
    """The planned changes; None if they were not requested or the server does not return them."""

    ignored_drift: int = 0
    """How many changes from outside were left out because the options ignore them."""

    outputs_change: bool = False
    """Whether its plan or the log of that says that outputs would change."""

    unseen_outputs: tuple[str, ...] = ()
    """The workspaces of the batch whose states its configuration reads, and whose plans change
    outputs: its own plan does not see those changes yet. Known when the batch has ended."""

    comparison: Comparison | None = field(default=None, repr=False)
    """What came of the comparison with a base; then result, counts and changes are those of what
    the change of the configuration causes. None without a comparison."""

    planned_between: tuple[str, str] | None = field(default=None, repr=False)
    """When the plan began and ended by the clock of the server (ISO 8601); None where the server does not say."""

    input_state_version_id: str | None = field(default=None, repr=False)
    """The state that the plan began with; None where the server does not say."""

    times: tuple[tuple[str, float], ...] = field(default=(), repr=False)
    """When each status was seen first, in seconds after the plan's start here."""

    error: Exception | None = None
    """The problem on our side that ended the plan; None if the server decided the result."""

    still_running: bool = False
    """Whether its run goes on, or may go on, on the server although nobody waits for it here."""

    @property
    def local_name(self) -> str:
        """The name of the workspace alone, without its configuration."""
        return self.workspace.removeprefix(f"{self.configuration}:")

    @property
    def reason(self) -> str | None:
        """Why it failed, in one line; None when it did not."""
        return self.failure.reason if self.failure is not None else None

    @property
    def cost(self) -> Cost | None:
        """The estimated costs; None where the server has estimated none."""
        return next((check.cost for check in self.checks if check.cost is not None), None)

    @property
    def policies(self) -> tuple[PolicyResult, ...]:
        """The results of all policies, also of those that passed."""
        return tuple(policy for check in self.checks for policy in check.policy_results)

    @property
    def tasks(self) -> tuple[CheckReport, ...]:
        """The results of the run tasks."""
        return tuple(check for check in self.checks if check.is_task)

    @property
    def durations(self) -> PlanTimes:
        """How long it waited, planned and was checked, and how long all of it took."""
        return plan_times(self.times, self.seconds)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more can come of the workspace in this batch."""
        return not self.still_running and self.result is not Result.NOT_STARTED

    @property
    def succeeded(self) -> bool:
        """Whether there is a plan to read."""
        return self.result not in ENDED_WITHOUT_PLAN


def exit_code_of(
    outcomes: Iterable[Outcome], *, detailed: bool, gates: Iterable[GateResult] = ()
) -> int:
    """Return 1 when any plan failed, 3 when a gate did, 2 for changes if `detailed`, else 0."""
    outcomes = tuple(outcomes)
    results = [outcome.result for outcome in outcomes]
    if not all(outcome.succeeded for outcome in outcomes):
        return 1
    if any(gate.failed for gate in gates):
        return 3
    return 2 if detailed and Result.CHANGES in results else 0
