"""Drift that matters to a plan, and drift that does not."""

from typing import Any

import pytest

from remote_backend.models.changes import PlannedChanges
from remote_backend.plans.groups import group_outcomes
from remote_backend.reports.to_html import to_html
from remote_backend.reports.to_markdown import to_markdown
from tests.support.report_builders import change, outcome, plan, report, update

WEB = "aws_instance.web[0]"
CREATES = change("aws_eip.web", "create")
OTHER = update("aws_instance.other", "a", "b")


def planned(*relevant: tuple[str, list[Any]], creates: bool = True) -> PlannedChanges:
    """Return a plan with drift of one object, and with what it depends on."""
    return plan(
        *([CREATES] if creates else []),
        resource_drift=[update(WEB, "10.0.0.0/8", "10.1.0.0/16")],
        relevant_attributes=[
            {"resource": resource, "attribute": path} for resource, path in relevant
        ],
    )


@pytest.mark.parametrize(
    ("relevant", "is_related"),
    [
        ([(WEB, ["cidr"])], True),
        ([(WEB, [])], True),
        ([("aws_instance.web", ["cidr"])], True),
        ([(WEB, ["cidr", "first"])], True),
        ([(WEB, ["id"])], False),
        ([("aws_instance.web[1]", ["cidr"])], False),
        ([("aws_instance.we", ["cidr"])], False),
        ([], False),
    ],
)
def test_drift_matters_where_the_plan_depends_on_it(
    relevant: list[tuple[str, list[Any]]], is_related: bool
) -> None:
    """By the attributes that the plan lists; a whole resource stands for its instances."""
    assert bool(planned(*relevant).related_drift) is is_related


def test_drift_alone_is_news() -> None:
    """A plan that only refreshes depends on nothing, and all of its drift is shown."""
    assert planned(creates=False).related_drift
    assert plan(CREATES, resource_drift=[OTHER]).related_drift  # of Terraform before 1.2


def test_drift_that_does_not_matter_is_folded_and_splits_no_group() -> None:
    """Two hundred workspaces with the same change stay one group, whatever else was changed."""
    quiet, noisy = outcome("a", plan(CREATES)), outcome("b", planned())
    [family] = group_outcomes([quiet, noisy])
    assert len(family.groups) == 1 and "10.1" not in family.title
    words = "on which the plan does not depend"
    assert f"1 object changed outside, {words}" in to_markdown(report(noisy))
    assert f"Changed outside of Terraform, {words}" in to_html(report(noisy))
