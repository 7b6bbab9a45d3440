"""When the lists of the runs of a batch are worth a request."""

import pytest

from remote_backend.errors import ApiError, NotFound, Rejected, TransportError
from remote_backend.planning.polling.run_lists import ListHealth

LOST = TransportError("GET", "runs", "the connection broke", may_have_happened=True)


def test_each_failure_doubles_the_rest_of_lists() -> None:
    """From two seconds to a minute; one success makes the next rest short again."""
    health = ListHealth()
    rests: list[float] = []
    for _ in range(20):
        health = health.after_failure(LOST, 100.0)
        rests.append(health.rest_until - 100.0)

    assert rests[:6] == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0]
    assert set(rests[6:]) == {60.0}
    assert not health.are_readable(159.9) and health.are_readable(160.0)
    assert health.after_success().are_readable(0.0)
    assert health.after_success().after_failure(LOST, 0.0).rest_until == 2.0


@pytest.mark.parametrize(
    ("error", "exist"),
    [
        (LOST, True),
        (RuntimeError("odd"), True),
        (ApiError(503, "GET", "runs", ()), True),
        (NotFound(404, "GET", "runs", ()), False),
        (NotFound(403, "GET", "runs", ()), False),
        (Rejected(422, "GET", "runs", ()), False),
        (ApiError(405, "GET", "runs", ()), False),
        (ApiError(501, "GET", "runs", ()), False),
    ],
)
def test_which_failures_mean_that_there_are_no_lists(error: Exception, exist: bool) -> None:
    """They are not read again then, however much time passes."""
    health = ListHealth().after_failure(error, 0.0)

    assert health.are_readable(1e9) is exist
    assert health.after_success().are_readable(1e9) is exist
