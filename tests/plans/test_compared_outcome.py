"""How head and base of a workspace ended, against each other."""

import pytest
from attrs import evolve

from remote_backend.models.comparison import ChangeClass, ComparisonResult
from remote_backend.models.failure import FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.plans.compared_outcome import compare_outcomes
from tests.support.report_builders import failed_with, outcome, plan, update

DRIFT = update("aws_vpc.a", "1", "9")
REPAIR = update("aws_vpc.a", "9", "1")


def classes(compared: Outcome) -> list[ChangeClass]:
    """Return the classes of all changes."""
    assert compared.comparison is not None
    return [change.change_class for change in compared.comparison.changes]


def test_an_unread_plan_has_unknown_drift() -> None:
    """A plan without changes is not read, and its drift must not look like a change in between.

    The base would undo what was changed outside, and the head takes that over.
    """
    base = outcome("dev", plan(REPAIR, resource_drift=[DRIFT]))
    compared = compare_outcomes(outcome("dev"), base)

    assert classes(compared) == [ChangeClass.UNDONE]
    assert compared.comparison is not None
    assert not compared.comparison.state_changed
    assert compared.result is Result.CHANGES
    assert compared.counts == Counts()


def test_drift_that_an_unread_base_may_have_is_pending() -> None:
    """Nobody knows whether the base has it, and no configuration causes it."""
    head = outcome("dev", plan(update("aws_vpc.b", "1", "2"), resource_drift=[DRIFT]))
    compared = compare_outcomes(head, outcome("dev"))

    assert classes(compared) == [ChangeClass.CAUSED, ChangeClass.PENDING]
    assert compared.comparison is not None
    assert not compared.comparison.state_changed


def test_other_states_are_a_change_in_between() -> None:
    """Equal ids of the stored states prove that both plans began with the same one."""
    head = outcome("dev", plan(REPAIR), input_state_version_id="sv-2")
    same = outcome("dev", plan(REPAIR), input_state_version_id="sv-2")
    other = outcome("dev", plan(REPAIR), input_state_version_id="sv-1")

    for base, state_changed in ((same, False), (other, True)):
        compared = compare_outcomes(head, base)
        assert compared.comparison is not None
        assert compared.comparison.state_changed is state_changed


def test_a_base_whose_changes_cannot_be_read_is_none() -> None:
    """The whole plan of the head is shown, headed by what is missing."""
    unread = outcome("dev", result=Result.CHANGES, counts=Counts(1))
    compared = compare_outcomes(outcome("dev", plan(REPAIR)), unread)

    assert compared.comparison is not None
    assert compared.comparison.result is ComparisonResult.NO_BASE
    assert classes(compared) == [ChangeClass.CAUSED]


@pytest.mark.parametrize(
    ("kind", "run_id", "expected"),
    [
        (FailureKind.TERRAFORM, "run-1", ComparisonResult.BREAKS),
        (FailureKind.CONNECTION, "run-1", None),
        (FailureKind.CONFIGURATION, None, None),
    ],
    ids=["an error of Terraform", "a lost connection", "a version that was refused"],
)
def test_only_errors_of_the_configuration_break(
    kind: FailureKind, run_id: str | None, expected: ComparisonResult | None
) -> None:
    """A plan that never ran, or lost its server, says nothing about the change."""
    failed = outcome("dev", result=Result.FAILED, failure=failed_with("an error", kind))
    head = evolve(failed, run_id=run_id)
    found = compare_outcomes(head, outcome("dev")).comparison

    assert (None if found is None else found.result) is expected


def test_the_plan_time_of_redacted_plans_is_that_of_the_server() -> None:
    """Between the two times of its run, a new time is the time of the plan."""
    head = outcome(
        "dev",
        plan(update("aws_vpc.a", "0", "2026-11-27T06:00:05Z")),
        planned_between=("2026-11-27T06:00:00Z", "2026-11-27T06:00:09Z"),
    )
    base = outcome(
        "dev",
        plan(update("aws_vpc.a", "0", "2026-11-27T05:00:05Z")),
        planned_between=("2026-11-27T05:00:00Z", "2026-11-27T05:00:09Z"),
    )

    assert classes(compare_outcomes(head, base)) == [ChangeClass.PENDING]
