"""Reports for a person while the client works: long waits, and warnings.

Every part of the client that can wait uses `Notices.waiting`. Each request is such a wait, so a
wait must cost little: it takes the time of the last tick as its beginning, without reading the
clock. Once a second, while anything waits, a timer checks all waits. Waits of more than five
seconds are reported, with one report for each kind, and again every thirty seconds. So a batch
whose thousand requests wait for the same server reports that once, with a number.
"""

from collections.abc import Callable
from types import TracebackType

from attrs import define, field, frozen

from remote_backend.structured_logging import Log

__all__ = ("Notice", "Notices", "StillWaiting", "Wait", "Warned")

log = Log()

_REPORT_AFTER_SECONDS = 5.0
_REPORT_AGAIN_SECONDS = 30.0
_TICK_SECONDS = 1.0


@frozen(kw_only=True)
class StillWaiting:
    """A wait has lasted for some time, and goes on."""

    what: str
    """The object of "Waiting for"; it can hold text of the server."""

    seconds: float
    """The time of the oldest of these waits."""

    limit_seconds: float | None = None
    """When the wait ends by itself; None without a limit."""

    count: int = 1
    """The number of waits of this kind."""

    def __str__(self) -> str:
        many = f" ({self.count} of them)" if self.count > 1 else ""
        limit = f", at most {self.limit_seconds:g} s" if self.limit_seconds else ""
        return f"Waiting for {self.what}{many}, {self.seconds:.0f} s so far{limit}."


@frozen
class Warned:
    """A problem that does not stop the work."""

    text: str
    """It can hold text of the server."""

    def __str__(self) -> str:
        return f"Warning: {self.text}"


Notice = StillWaiting | Warned


@define(eq=False)
class Wait:
    """A wait as a context manager."""

    what: str
    detail: Callable[[], str] | None
    """Returns what distinguishes this wait; called only if it is the only one of its kind."""

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


def _loop_time() -> float:
    """Return the time of the event loop, also in a callback: `anyio.current_time` needs a task."""
    import asyncio

    return asyncio.get_running_loop().time()


class Notices:
    """Reports long waits and warnings to one callback; without one, to the log."""

    def __init__(
        self,
        report: Callable[[Notice], None] | None = None,
        *,
        clock: Callable[[], float] = _loop_time,
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
        """Report a warning."""
        self._report(Warned(text))

    def waiting(
        self,
        what: str,
        *,
        detail: Callable[[], str] | None = None,
        limit_seconds: float | None = None,
    ) -> Wait:
        """Return a context manager for a wait, which is reported if it lasts."""
        return Wait(what, detail, limit_seconds, self)

    def begin(self, wait: Wait) -> None:
        """Begin to watch a wait."""
        if not self._ticks:
            self._ticks = True
            self._ticked_at = self._clock()
            self._call_later(_TICK_SECONDS, self._tick)
        wait.since = self._ticked_at
        self._waits.add(wait)

    def end(self, wait: Wait) -> None:
        """Stop watching a wait."""
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
