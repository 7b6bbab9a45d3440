"""What kind of fault an exchange ended with."""

import math
from collections.abc import Mapping
from enum import Enum

__all__ = ("Fault", "asked_wait_seconds", "fault_of")


class Fault(Enum):
    """Kinds of faults, told apart by what may be done about them."""

    THROTTLED = "throttled"
    """Nothing happened; try again when told."""

    UNREACHED = "unreached"
    """The request never got there."""

    BROKEN = "broken"
    """It may have happened, or may not."""


def fault_of(status: int) -> Fault | None:
    """Return the fault a status stands for, or None when the answer is a definite one."""
    if status == 429:
        return Fault.THROTTLED
    # 408 and 425 come from proxies and servers that did not take the request up.
    if status in (408, 425) or status >= 500:
        return Fault.BROKEN
    return None


def asked_wait_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long a throttling server asks to wait; nonsense counts as not asked."""
    for name in ("x-ratelimit-reset", "retry-after"):
        try:
            seconds = float(headers[name])
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    return None
