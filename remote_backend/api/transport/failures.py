"""What kind of fault an exchange ended with, and how long a server asks to wait."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import Enum

from remote_backend.errors import FINAL_STATUSES

__all__ = ("Failure", "retry_after_seconds", "failure_of")

# Seconds and milliseconds since 1970 are larger than any time that a server can mean by a wait.
_FIRST_EPOCH_SECONDS = 1e9
_FIRST_EPOCH_MILLISECONDS = 1e12


class Failure(Enum):
    """Kinds of faults, told apart by what may be done about them."""

    THROTTLED = "throttled"
    """Nothing happened; try again when told."""

    NOT_SENT = "unreached"
    """The request never got there."""

    AMBIGUOUS = "broken"
    """It may have happened, or may not."""

    PERMANENT = "permanent"
    """Another attempt would end in the same way."""


def failure_of(status: int) -> Failure | None:
    """Return the fault a status stands for, or None when the answer is a definite one."""
    if status == 429:
        return Failure.THROTTLED
    if status in FINAL_STATUSES:
        return None
    # 408 and 425 come from proxies and servers that did not take the request up.
    if status in (408, 425) or status >= 500:
        return Failure.AMBIGUOUS
    return None


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """Return how long a throttling server asks to wait; nonsense counts as not asked.

    A number is a number of seconds, or, when it is that large, a time since 1970. `now` is that
    time here; the Date header of the answer is better, because clocks differ.
    """
    for name in ("x-ratelimit-reset", "retry-after"):
        if name in headers:
            now = _date(headers.get("date", "")) or now
            seconds = _wait_of(headers[name], now)
            if seconds is not None:
                return seconds
    return None


def _wait_of(text: str, now: float) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        date = _date(text)
        return None if date is None or date < now else date - now
    if seconds >= _FIRST_EPOCH_MILLISECONDS:
        seconds /= 1000
    if seconds >= _FIRST_EPOCH_SECONDS:
        seconds = max(0.0, seconds - now)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _date(text: str) -> float | None:
    """Return the time of an HTTP date (RFC 9110, section 5.6.7) in seconds since 1970."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
