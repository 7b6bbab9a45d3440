"""What a person may want to hear while the client works: long waits, and warnings.

Every part of the client that can wait says so with `Notices.waiting`, which costs little: a
wait takes the time of the last tick for its beginning, because each request is one. Once a
second, as long as anything waits, a timer looks at all waits. Those that have lasted for five
seconds are reported, one report for each kind of wait, and again every thirty seconds. So a batch
whose thousand requests wait for the same server reports that once, with a number.
"""

from collections.abc import Callable
from types import TracebackType

import anyio
from attrs import define, field, frozen

from remote_backend.structured_logging import Log

__all__ = ("Notice", "Notices", "StillWaiting", "Wait", "Warned")

log = Log()

_REPORT_AFTER_SECONDS = 5.0
_REPORT_AGAIN_SECONDS = 30.0
_TICK_SECONDS = 1.0


@frozen(kw_only=True)
class StillWaiting:
    """Something has been waited for for some time, and still is."""

    what: str
    """The object of "waiting for"; it can hold text of the server."""

    seconds: float
    """How long the oldest of these waits has lasted."""

    limit_seconds: float | None = None
    """After which it ends by itself; None where it has no limit."""

    count: int = 1
    """How many waits of this kind there are."""

    def __str__(self) -> str:
        many = f" ({self.count} of them)" if self.count > 1 else ""
        limit = f", at most {self.limit_seconds:g} s" if self.limit_seconds else ""
        return f"Waiting for {self.what}{many}, {self.seconds:.0f} s so far{limit}."


@frozen
class Warned:
    """Something looks wrong, and the work goes on."""

    text: str
    """It can hold text of the server."""

    def __str__(self) -> str:
        return f"Warning: {self.text}"


Notice = StillWaiting | Warned


@define(eq=False)
class Wait:
    """A wait that is going on; used as a context manager."""

    what: str
    detail: Callable[[], str] | None
    """What tells one wait from others of its kind; asked for when a single one is reported."""

    limit_seconds: float | None
    _notices: "Notices" = field(repr=False)
    since: float = 0.0

    def __enter__(self) -> "Wait":
        self._notices.begin(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._notices.end(self)


def _log(notice: Notice) -> None:
    if isinstance(notice, Warned):
        log.warning("warned", problem=notice.text)
    else:
        log.info("waiting", what=notice.what, seconds=round(notice.seconds, 1))


def _call_later(seconds: float, call: Callable[[], None]) -> object:
    import asyncio  # every waiting task has loaded it already

    return asyncio.get_running_loop().call_later(seconds, call)


class Notices:
    """Reports long waits and warnings to one callback; without one, to the log."""

    def __init__(
        self,
        report: Callable[[Notice], None] | None = None,
        *,
        clock: Callable[[], float] = anyio.current_time,
        call_later: Callable[[float, Callable[[], None]], object] = _call_later,
    ) -> None:
        self._report = report or _log
        self._clock = clock
        self._call_later = call_later
        self._waits: set[Wait] = set()
        self._reported_at: dict[str, float] = {}
        self._ticks = False
        self._ticked_at = 0.0

    def warn(self, text: str) -> None:
        """Report that something looks wrong."""
        self._report(Warned(text))

    def waiting(
        self,
        what: str,
        *,
        detail: Callable[[], str] | None = None,
        limit_seconds: float | None = None,
    ) -> Wait:
        """Return a context manager for a wait, which is reported when it lasts."""
        return Wait(what, detail, limit_seconds, self)

    def begin(self, wait: Wait) -> None:
        """Take note that a wait begins."""
        if not self._ticks:
            self._ticks = True
            self._ticked_at = self._clock()
            self._call_later(_TICK_SECONDS, self._tick)
        wait.since = self._ticked_at
        self._waits.add(wait)

    def end(self, wait: Wait) -> None:
        """Take note that a wait is over."""
        self._waits.discard(wait)

    def _tick(self) -> None:
        self._ticks = bool(self._waits)
        if not self._ticks:
            return
        now = self._ticked_at = self._clock()
        kinds: dict[str, list[Wait]] = {}
        for wait in self._waits:
            if now - wait.since >= _REPORT_AFTER_SECONDS:
                kinds.setdefault(wait.what, []).append(wait)
        for what, waits in kinds.items():
            last = self._reported_at.get(what)
            if last is None or now - last >= _REPORT_AGAIN_SECONDS:
                self._reported_at[what] = now
                self._report(_summary(what, waits, now))
        self._call_later(_TICK_SECONDS, self._tick)


def _summary(what: str, waits: list[Wait], now: float) -> StillWaiting:
    oldest = min(waits, key=lambda wait: wait.since)
    if len(waits) == 1 and oldest.detail is not None:
        what = f"{what} ({oldest.detail()})"
    return StillWaiting(
        what=what,
        seconds=now - oldest.since,
        limit_seconds=oldest.limit_seconds,
        count=len(waits),
    )
