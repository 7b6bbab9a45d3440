"""What the workspaces of one configuration are compared with; a batch has one for each."""

from collections.abc import Mapping
from typing import Protocol

from attrs import field, frozen

from remote_backend.models.outcome import Outcome
from remote_backend.planning.archives import Archives
from remote_backend.planning.base import Planner
from remote_backend.planning.batch_context import BatchContext
from remote_backend.planning.second_runs import SecondRuns
from remote_backend.planning.workspace_planner import Ending, WorkspacePlanner
from remote_backend.plans.compared_outcome import (
    compare_outcomes,
    outcome_of_new_workspace,
)
from remote_backend.workspaces import LocalWorkspace

__all__ = (
    "ConfigurationBase",
    "EarlierPlans",
    "PlannedConcurrently",
    "UnknownBase",
)


class ConfigurationBase(Protocol):
    """The base of one configuration."""

    @property
    def runs_per_workspace(self) -> int:
        """How many runs a workspace has."""

    def planner(self, head: WorkspacePlanner, second_runs: SecondRuns) -> Planner:
        """Return what plans the workspaces of the head, and compares."""


@frozen(kw_only=True)
class PlannedConcurrently:
    """A base that a second run of each workspace plans."""

    context: BatchContext
    archives: Archives | None = None
    """None for those of the head."""

    runs_per_workspace: int = 2

    def planner(self, head: WorkspacePlanner, second_runs: SecondRuns) -> Planner:
        """Return what plans both, and compares."""
        return second_runs.planner(head, self.context, self.archives or head.archives)


@frozen(kw_only=True)
class EarlierPlans:
    """A base whose plans are known already; a workspace that is not among them is new."""

    outcomes: Mapping[str, Outcome] = field(factory=dict, repr=False)
    """By the names of the remote workspaces."""

    runs_per_workspace: int = 1

    def planner(self, head: WorkspacePlanner, second_runs: SecondRuns) -> Planner:
        """Return what compares each plan with the earlier one."""
        return _AgainstEarlierPlans(head, self)

    def compare(self, head: Outcome, *, is_drift: bool) -> Outcome:
        """Return the outcome of a plan, compared."""
        base = self.outcomes.get(head.full_name)
        if base is None:
            return outcome_of_new_workspace(head, is_drift=is_drift)
        return compare_outcomes(head, base, is_drift=is_drift)


@frozen(kw_only=True)
class UnknownBase:
    """A base that cannot be read; the plans of the head are reported whole all the same."""

    runs_per_workspace: int = 1

    def planner(self, head: WorkspacePlanner, second_runs: SecondRuns) -> Planner:
        """Return what plans the head, and says that there is nothing to compare it with."""
        return _AgainstEarlierPlans(head, self)

    def compare(self, head: Outcome, *, is_drift: bool) -> Outcome:
        """Return the outcome of a plan without a base."""
        return compare_outcomes(head, None, is_drift=is_drift)


@frozen
class _AgainstEarlierPlans:
    """Plans workspaces, and compares each plan without a second run."""

    head: WorkspacePlanner
    base: EarlierPlans | UnknownBase

    async def plan(self, workspace: LocalWorkspace, end: Ending) -> None:
        """Plan a workspace, and call `end` with the compared outcome."""
        is_drift = self.head.running.options.plan.refresh_only

        async def compare(outcome: Outcome | None) -> None:
            await end(
                None if outcome is None else self.base.compare(outcome, is_drift=is_drift)
            )

        await self.head.plan(workspace, compare)
