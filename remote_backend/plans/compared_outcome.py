"""The outcome of a workspace with its comparison: how head and base ended, against each other.

What a reader looks at is what the change causes. So the outcome that is returned has the result, the
counts and the changes of that part alone; the whole plan of the head is kept in its comparison.
"""

from collections.abc import Iterable

from attrs import evolve

from remote_backend.models.changes import PlannedChanges
from remote_backend.models.comparison import (
    EFFECTIVE,
    ChangeClass,
    ComparedChange,
    Comparison,
    ComparisonResult,
    Section,
)
from remote_backend.models.failure import FailureKind
from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.change_match import Matcher, Secrets
from remote_backend.plans.comparison import compare_plans, effect_of
from remote_backend.plans.error_key import error_key
from remote_backend.plans.first_failure import first_failure
from remote_backend.plans.plan_time import PlanTime

__all__ = ("compare_outcomes", "outcome_of_new_workspace", "planned")


def compare_outcomes(
    head: Outcome,
    base: Outcome | None,
    *,
    secrets: Secrets | None = None,
    is_drift: bool = False,
) -> Outcome:
    """Return the outcome of the head with its comparison to the base.

    None for the base means that its plan is not known. An outcome without a plan, or whose changes
    are not known, keeps its result. One that was canceled, or failed by something else than its
    configuration, stays as it is. `is_drift` is for plans that only refresh.
    """
    if not head.succeeded and head.result is not Result.FAILED:
        # What was stopped says nothing about a change.
        return head
    result = _result_of(head, base)
    if head.result is Result.FAILED and not (
        result is ComparisonResult.FAILED_BEFORE or _is_of_configuration(head)
    ):
        return head
    if result is not ComparisonResult.COMPARED or base is None:
        return _uncompared(head, base, result, is_drift=is_drift)
    head_plan, base_plan = planned(head), planned(base)
    if head_plan is None or base_plan is None:
        return _uncompared(head, base, ComparisonResult.NO_BASE, is_drift=is_drift)
    if not is_drift:
        base_plan = _with_comparable_drift(head, base, base_plan)
    matcher = _matcher(head, base, secrets)
    compared = compare_plans(head_plan, base_plan, matcher, is_drift=is_drift)
    comparison = Comparison(
        result=result,
        changes=compared.changes,
        # The marks have served their purpose, and plans of a large batch take enough memory.
        plan=evolve(head_plan, before_marks={}),
        state_changed=compared.state_changed or _began_with_other_states(head, base),
        base_run_id=base.run_id,
        base_run_url=base.run_url,
    )
    effective = comparison.of_class(*EFFECTIVE)
    effect = effect_of(head_plan, base_plan, effective)
    return _with_effect(head, comparison, effect)


def outcome_of_new_workspace(head: Outcome, *, is_drift: bool = False) -> Outcome:
    """Return the outcome of a workspace that the base does not have: all of it is caused."""
    return _uncompared(head, None, ComparisonResult.NEW, is_drift=is_drift)


def planned(outcome: Outcome) -> PlannedChanges | None:
    """Return the whole plan of an outcome; None where it is not known."""
    if outcome.comparison is not None:
        return outcome.comparison.plan
    if outcome.changes is None and outcome.result is Result.NO_CHANGES:
        return PlannedChanges()
    return outcome.changes if outcome.succeeded else None


def _result_of(head: Outcome, base: Outcome | None) -> ComparisonResult:
    if base is None:
        return ComparisonResult.NO_BASE
    if head.result is Result.FAILED and base.succeeded:
        return ComparisonResult.BREAKS
    if head.succeeded and base.succeeded:
        return ComparisonResult.COMPARED
    if base.result is not Result.FAILED:
        return ComparisonResult.NO_BASE
    if head.succeeded:
        is_repair = _is_of_configuration(base)
        return ComparisonResult.REPAIRS if is_repair else ComparisonResult.NO_BASE
    are_same = head.result is Result.FAILED and _error(head) == _error(base)
    return ComparisonResult.FAILED_BEFORE if are_same else ComparisonResult.NO_BASE


def _is_of_configuration(failed: Outcome) -> bool:
    """Return whether a change of the configuration can be the cause, or the repair, of a failure.

    A version of Terraform that the server does not have ends a plan before it has a run.
    """
    kind = failed.failure.kind if failed.failure is not None else FailureKind.TERRAFORM
    if kind is FailureKind.CONFIGURATION:
        return failed.run_id is not None
    return kind in (FailureKind.TERRAFORM, FailureKind.POLICY)


def _error(outcome: Outcome) -> tuple[str, ...] | None:
    failure = first_failure(outcome)
    names = {outcome.local_name, outcome.full_name}
    return None if failure is None else error_key(failure, names)


def _uncompared(
    head: Outcome, base: Outcome | None, result: ComparisonResult, *, is_drift: bool
) -> Outcome:
    """Return an outcome whose whole plan counts, because there is no plan to compare it with."""
    plan = planned(head)
    return evolve(
        head,
        comparison=Comparison(
            result=result,
            changes=tuple(_all_caused(plan, is_drift=is_drift)) if plan is not None else (),
            plan=plan,
            base_failure=first_failure(base) if base is not None else None,
            base_run_id=base.run_id if base is not None else None,
            base_run_url=base.run_url if base is not None else None,
        ),
    )


def _all_caused(plan: PlannedChanges, *, is_drift: bool) -> Iterable[ComparedChange]:
    """Give the classes of a plan without a base: what the plan does is caused, drift is not."""
    for change in compare_plans(plan, PlannedChanges(), is_drift=is_drift).changes:
        is_caused = is_drift or change.section is not Section.DRIFT
        unsure = ChangeClass.PENDING_UNSURE
        change_class = ChangeClass.CAUSED if is_caused else unsure
        yield evolve(change, change_class=change_class, partner=None)


def _with_comparable_drift(
    head: Outcome, base: Outcome, base_plan: PlannedChanges
) -> PlannedChanges:
    """Return the plan of the base with the drift that can be compared.

    A plan without changes is not read, so nobody knows its drift. That must not look as if something
    had changed between the two plans.
    """
    if head.changes is None:
        return evolve(base_plan, drift=())
    return (
        evolve(base_plan, drift=head.changes.drift) if base.changes is None else base_plan
    )


def _began_with_other_states(head: Outcome, base: Outcome) -> bool:
    states = {head.input_state_version_id, base.input_state_version_id}
    return None not in states and len(states) > 1


def _matcher(head: Outcome, base: Outcome, secrets: Secrets | None) -> Matcher:
    times = (_time_of(head), _time_of(base))
    return Matcher(*times) if secrets is None else Matcher(*times, secrets)


def _time_of(outcome: Outcome) -> PlanTime:
    plan = planned(outcome)
    exact = plan.timestamp if plan is not None else None
    return PlanTime(exact, outcome.planned_between)


def _with_effect(head: Outcome, comparison: Comparison, effect: PlannedChanges) -> Outcome:
    """Return an outcome with the result, counts and changes of what the change causes."""
    has_effect = comparison.has_effect
    return evolve(
        head,
        result=Result.CHANGES if has_effect else Result.NO_CHANGES,
        counts=effect.counts,
        changes=effect,
        comparison=comparison,
    )
