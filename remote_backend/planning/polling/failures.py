"""The failed polls of one run: they lead to a pause, or to the end of its polling.

A poll that fails says nothing about the run. Servers restart, proxies answer with their own pages,
tokens are refused for a moment: the run goes on meanwhile. So polls are repeated, with growing
pauses, until one succeeds. Two things end the polling of a run, and only of this run: the server
reports several times in a row that the run does not exist, or all polls failed for
`PollSettings.failing_seconds`.
"""

from attrs import frozen

from remote_backend.errors import NotFound, text_of
from remote_backend.planning.polling.settings import PollSettings

__all__ = ("NO_FAILURES", "PollFailures", "back_off_seconds", "concerns_one_run")

# Servers with several databases may not know a new run everywhere at once.
_MISSING_POLLS = 3
_BACK_OFF_TIMES = 10
_BACK_OFF_GROWTH = 2.0


@frozen
class PollFailures:
    """The failed polls of one run since the last one that succeeded."""

    count: int = 0
    since: float = 0.0
    """When the first of them began."""

    missing_count: int = 0
    """How many of the newest ones reported that the run does not exist."""

    problem: str = ""

    def with_failure(self, error: Exception, began: float) -> "PollFailures":
        """Return these and one more, whose poll began at a time."""
        return PollFailures(
            count=self.count + 1,
            since=self.since if self.count else began,
            missing_count=self.missing_count + 1 if concerns_one_run(error) else 0,
            problem=text_of(error),
        )

    def reason_to_stop(self, now: float, settings: PollSettings) -> str | None:
        """Return why the run is not polled any more, or None while it is."""
        if self.missing_count >= _MISSING_POLLS:
            return f"the server does not know it any more ({self.problem})"
        if self.count and now - self.since >= settings.failing_seconds:
            return (
                f"for {settings.failing_seconds:g} s every attempt to read it failed, "
                f"the last one with: {self.problem}"
            )
        return None


NO_FAILURES = PollFailures()


def concerns_one_run(error: Exception) -> bool:
    """Return whether a failure concerns one run, and says nothing about the server."""
    # 403 is a `NotFound` too, but a token may lose its rights for all runs, and for a moment.
    return isinstance(error, NotFound) and error.status == 404


def back_off_seconds(failed_count: int, settings: PollSettings) -> float:
    """Return how long to wait after a number of failed polls in a row."""
    longest = _BACK_OFF_TIMES * settings.longest_wait_seconds
    grown = settings.first_wait_seconds * _BACK_OFF_GROWTH ** min(failed_count, 16)
    return min(longest, grown)
