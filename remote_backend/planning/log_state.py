"""What is known of a log while it is read, and what follows from each read.

`LogState.step` takes a read and returns an action: text to yield, and whether to read on at once,
to wait, or to stop. It does no I/O, and the time is part of the read. A log is in one of these
states:

- waiting: the plan has not begun, or its log has no address;
- growing: reads return text. An end byte alone proves nothing, since it can be text: it makes
  the tail ask for a poll of the run, and until a poll shows the end, the log is read seldom;
- ending: the plan is over (`is_over`), and lines of before the end are still read;
- grace: all was read, but the end byte is missing. A server may store the last lines of a log
  some seconds later, so it is read again for `LogSettings.grace_seconds`;
- complete, incomplete or broken: the last action was returned.

A log is complete when a read that began after the end of its plan returned nothing new, behind
the end byte of the frame where there is one. The log of a plan that never started is empty, and
complete. A log is broken when the server ignores offsets and sends it from its beginning at each
read, or when bytes still come after the grace time. A chunk that looks like the beginning, or is
longer than requested, makes the tail read once far behind the end of any log
(`LogState.is_suspicious`): bytes from that offset prove that offsets are ignored.

Invariant: each byte of the log is part of the text of one action at most.
"""

import math
from enum import Enum, auto

from attrs import frozen

from remote_backend.formats.log_frames import LogFrames

__all__ = (
    "LogAction",
    "LogRead",
    "LogSettings",
    "LogState",
    "MissingLog",
    "on_missing_log",
)


@frozen(kw_only=True)
class LogSettings:
    """How a log is read."""

    limit_bytes: int = 1 << 16
    first_wait_seconds: float = 0.1
    longest_wait_seconds: float = 1.0
    growth: float = 1.3
    share_of_elapsed: float | None = None
    """Waits are at most this share of the time since the log began, and at least a quarter of
    that, and grow by no more: lines of a quick plan come at once, and a slow plan costs few
    reads. None for no share."""

    waiting_plan_seconds: float = 0.0
    """How long the log of a plan is read that has not begun yet according to its run."""

    grace_seconds: float = 5.0
    """How long to wait for the end byte of a log after its plan ended."""

    most_bytes_after_end: int = 1 << 30
    """How much of a log is read after its plan ended, until it counts as endless."""


@frozen(kw_only=True)
class LogRead:
    """One read of a log."""

    at: float
    is_possible: bool = True
    """Whether the log had an address, and its plan may have begun."""

    may_lack_log: bool = False
    """Whether the plan ended without having begun."""

    data: bytes = b""
    problem: str | None = None
    is_missing: bool = False
    """Whether the server answered that the log does not exist."""


@frozen(kw_only=True)
class LogAction:
    """What to do after a read."""

    text: bytes = b""
    is_last: bool = False
    polls_run: bool = False
    """Whether the run should be polled soon, because its plan may be over."""

    wait_seconds: float | None = None
    """How long to wait until the next read; None to read at once."""


class MissingLog(Enum):
    """What to do when the server answers that the log does not exist."""

    IGNORE = auto()
    """It is not stored yet."""

    RENEW_ADDRESS = auto()
    """The signed address may have expired; the plan has a fresh one."""

    REPORT = auto()
    """A fresh address does not help."""


def on_missing_log(
    *, is_over: bool, has_begun: bool, is_gone: bool, may_lack_log: bool, was_renewed: bool
) -> MissingLog:
    """Return what to do when a log is missing.

    `has_begun` says whether any byte was read, `is_gone` whether the server answered 410, and
    `was_renewed` whether the address is already a fresh one.
    """
    if not (is_over or has_begun or is_gone):
        # Before it exists, a log may be answered with 404; later its address has expired.
        return MissingLog.IGNORE
    if is_over and may_lack_log:
        return MissingLog.REPORT
    # Where a fresh address does not help, another one will not either.
    return MissingLog.REPORT if was_renewed else MissingLog.RENEW_ADDRESS


class LogState:
    """What is known of a log while it is read; decides what follows from each read."""

    def __init__(self, settings: LogSettings, began_at: float) -> None:
        self.is_complete = False
        self.problem: str | None = None
        self.ignores_offsets: bool | None = None
        """Whether the server ignores the offset of reads; None until it had to be known."""

        self._settings = settings
        self._frames = LogFrames()
        self._began_at = began_at
        self._wait_seconds: float | None = None
        self._caught_up_at: float | None = None
        self._bytes_after_end = 0
        self._has_last_lines = False

    @property
    def offset(self) -> int:
        """Where the next read begins."""
        return self._frames.offset

    def is_suspicious(self, data: bytes) -> bool:
        """Return whether it must be known first if the server ignores offsets."""
        return self.ignores_offsets is None and (
            len(data) > self._settings.limit_bytes or self._frames.seems_repeated(data)
        )

    def step(self, read: LogRead, is_over: bool) -> LogAction:
        """Take a read; return what to do next.

        `is_over` says whether it was known before the read that the log is not written any more.
        """
        self._note_time(read)
        self.problem = read.problem
        if self.ignores_offsets:
            # The bytes behind the offset are new all the same.
            text = self._frames.feed(read.data[self.offset :])
            return self._broken("the server sends it from its beginning at each read", text)
        text = self._frames.feed(read.data)
        if is_over:
            self._note_end(read)
            if (reason := self._why_endless(read)) is not None:
                return self._broken(reason, text)
            if not read.data and self._is_end(read):
                return LogAction(is_last=True)
        return self._next_read(read, text, is_over)

    def _note_time(self, read: LogRead) -> None:
        if not read.is_possible:
            self._began_at = read.at
        if read.data or not read.is_possible:
            self._wait_seconds = None

    def _note_end(self, read: LogRead) -> None:
        """Take note of when all lines of before the end of the plan had been read."""
        self._bytes_after_end += len(read.data)
        # Full chunks are lines of before the end, however many of them there are.
        is_backlog = len(read.data) >= self._settings.limit_bytes
        if self._caught_up_at is None and not is_backlog:
            self._caught_up_at = read.at

    def _grace_is_over(self, read: LogRead) -> bool:
        if self._caught_up_at is None:
            return False
        return read.at - self._caught_up_at >= self._settings.grace_seconds

    def _why_endless(self, read: LogRead) -> str | None:
        """Return why a read after the end of the plan shows that the log never ends, or None."""
        settings = self._settings
        if self._bytes_after_end > settings.most_bytes_after_end:
            return (
                f"more than {settings.most_bytes_after_end} bytes came after its plan ended"
            )
        if read.data and self._has_last_lines and self._grace_is_over(read):
            return f"it still grows {settings.grace_seconds:g} s after its plan ended"
        return None

    def _is_end(self, read: LogRead) -> bool:
        """Return whether a read without data after the end of the plan is the end of the log."""
        if self._frames.may_be_over and read.problem is None:
            self.is_complete = True
        elif not self.offset:
            answered = read.problem is None or read.is_missing
            self.is_complete = read.may_lack_log and answered
        elif not self._frames.has_start:
            self.is_complete = read.problem is None
        if self.is_complete:
            self.problem = None
            return True
        if not read.is_possible:
            self.problem = "the server names no log"
            return True
        if not self._grace_is_over(read):
            return False
        self.problem = read.problem or "the log has no end; its last lines may be missing"
        return True

    def _broken(self, reason: str, text: bytes) -> LogAction:
        self.problem = f"the log is broken: {reason}"
        return LogAction(text=text, is_last=True)

    def _next_read(self, read: LogRead, text: bytes, is_over: bool) -> LogAction:
        polls_run = self._frames.may_be_over and not is_over
        wait_seconds: float | None
        if not read.is_possible:
            wait_seconds = math.inf
        elif len(read.data) >= self._settings.limit_bytes:
            wait_seconds = None
        elif is_over and read.data and not self._has_last_lines:
            # These may be the last lines, and one more read shows it.
            self._has_last_lines = True
            wait_seconds = None
        elif polls_run:
            # A poll shows whether the plan is over; until then there is nothing to read.
            wait_seconds = self._settings.longest_wait_seconds
        else:
            wait_seconds = self._grown_wait_seconds(read.at)
        return LogAction(text=text, polls_run=polls_run, wait_seconds=wait_seconds)

    def _grown_wait_seconds(self, now: float) -> float:
        settings = self._settings
        least, most = settings.first_wait_seconds, settings.longest_wait_seconds
        growth = settings.growth
        if settings.share_of_elapsed is not None:
            share = settings.share_of_elapsed * (now - self._began_at)
            most = min(most, max(least, share))
            least = max(least, most / 4)
            growth = min(growth, 1 + share)
        grown = least if self._wait_seconds is None else self._wait_seconds * growth
        self._wait_seconds = min(most, grown)
        return self._wait_seconds
