"""Stopping the runs of a batch that is left early.

Every plan of the batch is canceled at the same moment. Each is then in one of three states:

- its run was not requested yet: nothing is sent any more, and the workspace was not started;
- the request for its run is in flight: the response is waited for, at most
  `SECONDS_TO_ANSWER`, because the run may exist already;
- its run exists: it is canceled with one request, or left running when the batch is detached.

All cancel requests wait for the same rate limit, so the time for them grows with the number of
runs: `seconds_to_stop` is the documented bound. A run whose cancel request has no response by then
is in `OnExit.still_running`, and the caller reports it.
"""

from collections.abc import Awaitable, Callable

import anyio
from attrs import define, field, frozen

from remote_backend.api.client import Client
from remote_backend.errors import RemoteBackendError
from remote_backend.models.run import Run
from remote_backend.planning.run_creation import stop_run
from remote_backend.structured_logging import Log

__all__ = (
    "SECONDS_TO_ANSWER",
    "OnExit",
    "Stopped",
    "finish_in_flight",
    "seconds_to_stop",
)

log = Log()

SECONDS_TO_ANSWER = 5.0
"""How long the response to a request for a run is waited for after the cancellation."""

_FIRST_SECONDS = 10.0
# Servers that announce no limit answer at least so many short requests a second.
_UNLIMITED_PER_SECOND = 50.0


def seconds_to_stop(runs: int, requests_per_second: float) -> float:
    """Return how long the cancel requests of so many runs may take altogether.

    Ten seconds, and twice the time that the rate limit needs for one request each, because
    other processes may use the same limit.
    """
    return _FIRST_SECONDS + 2 * runs / min(requests_per_second, _UNLIMITED_PER_SECOND)


async def finish_in_flight(
    work: Callable[[], Awaitable[None]], scope: anyio.CancelScope, *, name: str
) -> None:
    """Run `work` inside `scope`; when canceled, let it end while it has shielded the scope.

    That takes at most `SECONDS_TO_ANSWER`; then the cancellation goes on. `work` must not raise.
    """
    done = anyio.Event()

    async def run() -> None:
        try:
            with scope:
                await work()
        finally:
            done.set()

    async with anyio.create_task_group() as group:
        group.start_soon(run, name=name)
        try:
            await done.wait()
        except anyio.get_cancelled_exc_class():
            scope.deadline = anyio.current_time() + SECONDS_TO_ANSWER
            raise


@frozen
class Stopped:
    """The result of the attempt to stop a run."""

    run: Run | None = None
    """The run when it was over already."""

    problem: str | None = None
    """Why it is still running; None when it is not."""

    was_detached: bool = False
    """Whether it is left running on purpose."""


@define
class OnExit:
    """The runs of a batch, for the moment in which it is left early."""

    detached: bool = False
    """Whether they are left running, instead of being stopped."""

    still_running: list[tuple[str, str]] = field(factory=list)
    """Local names and ids of runs that were left running, or could not be stopped."""

    unfinished: set[str] = field(factory=set)
    """Ids of the runs that were made and are not known to be over."""

    to_stop: int = 0
    """How many runs were to be stopped so far."""

    stopped: int = 0
    """How many of them the server has stopped, or promised to."""

    async def stop(self, client: Client, workspace: str, run_id: str) -> Stopped:
        """Stop a run within `seconds_to_stop`, also when canceled; remember one that goes on."""
        if self.detached:
            stopped = Stopped(problem="it was left running", was_detached=True)
        else:
            self.to_stop += 1
            self.unfinished.add(run_id)
            seconds = seconds_to_stop(len(self.unfinished), client.requests_per_second)
            stopped = Stopped(problem=f"no answer came within {seconds:.0f} seconds")
            with anyio.move_on_after(seconds, shield=True):
                stopped = await _stop(client, run_id)
        self.unfinished.discard(run_id)
        if stopped.problem is None:
            self.stopped += 1
        else:
            self.still_running.append((workspace, run_id))
        return stopped


async def _stop(client: Client, run_id: str) -> Stopped:
    try:
        return Stopped(await stop_run(client, run_id))
    except RemoteBackendError as error:
        log.warning("run.left", run_id=run_id, problem=str(error))
        return Stopped(problem=str(error))
