"""How long pollers pause: pure functions of frozen values; no clock, no sleep.

The pace of a single run (`SinglePace`) starts fast and slows down, and starts again with each
new status. A hint that the run may have moved brings the next poll forward.

The pause of a batch (`pause_after_round`) depends on what the server allows:

- while a task searches for a run, it is one second;
- while the server sends notifications for all runs, it is long;
- a server without rate limits is polled often, unless a round takes more than three lists; then it
  is polled as one with limits;
- runs that are polled one by one cost a request each, while a list costs one for a hundred runs;
- where rate limits are announced, run lists have a limit of their own. It is spared while runs
  are made. Afterwards rounds begin close together, because runs often end together, and the
  pauses grow; `BatchPace.growing_pauses` counts them.

After rounds that failed, the pause is at least `failures.back_off_seconds`.
"""

import math
from collections.abc import Sequence

from attrs import evolve, frozen

from remote_backend.planning.polling.failures import back_off_seconds
from remote_backend.planning.polling.settings import PollSettings

__all__ = (
    "PAGE_SIZE",
    "BatchPace",
    "BatchView",
    "SinglePace",
    "delay_of_large_batch_seconds",
    "minimum_pause_seconds",
    "pages_to_oldest_moving",
    "pause_after_round",
    "polls_lists",
    "shortest_seconds",
)

PAGE_SIZE = 100
"""How many runs a page of a list holds."""

# Polling as few runs as these one by one costs less than a list.
_POLLED_SINGLY = 3
_SINGLE_POLLS_PER_SECOND = 15.0
_MINIMUM_SECONDS = 0.3
_MINIMUM_UNLIMITED_SECONDS = 0.05
_SEARCH_SECONDS = 1.0
# Servers without a rate limit are polled often while a round takes so few lists at most.
_OFTEN_PAGES = 3
# Where it takes more, the first one waits longer, so that it shows many runs and many ends.
_LARGE_DELAY_FRACTION = 0.75
# Once all runs are made, rounds follow each other sooner at first.
_FIRST_POLL_FRACTION = 0.15
_FRACTION_GROWTH = 1.5
# Servers without a rate limit are polled more often.
_UNLIMITED_FRACTION = 0.03
# A poll after a hint comes at once, and the next ones a little later each. A status that still
# lags behind after another hint is not worth as many polls.
_HINTED_FRACTION = 0.25


@frozen
class SinglePace:
    """The pace at which one run is polled by itself."""

    wait_seconds: float
    was_hinted: bool = False
    """Whether a hint has shortened the wait since the status changed."""

    is_notified: bool = False
    """Whether the server sends notifications for the run."""

    def restarted(self, settings: PollSettings) -> "SinglePace":
        """Return the pace after the status has changed."""
        return evolve(self, wait_seconds=settings.first_wait_seconds, was_hinted=False)

    def hinted(self, settings: PollSettings) -> "SinglePace":
        """Return the pace after a hint; only the first one for each status shortens it."""
        if self.was_hinted:
            return self
        seconds = shortest_seconds(settings)
        return evolve(self, wait_seconds=seconds, was_hinted=True)

    def slowed(self, settings: PollSettings) -> "SinglePace":
        """Return the pace after a poll that showed nothing new."""
        grown = self.wait_seconds * settings.growth
        return evolve(self, wait_seconds=min(settings.longest_wait_seconds, grown))

    def pause_seconds(self, settings: PollSettings) -> float:
        """Return how long to pause if no hint comes."""
        if self.is_notified:
            return max(self.wait_seconds, settings.notified_poll_seconds)
        return self.wait_seconds


def shortest_seconds(settings: PollSettings) -> float:
    """Return the time between two polls of a single run that no hint can shorten."""
    return settings.first_wait_seconds * _HINTED_FRACTION


@frozen
class BatchPace:
    """What the next pause depends on, from one round to the next."""

    growing_pauses: int = 0
    """How many growing pauses there were since a run was added."""

    failed_rounds: int = 0
    """How many rounds in a row have failed."""


@frozen(kw_only=True)
class BatchView:
    """A batch and its server, as its poller sees them at the end of a round."""

    unfinished: int
    """How many runs are not over."""

    pages: int
    """How many pages of the list lead to the oldest run that is not over."""

    lists_work: bool
    """Whether lists of runs can be read at present."""

    is_limited: bool
    """Whether the server has announced a rate limit."""

    is_searched: bool = False
    """Whether a task searches the lists for a run."""

    all_notified: bool = False
    """Whether the server sends notifications for all runs that are not over."""

    is_growing: bool = False
    """Whether more runs are about to be made."""

    expected: int = 0
    """How many runs the batch will have, where that is known."""


def polls_lists(unfinished: int, *, lists_work: bool, is_searched: bool) -> bool:
    """Return whether a round reads lists, and does not poll all runs one by one."""
    return lists_work and (is_searched or unfinished > _POLLED_SINGLY)


def pages_to_oldest_moving(are_over: Sequence[bool]) -> int:
    """Return how many pages lead to the oldest run that is not over; lists begin with the newest.

    `are_over` says for each run, the oldest first, whether it is over.
    """
    oldest = next((i for i, over in enumerate(are_over) if not over), len(are_over))
    return math.ceil((len(are_over) - oldest) / PAGE_SIZE)


def delay_of_large_batch_seconds(view: BatchView, settings: PollSettings) -> float:
    """Return how much longer the first round waits where a round takes many lists, otherwise 0.

    Where rate limits are announced, runs are made so slowly that it need not.
    """
    # A few runs can be canaries, for which all others wait.
    is_large = _is_large(max(view.expected, view.unfinished))
    if is_large and view.unfinished > _POLLED_SINGLY and not view.is_limited:
        return settings.batch_poll_seconds * _LARGE_DELAY_FRACTION
    return 0.0


def minimum_pause_seconds(*, is_limited: bool) -> float:
    """Return the pause between two requests that nothing can shorten."""
    return _MINIMUM_SECONDS if is_limited else _MINIMUM_UNLIMITED_SECONDS


def pause_after_round(
    pace: BatchPace, view: BatchView, settings: PollSettings
) -> tuple[float, BatchPace]:
    """Return how long to pause after a round, and the pace after that pause."""
    seconds = _fixed_pause_seconds(view, settings)
    if seconds is None:
        fraction = _poll_fraction(pace.growing_pauses)
        seconds = settings.batch_poll_seconds * view.pages * fraction
        pace = evolve(pace, growing_pauses=pace.growing_pauses + 1)
    if pace.failed_rounds:
        seconds = max(seconds, back_off_seconds(pace.failed_rounds, settings))
    return seconds, pace


def _fixed_pause_seconds(view: BatchView, settings: PollSettings) -> float | None:
    """Return a pause that does not depend on earlier rounds; None where it grows."""
    if view.is_searched:
        return _SEARCH_SECONDS
    if view.unfinished and view.all_notified:
        return settings.notified_poll_seconds
    if view.lists_work and _is_polled_often(view):
        return settings.batch_poll_seconds * _UNLIMITED_FRACTION * view.pages
    if not polls_lists(view.unfinished, lists_work=view.lists_work, is_searched=False):
        seconds = view.unfinished / _SINGLE_POLLS_PER_SECOND
        return max(settings.longest_wait_seconds, seconds)
    if view.is_growing:
        return settings.batch_poll_seconds * view.pages**2
    return None


def _is_polled_often(view: BatchView) -> bool:
    if view.is_limited or view.pages > _OFTEN_PAGES:
        return False
    grows_large = view.is_growing and _is_large(view.expected)
    return not grows_large or view.unfinished <= _POLLED_SINGLY


def _is_large(runs: int) -> bool:
    return runs > _OFTEN_PAGES * PAGE_SIZE


def _poll_fraction(growing_pauses: int) -> float:
    # The power of a large number of rounds would overflow.
    growth = _FRACTION_GROWTH ** min(growing_pauses, 16)
    return min(1.0, _FIRST_POLL_FRACTION * growth)
