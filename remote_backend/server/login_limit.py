"""A limit of failed logins, so that nobody tries tokens by the thousand."""

import time
from collections import deque
from collections.abc import Callable

from attrs import define, field

__all__ = ("LoginLimit",)

_SECONDS = 60.0
_MOST_FAILURES = 10
_MOST_ADDRESSES = 1000


@define(eq=False)
class LoginLimit:
    """Counts failed logins by the address that they come from."""

    clock: Callable[[], float] = time.monotonic
    _failures: dict[str, deque[float]] = field(factory=dict)

    def is_exceeded(self, address: str) -> bool:
        """Whether an address failed too often within the last minute."""
        times = self._failures.get(address, ())
        recent = [moment for moment in times if moment > self.clock() - _SECONDS]
        return len(recent) >= _MOST_FAILURES

    def count_failure(self, address: str) -> None:
        """Remember a failed login; of too many addresses the oldest are forgotten."""
        times = self._failures.pop(address, deque(maxlen=_MOST_FAILURES))
        times.append(self.clock())
        self._failures[address] = times
        if len(self._failures) > _MOST_ADDRESSES:
            del self._failures[next(iter(self._failures))]
