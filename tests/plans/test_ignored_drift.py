"""Drift that somebody has decided to ignore."""

import pytest

from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.ignored_drift import without_ignored_drift
from tests.support.report_builders import change, outcome, plan

GROUP = "module.web.aws_autoscaling_group.a[0]"
SIDES = {
    "before": {"size": 2, "tags": {"Cost": "1", "x.y": "1"}},
    "after": {"size": 3, "tags": {"Cost": "2", "x.y": "2"}},
}
DRIFTED = plan(resource_drift=[change(GROUP, "update", change=SIDES)])
GONE = plan(
    resource_drift=[change("aws_instance.old", "delete", change={"before": {"a": 1}})]
)


def left(
    planned: Outcome, *patterns: str, is_drift: bool = True
) -> tuple[int, int, Result]:
    """Return how many attributes are left and left out, and the result."""
    kept = without_ignored_drift(planned, patterns, is_drift=is_drift)
    assert kept.changes is not None
    attributes = sum(len(each.attributes) for each in kept.changes.drift)
    return attributes, kept.ignored_drift, kept.result


@pytest.mark.parametrize(
    ("patterns", "attributes", "ignored"),
    [
        ((), 3, 0),
        (("*.size",), 2, 1),
        (("*.aws_autoscaling_group.*.tags.Cost",), 2, 1),
        (('*.tags["x.y"]',), 2, 1),
        (("module.web.*[0].size", "*.tags*"), 0, 3),
        (("aws_autoscaling_group.*",), 3, 0),
        ((GROUP,), 3, 0),
    ],
)
def test_a_pattern_is_for_address_and_attribute(
    patterns: tuple[str, ...], attributes: int, ignored: int
) -> None:
    """Whole texts match, brackets mean themselves, and what is left out is counted."""
    result = Result.CHANGES if attributes else Result.NO_CHANGES
    assert left(outcome("dev", DRIFTED), *patterns) == (attributes, ignored, result)


def test_a_deleted_object_has_its_address_alone() -> None:
    """A pattern for attributes must not hide that the whole object is gone."""
    assert left(outcome("dev", GONE), "*.a")[2] is Result.CHANGES
    assert left(outcome("dev", GONE), "aws_instance.old")[1:] == (1, Result.NO_CHANGES)


def test_the_changes_of_a_plan_stay() -> None:
    """Only what has happened outside can be ignored, and another plan keeps its result."""
    both = plan(
        change("a.b", "create"), resource_drift=[change(GROUP, "update", change=SIDES)]
    )
    kept = without_ignored_drift(outcome("dev", both), ["*"], is_drift=False)
    assert kept.changes is not None and len(kept.changes.resources) == 1
    assert (kept.result, kept.ignored_drift) == (Result.CHANGES, 3)


def test_an_outcome_without_details_stays_as_it_is() -> None:
    """Nothing is known of its drift, so nothing of it can be ignored."""
    unknown = outcome("dev", None, result=Result.CHANGES)
    assert without_ignored_drift(unknown, ["*"], is_drift=True) is unknown
