"""The three numbers that GitLab shows in a merge request."""

import json

from remote_backend.models.plan import Counts
from remote_backend.reports.to_gitlab import to_gitlab
from tests.support.report_builders import outcome, report


def test_numbers_are_sums_over_the_batch() -> None:
    """Exactly three keys: GitLab shows an error when one is missing."""
    numbers = to_gitlab(
        report(
            outcome("a", counts=Counts(2, 1, 0, 0)), outcome("b", counts=Counts(1, 0, 3, 1))
        )
    )

    assert json.loads(numbers) == {"create": 3, "update": 1, "delete": 3}


def test_a_number_has_six_digits_at_most() -> None:
    """GitLab shows an error in place of a longer one."""
    numbers = to_gitlab(report(outcome("a", counts=Counts(1_200_000, 999_999, 0, 0))))

    assert json.loads(numbers) == {"create": 999_999, "update": 999_999, "delete": 0}
