"""Times as text."""

import pytest

from remote_backend.formats.times import seconds_between, utc_now


def test_the_time_is_in_utc() -> None:
    """So that reports of several machines agree."""
    assert utc_now().endswith("+00:00")
    assert seconds_between(utc_now(), utc_now()) is not None


@pytest.mark.parametrize(
    ("started_at", "ended_at", "seconds"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:01:54.2+00:00", 114.2),
        ("2026-01-01T00:00:00Z", None, None),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00", None),
        ("yesterday", "2026-01-01T00:00:00Z", None),
    ],
    ids=["usual", "not ended", "without a zone", "no time"],
)
def test_seconds_between_times(
    started_at: str, ended_at: str | None, seconds: float | None
) -> None:
    """Times that cannot be read, as in damaged journals, have none."""
    assert seconds_between(started_at, ended_at) == seconds
