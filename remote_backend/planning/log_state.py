"""What is known of a log while it is read, and what follows from each read.

A log ends when nobody writes to it any more (`LogRead.is_over`, from the status of its plan and
run) and a read that began after that was known finds nothing new, behind the end byte of the
frame where there is one. An end byte alone proves nothing, since it can be text; it makes the
poller look at the run, and until that says something, the log is read seldom. After the end a
server may still store the last lines for a while, so an end without its end byte is waited for
during `LogSettings.grace_seconds`. A plan that never started has no log, and that is a whole one.

A broken log ends too. Servers and caches exist that ignore the offset of a read and send the log
from its beginning each time. When a chunk looks like that, or is longer than requested, one read
far behind the end of any log settles it: bytes from there mean that offsets are ignored. Bytes
that still come when the plan has been over for the grace time end the log as well.
"""

import math

from attrs import frozen

from remote_backend.formats.log_frames import LogFrames

__all__ = ("LogRead", "LogSettings", "LogState", "LogStep")


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
    """How long the log of a plan is read that has not begun yet, as far as its run was seen."""

    grace_seconds: float = 5.0
    """How long to wait for the end mark of a log after its plan ended."""

    most_bytes_after_end: int = 1 << 30
    """How much of a log is read after its plan ended, until it counts as endless."""


@frozen(kw_only=True)
class LogRead:
    """A read of a log: what was known before it, and what came."""

    at: float
    is_over: bool
    """Whether it was known before the read that nobody writes to the log any more."""

    is_possible: bool = True
    """Whether the log had an address, and its plan may have begun."""

    may_lack_log: bool = False
    """Whether the plan ended without having begun."""

    data: bytes = b""
    problem: str | None = None
    is_missing: bool = False
    """Whether the server said that there is no such log."""


@frozen(kw_only=True)
class LogStep:
    """What follows from a read."""

    text: bytes = b""
    is_last: bool = False
    seems_over: bool = False
    """Whether the poller should look whether the plan is over."""

    wait_seconds: float | None = None
    """How long to wait until the next read; None for not at all."""


class LogState:
    """What is known of a log while it is read; decides what follows from each read."""

    def __init__(self, settings: LogSettings, began_at: float) -> None:
        self.is_complete = False
        self.problem: str | None = None
        self.ignores_offsets: bool | None = None
        """Whether the server ignores the offset of reads; None until somebody had to know."""

        self._settings = settings
        self._frames = LogFrames()
        self._began_at = began_at
        self._wait_seconds: float | None = None
        self._caught_up_at: float | None = None
        self._bytes_after_end = 0
        self._looks_for_end = False

    @property
    def offset(self) -> int:
        """Where the next read begins."""
        return self._frames.offset

    def is_suspicious(self, data: bytes) -> bool:
        """Say whether it must be known first if the server ignores offsets."""
        return self.ignores_offsets is None and (
            len(data) > self._settings.limit_bytes or self._frames.seems_repeated(data)
        )

    def take(self, read: LogRead) -> LogStep:
        """Take the bytes of a read; return what to do next."""
        self._note_time(read)
        self.problem = read.problem
        if self.ignores_offsets:
            # What lies behind the offset is new all the same.
            text = self._frames.feed(read.data[self.offset :])
            return self._broken("the server sends it from its beginning at each read", text)
        text = self._frames.feed(read.data)
        if read.is_over:
            self._note_end(read)
            if (reason := self._why_endless(read)) is not None:
                return self._broken(reason, text)
            if not read.data and self._is_end(read):
                return LogStep(is_last=True)
        return self._next_read(read, text)

    def _note_time(self, read: LogRead) -> None:
        if not read.is_possible:
            self._began_at = read.at
        if read.data or not read.is_possible:
            self._wait_seconds = None

    def _note_end(self, read: LogRead) -> None:
        """Take note of when all that there was at the end of the plan had been read."""
        self._bytes_after_end += len(read.data)
        # Whole chunks are lines of before the end, however many of them there are.
        is_backlog = len(read.data) >= self._settings.limit_bytes
        if self._caught_up_at is None and not is_backlog:
            self._caught_up_at = read.at

    def _grace_is_over(self, read: LogRead) -> bool:
        if self._caught_up_at is None:
            return False
        return read.at - self._caught_up_at >= self._settings.grace_seconds

    def _why_endless(self, read: LogRead) -> str | None:
        """Say why a read after the end of the plan shows that the log has none, or None."""
        settings = self._settings
        if self._bytes_after_end > settings.most_bytes_after_end:
            return (
                f"more than {settings.most_bytes_after_end} bytes came after its plan ended"
            )
        if read.data and self._looks_for_end and self._grace_is_over(read):
            return f"it still grows {settings.grace_seconds:g} s after its plan ended"
        return None

    def _is_end(self, read: LogRead) -> bool:
        """Say whether nothing new after the end of the plan is the end of the log."""
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

    def _broken(self, reason: str, text: bytes) -> LogStep:
        self.problem = f"the log is broken: {reason}"
        return LogStep(text=text, is_last=True)

    def _next_read(self, read: LogRead, text: bytes) -> LogStep:
        seems_over = self._frames.may_be_over and not read.is_over
        wait_seconds: float | None
        if not read.is_possible:
            wait_seconds = math.inf
        elif len(read.data) >= self._settings.limit_bytes:
            wait_seconds = None
        elif read.is_over and read.data and not self._looks_for_end:
            # These are the last lines, and one more read shows it.
            self._looks_for_end = True
            wait_seconds = None
        elif seems_over:
            # Only a look can tell whether it is; until then there is nothing to read.
            wait_seconds = self._settings.longest_wait_seconds
        else:
            wait_seconds = self._grown_wait_seconds(read.at)
        return LogStep(text=text, seems_over=seems_over, wait_seconds=wait_seconds)

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
