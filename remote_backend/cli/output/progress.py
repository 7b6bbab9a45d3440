"""How far a batch has come, as one line: a sign of life where nothing is drawn in place."""

from collections import Counter
from collections.abc import Awaitable, Callable
from time import monotonic

import anyio
from attrs import define, field

from remote_backend import events
from remote_backend.cli.output.console import WAITING
from remote_backend.cli.output.screen import Screen
from remote_backend.formats.ansi import one_line
from remote_backend.models.outcome import Outcome
from remote_backend.plans.results import is_destructive
from remote_backend.reports.words import word_of

__all__ = ("Progress", "heartbeat")

# Many CI services end a job that writes nothing for some minutes.
_SECONDS = 30.0
# Somebody sits there and waits.
_DUMB_SECONDS = 10.0
_MOST_NAMES = 3
_WORDS = (
    "failed",
    "canceled",
    "still running",
    "drifted",
    "changed",
    "no drift",
    "unchanged",
)


@define
class Progress:
    """Which workspaces are at work, and how the others ended."""

    is_drift: bool = False
    clock: Callable[[], float] = monotonic
    total: int = 0
    unfinished: dict[str, str] = field(factory=dict)
    """What each workspace at work does, in words."""

    _ended: Counter[str] = field(factory=Counter)
    _destructive: int = 0
    _began: float = field(init=False)
    _last: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._began = self._last = self.clock()

    def take(self, event: events.Event) -> None:
        """Take the next event."""
        match event:
            case events.BatchStarted():
                self.total = len(event.workspaces)
            case events.PlanStarted():
                self.unfinished[event.workspace] = "preparing"
            case events.RunStatusChanged() if event.workspace in self.unfinished:
                doing = WAITING.get(event.status, event.status)
                self.unfinished[event.workspace] = doing
            case events.PlanFinished():
                self._end(event.outcome)
            case _:
                pass
        if self.total <= 1:
            # One plan writes about most of its events.
            self._last = self.clock()

    def _end(self, outcome: Outcome) -> None:
        self.unfinished.pop(outcome.workspace, None)
        self._ended[word_of(outcome, is_drift=self.is_drift)] += 1
        self._destructive += is_destructive(outcome)

    def seconds_until(self, interval_seconds: float) -> float:
        """Return how long the next sign of life can wait."""
        return self._last + interval_seconds - self.clock()

    def sign_of_life(self) -> str:
        """Return the line, and count the time to the next one from now."""
        self._last = self.clock()
        ended = sum(self._ended.values())
        parts = [_clock_text(self._last - self._began)]
        if self.total > 1:
            parts.append(f"{ended} of {self.total}")
        for word in (word for word in _WORDS if self._ended[word]):
            number = self._ended[word]
            is_changed = word in ("changed", "drifted") and self._destructive
            destroy = f" ({self._destructive} destroy)" if is_changed else ""
            parts.append(f"{number} {word}{destroy}")
        if len(self.unfinished) <= _MOST_NAMES:
            parts += [
                f"{one_line(name)} {doing}" for name, doing in self.unfinished.items()
            ]
        else:
            parts.append(f"{len(self.unfinished)} going on")
        return "  ".join(parts)


async def heartbeat(
    screen: Screen,
    progress: Progress,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> None:
    """Write how far the batch is from time to time; for one plan only while nothing happens."""
    interval_seconds = _DUMB_SECONDS if screen.is_dumb else _SECONDS
    while True:
        seconds = progress.seconds_until(interval_seconds)
        if seconds > 0:
            await sleep(seconds)
        elif progress.unfinished:
            screen.note(progress.sign_of_life())
        else:
            await sleep(interval_seconds)


def _clock_text(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
