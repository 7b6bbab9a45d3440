"""Few logs are shown at once; hundreds cost their host few requests."""

import pytest
from attrs import evolve

from remote_backend.planning.log_pace import log_settings_for
from remote_backend.planning.log_state import LogSettings


@pytest.mark.parametrize(
    ("workspaces", "first_wait_seconds", "longest_wait_seconds"),
    [
        (1, 0.03, 1.0),
        (3, 0.03, 1.0),
        (4, 0.1, 1.0),
        (100, 0.1, 1.0),
        (160, 0.2, 1.6),
        (1000, 0.5, 2.0),
    ],
)
def test_logs_are_read_more_slowly_in_large_batches(
    workspaces: int, first_wait_seconds: float, longest_wait_seconds: float
) -> None:
    """The first wait and the longest grow with the batch, up to two seconds."""
    settings = log_settings_for(LogSettings(), workspaces)

    assert settings.first_wait_seconds == first_wait_seconds
    assert settings.longest_wait_seconds == longest_wait_seconds


@pytest.mark.parametrize("workspaces", [1, 1000])
def test_chosen_settings_stay_where_they_are_slower(workspaces: int) -> None:
    """Nothing makes a caller's own settings quicker."""
    chosen = evolve(LogSettings(), longest_wait_seconds=5.0)

    assert log_settings_for(chosen, workspaces) == chosen
