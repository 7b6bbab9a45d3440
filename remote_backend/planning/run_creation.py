"""Making a run, exactly one, and stopping it."""

from collections.abc import Awaitable, Callable

import anyio

from remote_backend.api.client import Client
from remote_backend.api.exactly_once import create_once, find_repeatedly
from remote_backend.errors import Conflict, NotFound
from remote_backend.models.run import Run, RunRequest

__all__ = ("find_run", "queue_run", "stop_run")

_COMMENT = "stopped by remote-backend"


async def queue_run(
    client: Client,
    request: RunRequest,
    *,
    find: Callable[[RunRequest], Awaitable[Run | None]] | None = None,
    in_flight: Callable[[bool], None] | None = None,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> Run:
    """Make a plan-only run, exactly one, even when responses are lost.

    After an ambiguous failure `find` looks for the run that may have been made. A run is known
    by its workspace and configuration version, which no other run shares. `in_flight` is called
    with True before a run may be made, and with False when it is known that none was.
    """

    def missing() -> None:
        if in_flight is not None:
            in_flight(False)

    return await create_once(
        lambda: client.queue_run(request, in_flight),
        lambda: find(request) if find else find_run(client, request),
        missing=missing,
        sleep=sleep,
    )


async def find_run(
    client: Client,
    request: RunRequest,
    *,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> Run | None:
    """Return the run that was made for a request, or None; lists may lag some seconds."""
    return await find_repeatedly(lambda: client.find_run(request), sleep=sleep)


async def stop_run(client: Client, run_id: str) -> Run | None:
    """Request that the server stops a run; return None when it will, or the run if it is over.

    That is one request; only after a refusal (409, 404) is the run read. Raises
    `Conflict` or `NotFound` when the server stops it neither by a cancel nor by a discard.
    """
    try:
        await client.cancel_run(run_id, _COMMENT)
    except (Conflict, NotFound) as refusal:
        run, _ = await client.read_run(run_id)
        if run.is_over:
            return run
        if not run.actions.is_discardable:
            raise refusal from None
        # Some servers do not cancel a run that waits, but discard it.
        await client.discard_run(run_id, _COMMENT)
    return None
