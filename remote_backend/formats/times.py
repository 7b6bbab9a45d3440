"""Times as text: ISO 8601, in UTC."""

from datetime import UTC, datetime

__all__ = ("seconds_between", "utc_now")


def utc_now() -> str:
    """Return the time with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def seconds_between(started_at: str, ended_at: str | None) -> float | None:
    """Return the seconds from one time to another; None unless both can be read."""
    try:
        started = datetime.fromisoformat(started_at)
        return round((datetime.fromisoformat(ended_at or "") - started).total_seconds(), 1)
    except (TypeError, ValueError):
        return None
