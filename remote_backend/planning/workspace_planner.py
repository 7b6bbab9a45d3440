"""Plans of workspaces from one configuration, each with exactly one outcome, whatever happens."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio
from attrs import frozen

from remote_backend.models.outcome import Outcome
from remote_backend.planning.archives import Archives
from remote_backend.planning.configuration_versions import ConfigurationVersions
from remote_backend.planning.failure_reasons import cause_of
from remote_backend.planning.meeting import Meeting
from remote_backend.planning.running_batch import RunningBatch
from remote_backend.planning.sharing_cache import SharingCache
from remote_backend.planning.sharing_promise import SharingPromise
from remote_backend.planning.upload_canary import Canary
from remote_backend.planning.workspace_plan import WorkspacePlan
from remote_backend.workspaces import LocalWorkspace

__all__ = (
    "Ending",
    "WorkspacePlanner",
    "configuration_versions",
    "workspace_planner",
)

Ending: TypeAlias = Callable[[Outcome | None], Awaitable[None]]
"""Is called with the outcome of a workspace, or None for a run that is left running on purpose."""


@frozen
class WorkspacePlanner:
    """Plans workspaces from the archives of one configuration."""

    running: RunningBatch
    archives: Archives
    configurations: ConfigurationVersions

    async def plan(
        self, workspace: LocalWorkspace, end: Ending, meeting: Meeting | None = None
    ) -> None:
        """Plan a workspace, and call `end` once, which no cancellation interrupts.

        When canceled, its run is stopped on the server before the cancellation goes on. At a
        `meeting` it waits with its run for the other plan of the workspace.
        """
        archive = self.archives[workspace.remote.working_directory]
        plan = WorkspacePlan(self.running, workspace, archive, meeting)
        try:
            outcome = await plan.carry_out(self.configurations)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._end(await plan.cancel(), end)
            raise
        except Exception as error:
            # Of any kind: one workspace must not end the plans of the others.
            outcome = await plan.fail(cause_of(error))
        with anyio.CancelScope(shield=True):
            await self._end(outcome, end)

    async def _end(self, outcome: Outcome | None, end: Ending) -> None:
        if outcome is not None and outcome.run_id is None:
            self.running.pollers.expect_one_fewer()
        await end(outcome)


def workspace_planner(
    running: RunningBatch, archives: Archives, count: int
) -> WorkspacePlanner:
    """Return what plans so many workspaces from some archives."""
    return WorkspacePlanner(running, archives, configuration_versions(running, count))


def configuration_versions(running: RunningBatch, count: int) -> ConfigurationVersions:
    """Return what gives so many workspaces of one organization their configuration versions."""
    options, context, client = running.options, running.context, running.client
    canary, cache = Canary(running.events.warn), None
    if options.cache_folder is not None:
        cache = SharingCache(options.cache_folder, context.hostname, context.organization)
    promise = SharingPromise(client, options.upload, canary, cache)
    return ConfigurationVersions(
        client,
        options,
        running.events,
        promise,
        canary,
        telemetry=context.telemetry,
        is_alone=count == 1,
    )
