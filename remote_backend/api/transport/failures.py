"""Kinds of failed exchanges, and the time that a server sets for a retry."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import Enum

from remote_backend.errors import FINAL_STATUSES

__all__ = ("Failure", "retry_after_seconds", "failure_of")

# Times since 1970, in seconds or milliseconds, are larger than any wait that a server sets.
_FIRST_EPOCH_SECONDS = 1e9
_FIRST_EPOCH_MILLISECONDS = 1e12


class Failure(Enum):
    """Kinds of failures, by the retries that they allow."""

    THROTTLED = "throttled"
    """The request had no effect; retry when the server says."""

    NOT_SENT = "unreached"
    """The request never reached the server."""

    AMBIGUOUS = "broken"
    """The request may have had its effect."""

    PERMANENT = "permanent"
    """A retry would fail in the same way."""


def failure_of(status: int) -> Failure | None:
    """Return the failure that a status means; None for a definite response."""
    if status == 429:
        return Failure.THROTTLED
    if status in FINAL_STATUSES:
        return None
    # 408 and 425 come from proxies and servers that did not process the request.
    if status in (408, 425) or status >= 500:
        return Failure.AMBIGUOUS
    return None


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """Return the wait that a response sets, in seconds; None without a readable one.

    A number means seconds, or the time since 1970 if it is that large. `now` is that time by
    our clock; the Date header of the response is preferred, because clocks differ.
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
