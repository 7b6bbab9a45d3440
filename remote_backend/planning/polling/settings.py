"""How often runs are polled, and when polling ends."""

from attrs import frozen

__all__ = ("PollSettings",)


@frozen(kw_only=True)
class PollSettings:
    """How often runs are polled, and how long their polling may fail."""

    first_wait_seconds: float = 0.1
    longest_wait_seconds: float = 1.0
    growth: float = 1.3
    settle_seconds: float = 5.0
    """How long an old server must show the same status until it counts as the last."""

    rest_seconds: float = 30.0
    """The same for newer servers, which pass through those statuses."""

    stall_seconds: float = 300.0
    """How long a run may have a status that is not known as an end, once its plan is over, until
    its workspace fails."""

    failing_seconds: float = 300.0
    """How long all polls of a run may fail until its workspace fails."""

    batch_poll_seconds: float = 2.0
    """Between two polls of all runs of a batch, for each page of the list."""

    notified_poll_seconds: float = 30.0
    """Between two polls of runs for which the server sends notifications."""

    list_lag_seconds: float = 6.0
    """How long lists may lag: until then a run that is missing may still exist."""
