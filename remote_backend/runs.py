"""Making a run, exactly one, and stopping it."""

from collections.abc import Awaitable, Callable

import anyio

from remote_backend.client import Client
from remote_backend.errors import (
    ApiError,
    Conflict,
    NotFound,
    TransportError,
    may_have_happened,
)
from remote_backend.log import Log
from remote_backend.models.run import Run, RunRequest

__all__ = ("find_run", "queue_run", "stop_run")

log = Log()

_ATTEMPTS = 5
_LOOKS = 3
_LOOK_SECONDS = 2.0
_COMMENT = "stopped by remote-backend"


async def queue_run(
    client: Client,
    request: RunRequest,
    *,
    find: Callable[[RunRequest], Awaitable[Run | None]] | None = None,
    in_flight: Callable[[bool], None] | None = None,
) -> Run:
    """Make a plan-only run, exactly one, whatever happens to the answers.

    A create is never repeated blindly: after a doubtful answer `find` looks for the run that
    may have been made, and only when there is none another one is asked for. A run is known
    by its workspace and configuration version, which no other run shares. `in_flight` is called
    with True before a run may be made, and with False when it is known that none was.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            return await client.queue_run(request, in_flight)
        except (TransportError, ApiError) as error:
            if not may_have_happened(error):
                raise
            log.info("run.doubtful", workspace_id=request.workspace_id, problem=str(error))
            found = await (find(request) if find else find_run(client, request))
            if found is not None:
                log.info("run.adopted", run_id=found.id)
                return found
            if in_flight is not None:
                in_flight(False)
            if attempt >= _ATTEMPTS:
                raise


async def find_run(
    client: Client,
    request: RunRequest,
    *,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> Run | None:
    """Return the run that was made for a request, or None; lists may lag some seconds."""
    for look in range(_LOOKS):
        if look:
            await sleep(_LOOK_SECONDS)
        found = await client.find_run(request)
        if found is not None:
            return found
    return None


async def stop_run(client: Client, run_id: str) -> Run | None:
    """Ask the server to stop a run; return None when it will, or the run that is over already.

    That is one request; only a refusal (409, 404) is followed by a look at the run. Raises
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
        # A run that waits can often only be discarded.
        await client.discard_run(run_id, _COMMENT)
    return None
