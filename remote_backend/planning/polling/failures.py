"""What failed polls of one run amount to: a pause, or the end of its polling.

A poll that fails says nothing about the run. Servers restart, proxies answer with pages of their
own, tokens are refused for a moment: the run goes on meanwhile. So polls are repeated, with
growing pauses, until one succeeds. Two things end the polling of one run, and of no other: the
server says several times in a row that the run does not exist, or nothing but failures came for
a time that `WatchSettings.failing_seconds` limits.
"""

from attrs import define

from remote_backend.errors import NotFound, text_of
from remote_backend.planning.polling.settings import PollSettings

__all__ = ("PollFailures", "back_off_seconds", "is_of_one_run")

# Servers with several databases may not know a new run everywhere at once.
_MISSING_POLLS = 3
_BACK_OFF_TIMES = 10
_BACK_OFF_GROWTH = 2.0


@define
class PollFailures:
    """The failed polls of one run since the last one that succeeded."""

    count: int = 0
    since: float = 0.0
    """When the first of them began."""

    missing_count: int = 0
    """How many of the newest ones said that the run does not exist."""

    problem: str = ""

    def add(self, error: Exception, began: float) -> None:
        """Take note of a poll that began at a time and failed."""
        if self.count == 0:
            self.since = began
        self.count += 1
        self.missing_count = self.missing_count + 1 if is_of_one_run(error) else 0
        self.problem = text_of(error)

    def clear(self) -> None:
        """Take note of a poll that succeeded."""
        self.count = self.missing_count = 0

    def reason_to_stop(self, now: float, settings: PollSettings) -> str | None:
        """Say why the run is not polled any more, or None while it is."""
        if self.missing_count >= _MISSING_POLLS:
            return f"the server does not know it any more ({self.problem})"
        if self.count and now - self.since >= settings.failing_seconds:
            return (
                f"for {settings.failing_seconds:g} s every attempt to read it failed, "
                f"the last one with: {self.problem}"
            )
        return None


def is_of_one_run(error: Exception) -> bool:
    """Say whether a failure concerns one run, and says nothing about the server."""
    # 403 is a `NotFound` too, but a token may lose its rights for all runs, and for a moment.
    return isinstance(error, NotFound) and error.status == 404


def back_off_seconds(failed_count: int, settings: PollSettings) -> float:
    """Return how long to wait after so many polls in a row have failed."""
    longest = _BACK_OFF_TIMES * settings.longest_wait_seconds
    grown = settings.first_wait_seconds * _BACK_OFF_GROWTH ** min(failed_count, 16)
    return min(longest, grown)
