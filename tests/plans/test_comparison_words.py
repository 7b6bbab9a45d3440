"""What comparisons of a batch say in a few words."""

from typing import Any

from remote_backend.models.outcome import Outcome
from remote_backend.plans.compared_outcome import compare_outcomes
from remote_backend.plans.comparison_words import alike_changes
from tests.support.report_builders import change, outcome, plan, update


def pending(name: str, planned: Any) -> Outcome:
    """Return the outcome of a workspace whose head and base plan the same."""
    both = outcome(name, plan(planned))
    return compare_outcomes(both, both)


def test_one_address_with_two_actions_is_listed_twice() -> None:
    """A create in one workspace must not be said of the others, which only change the object."""
    created = change("aws_vpc.a", "create", change={"after": {"cidr": "2"}})
    alike = alike_changes(
        [
            pending("new", created),
            pending("dev", update("aws_vpc.a", "1", "2")),
            pending("prod", update("aws_vpc.a", "1", "2")),
        ]
    )

    assert [
        (getattr(one.example.change, "action", None), one.workspaces) for one in alike
    ] == [("update", ("dev", "prod")), ("create", ("new",))]
