"""Whether plans would still do exactly what an earlier report says."""

from collections import Counter
from collections.abc import Iterable, Iterator

from remote_backend.models.comparison import ChangeClass, ComparisonResult
from remote_backend.models.gates import GateKind, GateResult, GateRule
from remote_backend.models.outcome import Outcome

__all__ = ("is_as_reported", "verification_of")

_RULE = GateRule(text="verify", kind=GateKind.ANY)
# A report holds no sensitive values, so a plan is as reported where it names the same ones.
_AS_REPORTED = frozenset({ChangeClass.PENDING, ChangeClass.CANNOT_TELL})


def is_as_reported(outcome: Outcome) -> bool:
    """Whether a workspace would do what its comparison with a report finds there, no more and no less."""
    comparison = outcome.comparison
    if comparison is None:
        return False
    if comparison.result is ComparisonResult.FAILED_BEFORE:
        return True
    is_compared = comparison.result is ComparisonResult.COMPARED
    return is_compared and _AS_REPORTED.issuperset(
        change.change_class for change in comparison.changes
    )


def verification_of(outcomes: Iterable[Outcome], reported: Iterable[Outcome]) -> GateResult:
    """Return a gate that fails for each workspace that differs; `reported` are those of the report.

    A workspace that is only in the report, or only planned, differs as well.
    """
    outcomes, reported = tuple(outcomes), tuple(reported)
    differing = (each.workspace for each in outcomes if not is_as_reported(each))
    names = (*differing, *_missing(outcomes, reported))
    return GateResult(rule=_RULE, count=len(names), workspaces=names)


def _missing(outcomes: Iterable[Outcome], reported: Iterable[Outcome]) -> Iterator[str]:
    """Yield the workspaces of a report that were not planned.

    Local names depend on the other workspaces of a batch, so names on the server are compared. A
    directory may have been renamed, and two organizations may have workspaces of one name: those
    of the same directory are found first, and the others are counted.
    """
    planned = Counter(map(_identity, outcomes))
    elsewhere = planned - Counter(map(_identity, reported))
    left = Counter(name for _, name in elsewhere.elements())
    for outcome in reported:
        planned[_identity(outcome)] -= 1
        if planned[_identity(outcome)] >= 0:
            continue
        left[outcome.full_name] -= 1
        if left[outcome.full_name] < 0:
            yield outcome.workspace


def _identity(outcome: Outcome) -> tuple[str, str]:
    return outcome.configuration, outcome.full_name
