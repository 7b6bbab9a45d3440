"""What the statuses of runs mean."""

import pytest

from remote_backend.models.run import (
    AWAITING_DECISION,
    FAILED,
    MOVING,
    SUCCEEDED,
    Phase,
    phase_of,
)
from tests.support.run_documents import RUN_STATUSES


@pytest.mark.parametrize("status", [*RUN_STATUSES, "brand_new_status"])
def test_every_status_is_in_one_class(status: str) -> None:
    """Final, waiting for a person, or moving; a word nobody knows moves (P19, P20)."""
    classes = [
        status in statuses for statuses in (SUCCEEDED, FAILED, AWAITING_DECISION, MOVING)
    ]

    assert classes.count(True) == (status != "brand_new_status")
    expected = [Phase.SUCCEEDED, Phase.FAILED, Phase.AWAITING_DECISION, Phase.MOVING]
    assert phase_of(status) is expected[classes.index(True) if any(classes) else 3]
