"""Failed polls of one run: when its polling ends, and the pauses until then."""

import pytest

from remote_backend.errors import NotFound, TransportError, UnexpectedAnswer
from remote_backend.planning.polling import PollSettings
from remote_backend.planning.polling.failures import PollFailures, back_off_seconds

SETTINGS = PollSettings()
LOST = TransportError("GET", "runs", "the connection broke", may_have_happened=True)


def failures_of(*errors: Exception) -> PollFailures:
    """Return the failures of polls that began a minute apart."""
    failures = PollFailures()
    for number, error in enumerate(errors):
        failures = failures.with_failure(error, 60.0 * number)
    return failures


MISSING = NotFound(404, "GET", "runs/run-1", ("not found",))
FORBIDDEN = NotFound(403, "GET", "runs/run-1", ("forbidden",))


@pytest.mark.parametrize(
    ("failures", "now", "reason"),
    [
        (failures_of(), 9999.0, None),
        (failures_of(LOST), 299.0, None),
        (failures_of(LOST), 300.0, "for 300 s every attempt to read it failed, the last"),
        (failures_of(LOST, UnexpectedAnswer("no JSON")), 300.0, "no JSON"),
        (failures_of(RuntimeError("secret")), 300.0, "the last one with: RuntimeError"),
        (failures_of(MISSING, MISSING), 120.0, None),
        (failures_of(MISSING, MISSING, MISSING), 120.0, "does not know it any more"),
        (failures_of(MISSING, LOST, MISSING, MISSING), 180.0, None),
        (failures_of(FORBIDDEN, FORBIDDEN, FORBIDDEN), 120.0, None),
    ],
)
def test_what_failed_polls_amount_to(
    failures: PollFailures, now: float, reason: str | None
) -> None:
    """Nothing for minutes; then, or when the run is gone, the end of this run alone (P140)."""
    reason_to_stop = failures.reason_to_stop(now, SETTINGS)

    assert (reason_to_stop is None) == (reason is None)
    assert reason is None or reason in (reason_to_stop or "")


def test_pauses_after_failures_grow() -> None:
    """From a moment to ten seconds, however many polls fail."""
    pauses = [back_off_seconds(count, SETTINGS) for count in range(1, 2000)]

    assert pauses[:3] == [0.2, 0.4, 0.8]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 10.0
