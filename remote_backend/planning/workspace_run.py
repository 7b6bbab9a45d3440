"""The run of one workspace: found or made, exactly one, and followed.

Who sets what, so that a plan that fails or is canceled at any moment knows what it leaves behind:

- `phase` is `start` until a configuration version is wanted (`begin_attempt`), then `upload`,
  and `queue` from the request for the run on;
- `run` is set when the server has named the run, or the journal of an earlier process has;
- `may_exist` is True while a run may exist that is not in `run`: from the moment in which the
  request for it leaves until its response is understood;
- `followed` is set when the run is polled, and from then on knows more than `run`.

Invariant: at most one run exists for an attempt. A second attempt begins only after the first
run is over (`planning.configuration_versions`), and forgets it.
"""

import anyio

from remote_backend.errors import RemoteBackendError, SlugError, may_have_happened
from remote_backend.events import ConfigurationUploaded, RunQueued
from remote_backend.models.run import Run, RunRequest
from remote_backend.planning.cancellation import finish_in_flight
from remote_backend.planning.followed_run import FollowedRun
from remote_backend.planning.meeting import Meeting
from remote_backend.planning.recorded_batch import Begun
from remote_backend.planning.requested_options import require_as_requested
from remote_backend.planning.run_creation import queue_run
from remote_backend.planning.running_batch import RunningBatch
from remote_backend.planning.spans import add_phases, describe_run
from remote_backend.planning.upload_canary import Trial
from remote_backend.slug.archive import Slug
from remote_backend.structured_logging import bind_facts
from remote_backend.workspaces import LocalWorkspace

__all__ = ("WorkspaceRun",)


class WorkspaceRun:
    """The run of one workspace in a batch, and how far it has come."""

    def __init__(
        self,
        batch: RunningBatch,
        workspace: LocalWorkspace,
        archive: Slug | SlugError,
        meeting: Meeting | None = None,
    ) -> None:
        self.workspace = workspace
        self.phase = "start"
        self.run: Run | None = None
        self.may_exist = False
        self.followed: FollowedRun | None = None
        self._batch = batch
        self._archive = archive
        self._meeting = meeting

    @property
    def archive(self) -> Slug:
        """The archive to upload; raises `SlugError` where the configuration cannot be packed."""
        if isinstance(self._archive, SlugError):
            raise self._archive
        return self._archive

    @property
    def begun(self) -> Begun | None:
        """How far an earlier process had come with this workspace."""
        context = self._batch.context
        if context.earlier is None:
            return None
        begun = context.earlier.base_begun if context.is_base else context.earlier.begun
        return begun.get(self.workspace.name)

    def begin_attempt(self) -> None:
        """Forget the run of an earlier attempt, which is over or was never made."""
        self.phase = "upload"
        self.run, self.may_exist, self.followed = None, False, None

    async def find(self, begun: Begun) -> bool:
        """Find the run that an earlier process made or requested; return whether there is one."""
        version_id = begun.configuration_version_id
        if begun.run_id is not None:
            # Even when reading it fails, this is the run to stop or to report.
            self.run = Run(
                id=begun.run_id, status="pending", configuration_version_id=version_id
            )
            self.run, _ = await self._batch.client.read_run(begun.run_id)
            return True
        self.may_exist = True
        self.run = await self._batch.pollers.find(self._request(version_id))
        self.may_exist = self.run is not None
        return self.may_exist

    async def meet(self, *, waits: bool) -> None:
        """Let the other plan of a comparison come as far as this one, before the run is made."""
        if self._meeting is not None:
            meeting, self._meeting = self._meeting, None
            await meeting.attend(waits=waits)

    async def create(self, version_id: str, *, is_foreign: bool) -> None:
        """Make the run from a configuration version, which another workspace may have uploaded.

        It is in the journal before the request, so that a resumed batch knows what to look for.
        """
        await self._record(version_id, is_foreign)
        self.phase = "queue"
        with self._batch.context.telemetry.span("create run"):
            request = self._request(version_id)
            run = await self._batch.version_trial.run(lambda: self._queue(request))
        await self._record(version_id, is_foreign, run.id)

    async def follow(self, trial: Trial | None) -> FollowedRun:
        """Follow the run that was found or made to its end.

        Raises `RunDiffers` when it does something else than was requested.
        """
        assert self.run is not None
        run, name = self.run, self.workspace.name
        bind_facts(run=run.id)
        events, context = self._batch.events, self._batch.context
        events.put(ConfigurationUploaded(name, run.configuration_version_id or ""))
        run_url = context.run_url(self.workspace.remote.name, run.id)
        events.put(RunQueued(name, run.id, run_url))
        require_as_requested(run, self._batch.requested)
        self.followed = FollowedRun(self._batch, self.workspace, run, trial)
        with context.telemetry.span("run", describe_run(context)) as span:
            await self.followed.until_over()
            add_phases(span, self.followed.latest.run)
        return self.followed

    def _request(self, version_id: str) -> RunRequest:
        return RunRequest(
            workspace_id=self.workspace.remote.id,
            configuration_version_id=version_id,
            options=self._batch.requested,
        )

    async def _record(
        self, version_id: str, is_foreign: bool, run_id: str | None = None
    ) -> None:
        if self._batch.journal is not None:
            await self._batch.journal.write(
                "base_begun" if self._batch.context.is_base else "begun",
                workspace=self.workspace.name,
                configuration_version_id=version_id,
                run_id=run_id,
                is_foreign=is_foreign,
            )

    async def _queue(self, request: RunRequest) -> Run:
        """Make the run; when canceled, wait for the response for a bounded time.

        Only a request that may make the run is shielded: one that still waits for the rate
        limit is never sent once the batch is canceled.
        """
        scope = anyio.CancelScope()
        results: list[Run | Exception] = []

        def in_flight(may_be_made: bool) -> None:
            scope.shield = self.may_exist = may_be_made

        async def queue() -> None:
            find = self._batch.pollers.find
            try:
                self.run = await queue_run(
                    self._batch.client, request, find=find, in_flight=in_flight
                )
                results.append(self.run)
            except Exception as error:
                # An unexpected error says nothing about what came before it.
                is_expected = isinstance(error, RemoteBackendError)
                self.may_exist = not is_expected or may_have_happened(error)
                results.append(error)

        await finish_in_flight(queue, scope, name=f"queue {self.workspace.name}")
        [result] = results
        if isinstance(result, Exception):
            raise result
        return result
