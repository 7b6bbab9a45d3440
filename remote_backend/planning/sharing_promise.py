"""Whether a server promises that workspaces can share a configuration version.

Servers that identify themselves as HCP Terraform or Terraform Enterprise promise it
(https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run#create-a-run), and the server of
this package does; everywhere else each workspace uploads its own. The promise is tested by a
canary (`planning.upload_canary`), and what came of it is remembered for later batches.
"""

import anyio
from attrs import define, field

from remote_backend.api.client import Client
from remote_backend.errors import RemoteBackendError
from remote_backend.models.configuration import UploadMode
from remote_backend.planning.sharing_cache import SharingCache
from remote_backend.planning.upload_canary import Canary
from remote_backend.structured_logging import Log

__all__ = ("SharingPromise",)

log = Log()

_OURS = "remote-backend"
# The values of TFP-AppName, by go-tfe v1.109.0.
_PROMISING = frozenset({"HCP Terraform", "Terraform Enterprise"})
_SECONDS_TO_PING = 5.0


@define
class SharingPromise:
    """The promise of one server to one batch; decided once, by the first workspace that needs it."""

    client: Client = field(repr=False)
    mode: UploadMode
    canary: Canary = field(repr=False)
    """Gets to know what needs no proof, and what an earlier batch remembered."""

    cache: SharingCache | None = field(default=None, repr=False)
    _deciding: anyio.Lock = field(factory=anyio.Lock, repr=False)
    _is_given: bool | None = None
    _remembered: bool | None = None

    async def is_given(self) -> bool:
        """Return whether workspaces may share a version."""
        async with self._deciding:
            if self._is_given is None:
                self._is_given = await self._decide()
                log.debug(
                    "upload.decided",
                    is_shared=self._is_given,
                    mode=self.mode.value,
                    server=self.client.server_name,
                )
        return self._is_given

    async def remember(self, *, is_kept: bool) -> None:
        """Remember for later batches whether the server shares."""
        if self.cache is not None and is_kept is not self._remembered:
            self._remembered = is_kept
            await self.cache.remember(is_kept)

    async def _decide(self) -> bool:
        if self.mode is UploadMode.EACH:
            return False
        name = await self._server_name() if self.mode is UploadMode.AUTO else None
        if self.mode is UploadMode.SHARED or name == _OURS:
            self.canary.prove()
            return True
        if name not in _PROMISING:
            return False
        if self.cache is not None:
            self.canary.works = self._remembered = await self.cache.recall()
        return True

    async def _server_name(self) -> str | None:
        client = self.client
        if client.server_name is None:
            # Most responses name the server, but only that to a ping does so by contract (go-tfe).
            with anyio.move_on_after(_SECONDS_TO_PING):
                try:
                    await client.ping()
                except RemoteBackendError as error:
                    log.info("server.unnamed", problem=str(error))
        return client.server_name
