"""Making the run of one workspace in a batch: with an upload, from the journal, exactly once."""

import anyio

from remote_backend.errors import (
    ConfigurationVersionFailed,
    NotFound,
    Rejected,
    RemoteBackendError,
    SlugError,
    may_have_happened,
)
from remote_backend.events import UploadProgressed
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.models.run import Run, RunRequest
from remote_backend.planning.cancellation import SECONDS_TO_ANSWER
from remote_backend.planning.configuration_versions import Upload
from remote_backend.planning.journal import Begun
from remote_backend.planning.run_creation import queue_run
from remote_backend.planning.running_batch import RunningBatch
from remote_backend.planning.upload_canary import Trial
from remote_backend.slug.archive import Slug
from remote_backend.workspaces import LocalWorkspace

__all__ = ("RunCreation",)


class RunCreation:
    """Makes the run of a workspace, and says how far that has come."""

    def __init__(
        self, job: RunningBatch, named: LocalWorkspace, archive: Slug | SlugError
    ) -> None:
        self.run: Run | None = None
        self.may_have_run = False
        """Whether a run may exist although none is known."""

        self.phase = "upload"
        self.trial: Trial | None = None
        """Set where the run has to show that the server shares configuration versions."""

        self._job = job
        self._named = named
        self._archive = archive

    async def create(self) -> Run:
        """Return the run that an earlier process made, or make one."""
        begun = self._job.begun(self._named.name)
        run = await self._take_up(begun) if begun else None
        self.run = run or await self._begin()
        return self.run

    async def create_alone(self) -> Run:
        """Make a run with an upload for this workspace alone."""
        self.run, self.may_have_run, self.phase = None, False, "upload"
        self.trial = None
        version = await self._job.configurations.upload_own(
            self._named, self._slug, self._progress
        )
        return await self._make_run(Upload(version))

    @property
    def _slug(self) -> Slug:
        if isinstance(self._archive, SlugError):
            raise self._archive
        return self._archive

    async def _take_up(self, begun: Begun) -> Run | None:
        run = await self._find_begun(begun)
        if run is not None:
            self.trial = await self._job.configurations.resumed_trial(
                is_foreign=begun.is_foreign
            )
        return run

    async def _find_begun(self, begun: Begun) -> Run | None:
        version_id = begun.configuration_version_id
        if begun.run_id is not None:
            # Whatever happens to the answer, this is the run to stop or to report.
            self.run = Run(
                id=begun.run_id, status="pending", configuration_version_id=version_id
            )
            run, _ = await self._job.client.read_run(begun.run_id)
            return run
        self.may_have_run = True
        request = self._request(version_id)
        found = await self._job.pollers.find(request)
        self.may_have_run = found is not None
        return found

    async def _begin(self) -> Run:
        configurations = self._job.configurations
        upload = await configurations.upload_for(self._named, self._slug, self._progress)
        self.trial = upload.trial
        try:
            return await self._make_run_soon(upload)
        except (NotFound, Rejected, ConfigurationVersionFailed) as error:
            if not configurations.allows_fallback(error, upload):
                raise
        return await self.create_alone()

    async def _make_run_soon(self, upload: Upload) -> Run:
        """Make a run at once; where the server is not ready for it, as soon as it is.

        Servers that take a while to look into an archive refuse runs until then, so that is
        waited for concurrently with the first attempt.
        """
        version = upload.version
        if version.is_usable:
            return await self._make_run(upload)
        with raise_lone_exception():
            async with anyio.create_task_group() as group:
                group.start_soon(
                    self._job.configurations.until_usable,
                    version,
                    name=f"wait for {version.id}",
                )
                try:
                    run = await self._make_run(upload)
                except Rejected:
                    pass
                else:
                    group.cancel_scope.cancel()
                    return run
        return await self._make_run(upload)

    def _request(self, configuration_version_id: str) -> RunRequest:
        return RunRequest(
            workspace_id=self._named.remote.id,
            configuration_version_id=configuration_version_id,
            options=self._job.requested,
        )

    async def _record(self, upload: Upload, run_id: str | None = None) -> None:
        if self._job.journal is not None:
            await self._job.journal.write(
                "begun",
                workspace=self._named.name,
                configuration_version_id=upload.version.id,
                run_id=run_id,
                is_foreign=upload.is_foreign,
            )

    def _progress(self, sent: int) -> None:
        short = self._named.name
        self._job.events.put_if_idle(UploadProgressed(short, sent, self._slug.size_bytes))

    async def _make_run(self, upload: Upload) -> Run:
        request = self._request(upload.version.id)
        # Written before the request, so that a resumed batch knows what to look for.
        await self._record(upload)
        self.phase = "queue"
        made: list[Run] = []
        # Shielded only while the run may be made: a request that still waits for its turn is
        # never sent once the batch is canceled.
        scope = anyio.CancelScope()
        done = anyio.Event()

        def in_flight(may_be_made: bool) -> None:
            scope.shield = self.may_have_run = may_be_made

        async def make() -> None:
            with scope:
                try:
                    self.run = await queue_run(
                        self._job.client,
                        request,
                        find=self._job.pollers.find,
                        in_flight=in_flight,
                    )
                    made.append(self.run)
                except Exception as error:
                    # Of an error that nobody expected it is not known what came before it.
                    on_purpose = isinstance(error, RemoteBackendError)
                    self.may_have_run = not on_purpose or may_have_happened(error)
                    failures.append(error)
                finally:
                    done.set()

        failures: list[Exception] = []
        async with anyio.create_task_group() as group:
            group.start_soon(make, name=f"queue {self._named.name}")
            try:
                await done.wait()
            except anyio.get_cancelled_exc_class():
                # A run that is made during the cancellation would be left behind, so its
                # answer is still waited for, for a bounded time.
                scope.deadline = anyio.current_time() + SECONDS_TO_ANSWER
                raise
        if failures:
            raise failures[0]
        await self._record(upload, made[0].id)
        return made[0]
