"""From outcomes to the exit code of a command."""

import pytest

from remote_backend.models.outcome import Outcome, Result, exit_code_of


@pytest.mark.parametrize(
    ("results", "detailed", "code"),
    [
        ((Result.NO_CHANGES,), True, 0),
        ((Result.CHANGES, Result.NO_CHANGES), True, 2),
        ((Result.CHANGES,), False, 0),
        ((Result.CHANGES, Result.FAILED), True, 1),
        ((Result.CANCELED,), False, 1),
    ],
)
def test_exit_codes(results: tuple[Result, ...], detailed: bool, code: int) -> None:
    """A failure outweighs changes (P136)."""
    outcomes = [Outcome(workspace="x", full_name="x", result=result) for result in results]

    assert exit_code_of(outcomes, detailed=detailed) == code
