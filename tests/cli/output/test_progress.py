"""The line that says how far a batch has come."""

import io

import anyio
import pytest

from remote_backend import events
from remote_backend.cli.output.progress import Progress, heartbeat
from remote_backend.cli.output.screen import screen_of
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts


class Time:
    """A clock that only sleeping moves, and that ends a loop after some time."""

    def __init__(self, end: float) -> None:
        self.now = 0.0
        self.end = end

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now > self.end:
            raise TimeoutError


def lines_of(progress: Progress, time: Time) -> list[str]:
    """Return what is written until a time."""
    screen = screen_of(io.StringIO(), io.StringIO(), {}, no_color=True)
    with pytest.raises(TimeoutError):
        anyio.run(heartbeat, screen, progress, time.sleep)
    assert isinstance(screen.err, io.StringIO)
    return screen.err.getvalue().splitlines()


def finished(name: str, result: Result, destroy: int = 0) -> events.PlanFinished:
    """Return the end of a plan."""
    return events.PlanFinished(
        Outcome(
            workspace=name,
            full_name=name,
            result=result,
            counts=Counts(0, 1, destroy, 0) if result is Result.CHANGES else None,
        )
    )


def test_a_batch_is_counted_every_half_minute() -> None:
    """How long, how many of all, and how they ended; few that are left are named (2f)."""
    time = Time(65)
    progress = Progress(clock=time)
    names = tuple("abcdefgh")
    progress.take(events.BatchStarted(names))
    for name in names:
        progress.take(events.PlanStarted(name))
    progress.take(finished("a", Result.FAILED))
    progress.take(finished("b", Result.CHANGES, destroy=1))
    progress.take(finished("c", Result.CHANGES))
    progress.take(finished("d", Result.NO_CHANGES))

    lines = lines_of(progress, time)

    counts = "4 of 8  1 failed  2 changed (1 destroy)  1 unchanged"
    assert lines == [f"0:30  {counts}  4 going on", f"1:00  {counts}  4 going on"]
    progress.take(finished("e", Result.NO_CHANGES))
    progress.take(events.RunStatusChanged("f", "run-1", "planning"))
    progress.take(events.RunStatusChanged("g", "run-2", "pending"))
    time.now, time.end = 3690, 3700
    assert lines_of(progress, time)[0].startswith("1:01:30  5 of 8")
    assert progress.sign_of_life().endswith(
        "f planning  g waiting for its turn  h preparing"
    )


def test_one_plan_shows_life_while_nothing_happens() -> None:
    """Each of its events puts the next line off, since it is written itself."""
    time = Time(65)
    progress = Progress(clock=time)
    progress.take(events.BatchStarted(("dev",)))
    progress.take(events.PlanStarted("dev"))
    time.now = 20
    progress.take(events.RunStatusChanged("dev", "run-1", "plan_queued"))

    assert lines_of(progress, time) == ["0:50  dev waiting for a worker"]


def test_nothing_is_said_when_nothing_is_at_work() -> None:
    """Before the first plan and after the last."""
    time = Time(100)
    progress = Progress(is_drift=True, clock=time)
    progress.take(events.BatchStarted(("a", "b")))
    assert lines_of(progress, time) == []
