"""One configuration version for many workspaces, where the server allows it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from attrs import define, field

from remote_backend.client import Client
from remote_backend.errors import ConfigurationVersionFailed, NotFound, Rejected
from remote_backend.log import Log
from remote_backend.models.configuration import (
    USABLE_WITHIN_SECONDS,
    ConfigurationVersion,
    UploadMode,
)
from remote_backend.slug.archive import Slug
from remote_backend.uploads import upload_configuration, wait_until_usable
from remote_backend.workspaces import Named

__all__ = ("Configurations",)

log = Log()


@define(eq=False, repr=False)
class _Shared:
    """The configuration version that workspaces with one working directory share."""

    making: anyio.Lock = field(factory=anyio.Lock)
    trying: anyio.Lock = field(factory=anyio.Lock)
    version: ConfigurationVersion | None = None
    owner: str | None = None
    """The workspace that it was made in, and in which it certainly can be used."""

    works: bool | None = None
    """Whether the server takes it for another workspace; None until one has tried."""

    def is_foreign_to(self, named: Named, version: ConfigurationVersion) -> bool:
        """Say whether a configuration version is the shared one, made in another workspace."""
        return version is self.version and named.remote.id != self.owner


@define(eq=False, repr=False)
class Configurations:
    """Gives each workspace of a batch a configuration version to plan."""

    client: Client
    mode: UploadMode = UploadMode.AUTO
    usable_within_seconds: float = USABLE_WITHIN_SECONDS
    is_alone: bool = False
    """Whether there is one workspace, so that nobody else would be refused too."""

    _shared: dict[Path, _Shared] = field(factory=dict)
    """By the archives that they are made from."""

    _asking: dict[str, anyio.Lock] = field(factory=dict)
    """Held while somebody asks whether a configuration version can be used, by id."""

    _usable: set[str] = field(factory=set)
    """Ids of those that were found to be."""

    async def version_for(
        self, named: Named, slug: Slug, progress: Callable[[int], None]
    ) -> ConfigurationVersion:
        """Return a configuration version that can be planned in a workspace.

        The first who asks uploads it, and the others wait for that. Where that fails it fails
        for the first alone; the next one tries in its own workspace.
        """
        if self.mode is UploadMode.EACH:
            return await self.own_version(named, slug, progress)
        shared = self._of(slug)
        async with shared.making:
            if shared.works is not False and shared.version is None:
                shared.version = await self.own_version(named, slug, progress)
                shared.owner = named.remote.id
        if shared.works is False and shared.owner != named.remote.id:
            return await self.own_version(named, slug, progress)
        assert shared.version is not None
        return shared.version

    async def own_version(
        self, named: Named, slug: Slug, progress: Callable[[int], None]
    ) -> ConfigurationVersion:
        """Upload a configuration version for one workspace alone.

        Where a refusal costs little, runs are asked for before it is known to be usable.
        """
        waits = not self.is_alone and self.client.tells_limits
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

    @asynccontextmanager
    async def trying(
        self, named: Named, slug: Slug, version: ConfigurationVersion
    ) -> AsyncIterator[bool]:
        """Say whether a workspace may use a configuration version.

        The first use in a foreign workspace happens alone, so that one refusal tells all, unless
        the server limits nobody's requests: there all would wait for that to save a few.
        """
        shared = self._of(slug)
        if not shared.is_foreign_to(named, version):
            yield True
            return
        is_first = False
        if self.client.tells_limits:
            await shared.trying.acquire()
            is_first = shared.works is None
            if not is_first:
                shared.trying.release()
        try:
            yield shared.works is not False
            if shared.works is None:
                shared.works = True
        finally:
            if is_first:
                shared.trying.release()

    def is_refusal(
        self,
        error: NotFound | Rejected | ConfigurationVersionFailed,
        named: Named,
        slug: Slug,
        version: ConfigurationVersion,
    ) -> bool:
        """Say whether another configuration version than the shared one may do for a run."""
        shared = self._of(slug)
        if self.mode is not UploadMode.AUTO or shared.works:
            return False
        if not shared.is_foreign_to(named, version):
            return False
        if isinstance(error, ConfigurationVersionFailed):
            return True
        told = " ".join(error.problems).replace("-", " ").lower()
        if isinstance(error, NotFound) or "configuration version" in told:
            shared.works = False
            log.info("configuration.not_shared", problem=str(error))
            return True
        return False

    def _of(self, slug: Slug) -> _Shared:
        if slug.path not in self._shared:
            self._shared[slug.path] = _Shared()
        return self._shared[slug.path]
