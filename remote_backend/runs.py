"""Making a run, exactly one, and stopping it."""

import structlog

from remote_backend.client import Client
from remote_backend.errors import ApiError, Conflict, NotFound, TransportError
from remote_backend.models.run import Run, RunRequest

__all__ = ("queue_run", "stop_run")

log = structlog.get_logger()


async def queue_run(client: Client, request: RunRequest) -> Run:
    """Make a plan-only run; after a lost answer, adopt the run that was made.

    A run is known by its workspace and configuration version, which no other run shares.
    """
    try:
        return await client.queue_run(request)
    except (TransportError, ApiError) as error:
        if not _may_have_happened(error):
            raise
        for run in await client.list_newest_runs(request.workspace_id):
            if run.configuration_version_id == request.configuration_version_id:
                log.info("run.adopted", run_id=run.id)
                return run
        raise


async def stop_run(client: Client, run_id: str) -> bool:
    """Ask the server to stop a run; return whether it is or will be over."""
    run, _ = await client.read_run(run_id)
    if run.is_over:
        return True
    comment = "stopped by remote-backend"
    try:
        # A run that waits can often only be discarded; which one applies can change meanwhile.
        if run.actions.is_cancelable is False and run.actions.is_discardable:
            await client.discard_run(run_id, comment)
        else:
            await client.cancel_run(run_id, comment)
    except (Conflict, NotFound):
        run, _ = await client.read_run(run_id)
        return run.is_over
    return True


def _may_have_happened(error: TransportError | ApiError) -> bool:
    if isinstance(error, TransportError):
        return error.may_have_happened
    return error.status >= 500 or error.status in (408, 425)
