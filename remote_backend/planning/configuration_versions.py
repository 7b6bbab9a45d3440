"""Which configuration version each workspace of a batch plans.

One that is shared saves two requests and an upload for each workspace. Servers that identify
themselves as HCP Terraform or Terraform Enterprise promise that they take it, and so does the
server of this package; everywhere else each workspace uploads its own. `planning.upload_canary` describes
how the promise is tested.
"""

from collections.abc import Callable
from pathlib import Path

import anyio
from attrs import define, field, frozen

from remote_backend.api.client import Client
from remote_backend.api.error_texts import names_configuration_version
from remote_backend.errors import (
    ConfigurationVersionFailed,
    NotFound,
    Rejected,
    RemoteBackendError,
)
from remote_backend.models.configuration import (
    USABLE_WITHIN_SECONDS,
    ConfigurationVersion,
    UploadMode,
)
from remote_backend.planning.sharing_cache import SharingCache
from remote_backend.planning.upload import upload_configuration, wait_until_usable
from remote_backend.planning.upload_canary import Canary, Trial
from remote_backend.slug.archive import Slug
from remote_backend.structured_logging import Log
from remote_backend.workspaces import LocalWorkspace

__all__ = ("ConfigurationVersions", "Upload")

log = Log()

_OURS = "remote-backend"
# The values of TFP-AppName, by go-tfe v1.109.0.
_PROMISE = frozenset({"HCP Terraform", "Terraform Enterprise"})
_SECONDS_TO_PING = 5.0


@frozen
class Upload:
    """A configuration version for one workspace."""

    version: ConfigurationVersion
    is_foreign: bool = False
    """Whether it was made in another workspace."""

    trial: Trial | None = None
    """Set where it is not proven that the server takes it."""


@define(eq=False)
class _Shared:
    """The configuration version that workspaces with one working directory share."""

    making: anyio.Lock = field(factory=anyio.Lock)
    version: ConfigurationVersion | None = None
    owner: str | None = None
    """The workspace that it was made in, and in which it certainly can be used."""


@define(eq=False)
class ConfigurationVersions:
    """Gives each workspace of a batch a configuration version to plan."""

    client: Client
    mode: UploadMode = UploadMode.AUTO
    usable_within_seconds: float = USABLE_WITHIN_SECONDS
    is_alone: bool = False
    """Whether there is one workspace, so that there is nobody to share with."""

    cache: SharingCache | None = None
    canary: Canary = field(factory=Canary)
    _deciding: anyio.Lock = field(factory=anyio.Lock)
    _shares: bool | None = None
    _remembered: bool | None = None
    _shared: dict[Path, _Shared] = field(factory=dict)
    """By the archives that they are made from."""

    _asking: dict[str, anyio.Lock] = field(factory=dict)
    """Held while somebody asks whether a configuration version can be used, by id."""

    _usable: set[str] = field(factory=set)
    """Ids of those that were found to be."""

    async def upload_for(
        self, named: LocalWorkspace, slug: Slug, progress: Callable[[int], None]
    ) -> Upload:
        """Return a configuration version that can be planned in a workspace.

        The first who asks uploads it, and the others wait for that. Where that fails it fails
        for the first alone; the next one tries in its own workspace.
        """
        if self.is_alone or not await self._may_share():
            return Upload(await self.upload_own(named, slug, progress))
        shared = self._shared.setdefault(slug.path, _Shared())
        async with shared.making:
            if shared.version is None and self.canary.works is not False:
                shared.version = await self.upload_own(named, slug, progress)
                shared.owner = named.remote.id
        version = shared.version
        if version is not None and shared.owner == named.remote.id:
            return Upload(version)
        if version is None or not await self.canary.admit(named.name):
            return Upload(await self.upload_own(named, slug, progress))
        return Upload(version, is_foreign=True, trial=self._trial())

    async def upload_own(
        self, named: LocalWorkspace, slug: Slug, progress: Callable[[int], None]
    ) -> ConfigurationVersion:
        """Upload a configuration version for one workspace alone.

        Where a refusal costs little, runs are asked for before it is known to be usable.
        """
        waits = not self.is_alone and self.client.announces_limits
        return await upload_configuration(
            self.client,
            named.remote.id,
            slug.path,
            progress=progress,
            usable_within_seconds=self.usable_within_seconds if waits else None,
        )

    async def until_usable(self, version: ConfigurationVersion) -> None:
        """Wait until runs can be made from an upload; however many wait, one of them asks.

        Raises `ConfigurationVersionFailed` when that will never be.
        """
        async with self._asking.setdefault(version.id, anyio.Lock()):
            if version.id not in self._usable:
                await wait_until_usable(
                    self.client, version.id, limit_seconds=self.usable_within_seconds
                )
                self._usable.add(version.id)

    def allows_fallback(
        self, error: NotFound | Rejected | ConfigurationVersionFailed, upload: Upload
    ) -> bool:
        """Say whether a run may be made with an upload of the workspace's own."""
        if self.mode is not UploadMode.AUTO or not upload.is_foreign:
            return False
        if isinstance(error, ConfigurationVersionFailed):
            return True
        if not isinstance(error, NotFound) and not names_configuration_version(error):
            return False
        self.canary.refuse()
        log.info("configuration.not_shared", problem=str(error))
        return True

    async def resumed_trial(self, *, is_foreign: bool) -> Trial | None:
        """Return the trial that the run of an earlier process is, if it is one."""
        if not is_foreign or self.mode is not UploadMode.AUTO:
            return None
        return self._trial() if await self._may_share() else Trial(self.canary)

    async def remember(self, works: bool) -> None:
        """Keep for later batches whether the server shares."""
        if self.cache is not None and works is not self._remembered:
            self._remembered = works
            await self.cache.remember(works)

    def _trial(self) -> Trial | None:
        return None if self.canary.is_proven else Trial(self.canary)

    async def _may_share(self) -> bool:
        async with self._deciding:
            if self._shares is None:
                self._shares = await self._decide()
        return self._shares

    async def _decide(self) -> bool:
        if self.mode is UploadMode.EACH:
            return False
        name = await self._server_name() if self.mode is UploadMode.AUTO else None
        if self.mode is UploadMode.SHARED or name == _OURS:
            self.canary.prove()
            return True
        if name not in _PROMISE:
            return False
        if self.cache is not None:
            self.canary.works = self._remembered = await self.cache.recall()
        return True

    async def _server_name(self) -> str | None:
        client = self.client
        if client.server_name is None:
            # That every answer names the server is seen, and not promised; go-tfe pings.
            with anyio.move_on_after(_SECONDS_TO_PING):
                try:
                    await client.ping()
                except RemoteBackendError as error:
                    log.info("server.unnamed", problem=str(error))
        return client.server_name
