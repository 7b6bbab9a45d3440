"""What the plans of a batch come to together, in numbers."""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add

from attrs import frozen

from remote_backend.models.cost import Cost
from remote_backend.models.failure import FailureKind
from remote_backend.models.outcome import Outcome
from remote_backend.plans.results import is_destructive, replaced_count, result_name

__all__ = ("Totals", "totals_of")


@frozen(kw_only=True)
class Totals:
    """How many workspaces ended how, and what would become of their resources."""

    workspaces: int = 0
    failed: int = 0
    canceled: int = 0
    running: int = 0
    """Whose runs go on, or may go on, although nobody waits for them."""

    changed: int = 0
    destructive: int = 0
    """How many of those that change destroy, replace or forget something."""

    unchanged: int = 0
    add: int = 0
    """How many resources are created, in the workspaces that have a plan; as Terraform counts
    them, so a replaced resource counts once in `add` and once in `destroy`."""

    change: int = 0
    destroy: int = 0
    replace: int = 0
    imported: int = 0
    policies_failed: int = 0
    """In how many workspaces a mandatory policy failed, also where the plan was finished."""

    policies_checked: int = 0
    """In how many workspaces policies are known to have been checked."""

    not_understood: int = 0
    """How many parts of plans this version does not know."""

    cost: Cost | None = None
    """The sum of all estimates; None where there is none."""


def totals_of(outcomes: Iterable[Outcome]) -> Totals:
    """Return the totals of some workspaces."""
    outcomes = tuple(outcomes)
    names = [result_name(outcome) for outcome in outcomes]
    planned = [outcome for outcome in outcomes if outcome.succeeded]
    counts = [outcome.counts for outcome in planned if outcome.counts is not None]
    return Totals(
        workspaces=len(outcomes),
        failed=names.count("failed"),
        canceled=names.count("canceled"),
        running=names.count("running"),
        changed=names.count("changed"),
        destructive=sum(map(is_destructive, outcomes)),
        unchanged=names.count("unchanged"),
        add=sum(count.add for count in counts),
        change=sum(count.change for count in counts),
        destroy=sum(count.destroy for count in counts),
        replace=sum(replaced_count(outcome) or 0 for outcome in planned),
        imported=sum(count.imported for count in counts),
        policies_failed=sum(map(_has_failed_policy, outcomes)),
        policies_checked=sum(map(_has_policies, outcomes)),
        not_understood=sum(map(_not_understood, outcomes)),
        cost=_sum_of([outcome.cost for outcome in outcomes if outcome.cost is not None]),
    )


def _has_failed_policy(outcome: Outcome) -> bool:
    if any(check.is_policy and check.failed for check in outcome.checks):
        return True
    failure = outcome.failure
    # Of an outcome that a journal has recorded, the failure is all that is known.
    return failure is not None and (
        failure.kind is FailureKind.POLICY or bool(failure.policies)
    )


def _has_policies(outcome: Outcome) -> bool:
    return bool(outcome.policies) or _has_failed_policy(outcome)


def _not_understood(outcome: Outcome) -> int:
    return 0 if outcome.changes is None else len(outcome.changes.not_understood)


def _sum_of(costs: Sequence[Cost]) -> Cost | None:
    return reduce(add, costs) if costs else None
