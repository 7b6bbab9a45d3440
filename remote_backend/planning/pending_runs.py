"""Why a run is pending: who holds the lock of its workspace, for a person who waits."""

import anyio

from remote_backend.api.client import Client
from remote_backend.models.run import Run
from remote_backend.models.workspace import Workspace
from remote_backend.planning.polling import PolledRun, RunPoller
from remote_backend.structured_logging import Log

__all__ = ("explains_pending", "report_pending")

log = Log()

# Most runs are pending for a shorter time, and a wait is reported one second later.
_SECONDS_TO_EXPLAIN = 4.0


def explains_pending(run: Run, workspace: Workspace, *, is_alone: bool) -> bool:
    """Whether it should be reported why a run is pending.

    In a batch, that is only for workspaces that were locked when they were listed, because it takes
    no request; the others probably wait for their turn.
    """
    return run.status == "pending" and (is_alone or workspace.locked)


async def report_pending(
    client: Client, workspace: Workspace, poller: RunPoller | PolledRun, *, is_alone: bool
) -> None:
    """Report, while a run is pending, who holds the lock of its workspace and why (P24)."""
    with client.notices.waiting(f"{workspace.name}, where the run is pending") as wait:
        with anyio.move_on_after(_SECONDS_TO_EXPLAIN):
            await _until_not_pending(poller)
            return
        holder = await _holder(client, workspace) if is_alone else workspace
        if holder.locked:
            wait.what += f"; the workspace is {holder.lock_text}"
        await _until_not_pending(poller)


async def _holder(client: Client, workspace: Workspace) -> Workspace:
    try:
        return await client.find_lock_holder(workspace.name) or workspace
    except Exception as error:  # whatever it is, a plan does not depend on it
        log.info("lock.unreadable", problem=type(error).__name__)
        return workspace


async def _until_not_pending(poller: RunPoller | PolledRun) -> None:
    while poller.latest.run.status == "pending":
        await poller.next_snapshot()
