"""The numbers of a batch."""

from decimal import Decimal

from remote_backend.models.changes import PlannedChanges, ResourceChange
from remote_backend.models.cost import Cost
from remote_backend.models.failure import Failure, FailureKind
from remote_backend.models.outcome import Result
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport, PolicyResult
from remote_backend.plans.results import replaced_count
from remote_backend.plans.totals import Totals, totals_of
from tests.support.report_builders import outcome

POLICY = PolicyResult(name="tags", level="hard-mandatory", status="failed")


def replacing(count: int) -> PlannedChanges:
    """Return changes that replace some resources."""
    return PlannedChanges(
        resources=tuple(
            ResourceChange(address=f"a.b[{number}]", action="replace")
            for number in range(count)
        )
    )


def estimate(prior: str, proposed: str) -> CheckReport:
    """Return a cost estimate."""
    before, after = Decimal(prior), Decimal(proposed)
    cost = Cost(prior=before, proposed=after, delta=after - before)
    return CheckReport(kind="cost estimate", name="cost", status="finished", cost=cost)


def test_nothing_comes_to_nothing() -> None:
    """No workspace, no cost."""
    assert totals_of(()) == Totals()


def test_every_workspace_counts_once() -> None:
    """By how it ended; one whose run may go on is running, whatever its result."""
    totals = totals_of(
        (
            outcome("a", replacing(2), counts=Counts(5, 1, 3, 1)),
            outcome("b", PlannedChanges(), result=Result.CHANGES, counts=Counts(1, 0, 0)),
            outcome("c"),
            outcome("d", result=Result.FAILED),
            outcome("e", result=Result.FAILED, still_running=True),
            outcome("f", result=Result.CANCELED),
            outcome("g", result=Result.NOT_STARTED),
        )
    )

    assert totals == Totals(
        workspaces=7, failed=1, canceled=2, running=1, changed=2, destructive=1,
        unchanged=1, add=6, change=1, destroy=3, replace=2, imported=1,
    )  # fmt: skip


def test_plans_that_nobody_may_use_change_nothing() -> None:
    """The counts of a plan that a policy refused are kept, and are not in the sum."""
    refused = outcome("a", replacing(1), result=Result.FAILED, counts=Counts(1, 0, 1))

    totals = totals_of([refused])

    assert (totals.add, totals.destroy, totals.replace) == (0, 0, 0)


def test_costs_are_added_with_all_digits() -> None:
    """Decimals stay decimals: 0.1 and 0.2 are 0.3."""
    outcomes = [
        outcome("a", checks=(estimate("0.1", "0.3"),)),
        outcome("b", checks=(estimate("0.2", "0"),)),
        outcome("c"),
    ]

    assert totals_of(outcomes).cost == Cost(
        prior=Decimal("0.3"), proposed=Decimal("0.3"), delta=Decimal("0.0")
    )


def test_failed_policies_count_by_workspace() -> None:
    """Two in one workspace are one; a failure in a journal is enough; advisory ones are none."""
    refusal = CheckReport(
        kind="policy check", name="x", status="hard_failed", failed=True, policies=(POLICY,)
    )
    advice = CheckReport(kind="policy evaluation", name="x", status="passed")
    task = CheckReport(kind="run task", name="x", status="failed", failed=True)
    failure = Failure(kind=FailureKind.POLICY, title="policy tags", policies=(POLICY,))
    totals = totals_of(
        (
            outcome("a", result=Result.FAILED, checks=(refusal, refusal)),
            outcome("b", checks=(advice,)),
            outcome("c", result=Result.FAILED, failure=failure),
            outcome("d", result=Result.FAILED, checks=(task,)),
        )
    )

    assert (totals.policies_failed, totals.policies_checked) == (2, 3)


def test_parts_that_are_not_understood_are_counted() -> None:
    """They are never dropped without a word (N33)."""
    changes = PlannedChanges(not_understood=("action_invocations", "a resource mode"))

    assert totals_of([outcome("a", changes)]).not_understood == 2


def test_replacements_are_counted_where_changes_are_known() -> None:
    """Numbers of a server do not say what is replaced; a plan without any replaces none."""
    assert replaced_count(outcome("a", replacing(2))) == 2
    assert replaced_count(outcome("a", result=Result.CHANGES, counts=Counts(1))) is None
    assert replaced_count(outcome("a", counts=Counts())) == 0
