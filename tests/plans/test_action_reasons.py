"""Reasons of actions as words."""

import pytest

from remote_backend.models.changes import ResourceChange
from remote_backend.plans.action_reasons import reason_text


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (None, ""),
        ("replace_because_tainted", "it is tainted"),
        ("requested", "as requested"),
        ("delete_because_no_resource_config", ""),
        ("delete_because_count_index", "its index is beyond count"),
        ("replace_because_of_the_moon", "replace because of the moon"),
    ],
)
def test_reasons_are_said_in_words(reason: str | None, text: str) -> None:
    """Those of plans and of structured logs; one of a later Terraform as it is."""
    change = ResourceChange(address="a.b", action="replace", action_reason=reason)
    assert reason_text(change) == text
