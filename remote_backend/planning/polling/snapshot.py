"""What a poll shows of a run, and what follows from it; pure, the time is an argument.

A run is read with its plan. Servers that do not include the plan (OTF answers 200 without
`included`) need a request for it by its id: once as soon as the run is known, because the plan
has the address of the log, and once more when the run is over, for the final status of the plan.
In between the status of the run is enough. `needs_plan` decides this.

A run ends in a status that is known as an end. Two more ends exist, which `rests` and `stalls`
decide: old servers leave a plan-only run in a status that usually passes, and a server may use a
status that this client does not know. Both need a plan that is over and a status that does not
change.
"""

import math

from attrs import define, frozen

from remote_backend.models.plan import Plan
from remote_backend.models.run import MOVING, Phase, Run
from remote_backend.planning.polling.failures import NO_FAILURES, PollFailures
from remote_backend.planning.polling.settings import PollSettings

__all__ = (
    "PollHistory",
    "RunSnapshot",
    "needs_plan",
    "reason_to_stop",
    "rests",
    "stalls",
)

# Servers of the first generation end a plan-only run in one of the first three. HCP Terraform's
# own CI tool (tfc-workflows-tooling) takes the last one for an end too.
_RESTING = frozenset({"planned", "policy_checked", "cost_estimated", "post_plan_completed"})
_PLAN_AGAIN_SECONDS = 5.0


@frozen
class RunSnapshot:
    """What one poll showed of a run."""

    run: Run
    plan: Plan | None
    settled: bool = False
    """Whether a status that usually passes is the last one of this server."""

    @property
    def is_over(self) -> bool:
        """Whether the run does not move any more unless a person acts."""
        return self.settled or self.run.is_over

    @property
    def succeeded(self) -> bool:
        """Whether the run made a plan that counts."""
        return self.settled or self.run.phase is Phase.SUCCEEDED

    @property
    def log_is_over(self) -> bool:
        """Whether the log is not written any more."""
        return self.is_over or (self.plan is not None and self.plan.is_final)

    @property
    def names_no_end(self) -> bool:
        """Whether the status may be the last one although it is not known as an end."""
        status = self.run.status
        return status in _RESTING or (not self.run.is_over and status not in MOVING)


@define
class PollHistory:
    """The polls of a run so far, apart from the newest snapshot."""

    status_since: float
    """When the status was first seen."""

    was_polled: bool = False
    """Whether the run was read since it was made."""

    failures: PollFailures = NO_FAILURES
    plan_seen_in: str | None = None
    """The status of the run when its plan was last seen or requested."""

    plan_seen_at: float = -math.inf

    def polled(self) -> None:
        """Record a poll that succeeded."""
        self.was_polled = True
        self.failures = NO_FAILURES

    def failed(self, error: Exception, began: float) -> None:
        """Record a poll that began at a time and failed."""
        self.failures = self.failures.with_failure(error, began)

    def plan_seen(self, run_status: str, now: float) -> None:
        """Record that the plan was seen, or requested without success."""
        self.plan_seen_in, self.plan_seen_at = run_status, now


def needs_plan(
    snapshot: RunSnapshot, *, seen_in: str | None, seen_seconds_ago: float, polled: bool
) -> bool:
    """Return whether the plan must be read by its id.

    `seen_in` is the status of the run when its plan was last seen or requested; `polled` says
    whether the run was read since it was made, which may have included the plan.
    """
    run, plan = snapshot.run, snapshot.plan
    if run.plan_id is None or (plan is not None and plan.is_final):
        return False
    if snapshot.is_over:
        return seen_in != run.status
    if plan is None or snapshot.names_no_end:
        return polled and (seen_in != run.status or seen_seconds_ago >= _PLAN_AGAIN_SECONDS)
    return False


def rests(
    snapshot: RunSnapshot,
    same_seconds: float,
    *,
    is_old_server: bool,
    settings: PollSettings,
) -> bool:
    """Return whether a status that usually passes is the end of a run whose plan is finished."""
    run, plan = snapshot.run, snapshot.plan
    if run.status not in _RESTING or plan is None or plan.status != "finished":
        return False
    if is_old_server:
        return same_seconds >= settings.settle_seconds
    # A run that can be canceled still moves.
    return run.actions.is_cancelable is not True and same_seconds >= settings.rest_seconds


def stalls(snapshot: RunSnapshot, same_seconds: float, settings: PollSettings) -> bool:
    """Return whether the end of a run cannot be known: its plan is over, its status is unknown."""
    if snapshot.is_over or not snapshot.names_no_end:
        return False
    plan_moves = snapshot.plan is not None and not snapshot.plan.is_final
    return not plan_moves and same_seconds >= settings.stall_seconds


def reason_to_stop(
    snapshot: RunSnapshot, history: PollHistory, now: float, settings: PollSettings
) -> str | None:
    """Return why a run cannot be followed to its end, or None while it can."""
    if snapshot.is_over:
        return None
    reason = history.failures.reason_to_stop(now, settings)
    if reason is None and stalls(snapshot, now - history.status_since, settings):
        plan_status = snapshot.plan.status if snapshot.plan else "not readable"
        return (
            f"it has stayed so for {settings.stall_seconds:g} s, its plan is {plan_status}, "
            "and no end of a run is known by this name"
        )
    return reason
