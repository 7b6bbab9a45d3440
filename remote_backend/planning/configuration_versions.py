"""Which configuration version each workspace of a batch plans, and what to do when it is refused.

A shared one saves two requests and an upload for each workspace. `run_with` is the whole story of
one workspace; its decisions are these:

1. Is sharing possible? Not for one workspace alone, nor with `UploadMode.EACH`, nor on a server
   that does not promise it (`planning.sharing_promise`). Then each workspace uploads its own.
2. Otherwise the first workspace that comes uploads for all, and the others wait for it. If its
   upload fails, only that workspace fails: the next one that comes uploads.
3. The run of any other workspace is made from that version as soon as the canary allows it
   (`planning.upload_canary`), and is a `Trial` until a run of this batch has planned.
4. A server that does not take the version says so in one of two ways. It refuses the run
   (`is_refusal`): then the run is made from an upload of the workspace's own, at once. Or it
   makes the run, which ends in an error before it has planned (`Trial.is_refused`): then the
   workspace is planned once more, from an upload of its own.

Invariant: a workspace is planned at most twice, and however its plan ends, canceled included, it
is not the canary afterwards.
"""

from pathlib import Path

import anyio
from attrs import define, field, frozen

from remote_backend.api.client import Client
from remote_backend.api.error_texts import names_configuration_version
from remote_backend.errors import ConfigurationVersionFailed, NotFound, Rejected
from remote_backend.events import UploadProgressed
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.models.configuration import ConfigurationVersion, UploadMode
from remote_backend.planning.event_queue import EventQueue
from remote_backend.planning.followed_run import FollowedRun
from remote_backend.planning.options import BatchOptions
from remote_backend.planning.sharing_promise import SharingPromise
from remote_backend.planning.upload import upload_configuration, wait_until_usable
from remote_backend.planning.upload_canary import Canary, Trial
from remote_backend.planning.workspace_run import WorkspaceRun
from remote_backend.structured_logging import Log
from remote_backend.telemetry import NO_TELEMETRY, Telemetry

__all__ = ("ConfigurationVersions", "is_refusal")

log = Log()


def is_refusal(error: Exception, *, mode: UploadMode, is_foreign: bool) -> bool:
    """Return whether a run was refused because of the version, which another workspace uploaded.

    Only then, and only where nobody has chosen a mode, does an upload of its own help.
    """
    if mode is not UploadMode.AUTO or not is_foreign:
        return False
    if isinstance(error, Rejected):
        return names_configuration_version(error)
    # A version that may not be seen does not exist for the workspace.
    return isinstance(error, NotFound | ConfigurationVersionFailed)


@frozen
class _Upload:
    """A configuration version for one workspace."""

    version: ConfigurationVersion
    is_foreign: bool = False
    """Whether it was made in another workspace."""

    trial: Trial | None = None
    """Set where it is not proven that the server takes it."""


@define
class _Shared:
    """The configuration version that workspaces with one working directory share."""

    uploading: anyio.Lock = field(factory=anyio.Lock)
    version: ConfigurationVersion | None = None
    owner: str | None = None
    """The id of the workspace that it was made in, which certainly can use it."""


@define
class _Usability:
    """Whether runs can be made from a version; one workspace polls it at a time."""

    polling: anyio.Lock = field(factory=anyio.Lock)
    is_usable: bool = False


@define
class ConfigurationVersions:
    """Gives each workspace of a batch a configuration version to plan."""

    client: Client = field(repr=False)
    options: BatchOptions
    events: EventQueue = field(repr=False)
    promise: SharingPromise
    canary: Canary = field(repr=False)
    telemetry: Telemetry = field(default=NO_TELEMETRY, repr=False)
    is_alone: bool = False
    """Whether there is one workspace only, so that there is no other to share with."""

    _shared: dict[Path, _Shared] = field(factory=dict, repr=False)
    """By the archives that the versions are made from."""

    _usability: dict[str, _Usability] = field(factory=dict, repr=False)
    """By the ids of the versions."""

    async def run_with(self, run: WorkspaceRun) -> FollowedRun:
        """Plan a workspace from a version that its server takes; return its run, which is over.

        Raises what its upload or its run fails with.
        """
        run.begin_attempt()
        try:
            trial = await self._make(run)
            followed = await run.follow(trial)
            if trial is None:
                return followed
            if trial.is_refused:
                return await self._plan_again(run)
            if trial.has_planned:
                await self.promise.remember(is_kept=True)
            return followed
        finally:
            self.canary.leave(run.workspace.name)

    async def _make(self, run: WorkspaceRun) -> Trial | None:
        """Find the run of an earlier process, or make one; return the trial that it is."""
        begun = run.begun
        if begun is not None and await run.find(begun):
            # The other plan of a comparison may still need its run.
            await run.meet(waits=False)
            return await self._trial_of_earlier_run(begun.is_foreign)
        upload = await self._upload_for(run)
        # The run of a canary decides about all others, so it waits for nobody.
        await run.meet(waits=self.canary.works is True)
        try:
            await self._create(run, upload)
        except (NotFound, Rejected, ConfigurationVersionFailed) as error:
            mode = self.options.upload
            if not is_refusal(error, mode=mode, is_foreign=upload.is_foreign):
                raise
            if not isinstance(error, ConfigurationVersionFailed):
                self.canary.refuse()
                log.info("configuration.not_shared", problem=str(error))
            await self._make_alone(run)
            return None
        return upload.trial

    async def _plan_again(self, run: WorkspaceRun) -> FollowedRun:
        """Plan once more, after a run for which the server did not take the shared version."""
        self.events.warn(
            f"{run.workspace.name} is planned again with an upload of its own, as all others "
            "from now on: the server did not take the upload of another workspace"
        )
        await self._make_alone(run)
        followed = await run.follow(None)
        if followed.latest.succeeded:
            await self.promise.remember(is_kept=False)
        return followed

    async def _make_alone(self, run: WorkspaceRun) -> None:
        run.begin_attempt()
        await self._create(run, _Upload(await self._upload_own(run)))

    async def _trial_of_earlier_run(self, is_foreign: bool) -> Trial | None:
        if not is_foreign or self.options.upload is not UploadMode.AUTO:
            return None
        if await self.promise.is_given() and self.canary.is_proven:
            return None
        return Trial(self.canary)

    async def _upload_for(self, run: WorkspaceRun) -> _Upload:
        """Return a version to plan: the shared one, or one that the workspace uploads itself."""
        archive = run.archive
        if self.is_alone or not await self.promise.is_given():
            return _Upload(await self._upload_own(run))
        shared = self._shared.setdefault(archive.path, _Shared())
        async with shared.uploading:
            if shared.version is None and self.canary.works is not False:
                shared.version = await self._upload_own(run)
                shared.owner = run.workspace.remote.id
        version = shared.version
        if version is not None and shared.owner == run.workspace.remote.id:
            return _Upload(version)
        if version is None or not await self.canary.admit(run.workspace.name):
            return _Upload(await self._upload_own(run))
        trial = None if self.canary.is_proven else Trial(self.canary)
        return _Upload(version, is_foreign=True, trial=trial)

    async def _upload_own(self, run: WorkspaceRun) -> ConfigurationVersion:
        """Upload a version in the workspace of a run.

        Where a refusal costs little, the run is requested before the version is known to be
        usable; elsewhere it is waited for here.
        """
        name, archive = run.workspace.name, run.archive
        waits = not self.is_alone and self.client.announces_limits
        size = {"remote_backend.size_bytes": archive.size_bytes}
        with self.telemetry.span("upload", size):
            return await upload_configuration(
                self.client,
                run.workspace.remote.id,
                archive.path,
                progress=lambda sent: self.events.put_if_idle(
                    UploadProgressed(name, sent, archive.size_bytes)
                ),
                usable_within_seconds=self.options.limits.upload_seconds if waits else None,
            )

    async def _create(self, run: WorkspaceRun, upload: _Upload) -> None:
        """Make the run at once; where the server is not ready for it, as soon as it is.

        Servers that take a while to look into an archive refuse runs until then, so the version
        is polled concurrently with the first request for the run. A run that was made shows that
        the version is usable, so that it is not polled for the others any more.
        """
        version, is_foreign = upload.version, upload.is_foreign
        usability = self._usability.setdefault(version.id, _Usability())
        if not version.is_usable and not usability.is_usable:
            with raise_lone_exception():
                async with anyio.create_task_group() as group:
                    name = f"wait for {version.id}"
                    group.start_soon(self._until_usable, version, usability, name=name)
                    try:
                        await run.create(version.id, is_foreign=is_foreign)
                    except Rejected:
                        pass
                    else:
                        usability.is_usable = True
                        group.cancel_scope.cancel()
                        return
        await run.create(version.id, is_foreign=is_foreign)

    async def _until_usable(
        self, version: ConfigurationVersion, usability: _Usability
    ) -> None:
        """Wait until runs can be made from a version; of all that wait, one polls.

        Raises `ConfigurationVersionFailed` when that will never be.
        """
        async with usability.polling:
            if not usability.is_usable:
                seconds = self.options.limits.upload_seconds
                await wait_until_usable(self.client, version.id, limit_seconds=seconds)
                usability.is_usable = True
