"""Whether the server takes the version of Terraform that all runs of a batch request.

Versions can be listed by administrators of Terraform Enterprise alone, so the first run tries: the
others wait until it is made. If the server refuses it because of the version, they all fail without a
request; whatever else the first run ends in, the next one tries.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from attrs import define, field

from remote_backend.api.error_texts import names_terraform_version
from remote_backend.errors import Rejected, RunRefused

__all__ = ("VersionTrial",)

Value = TypeVar("Value")


@define
class VersionTrial:
    """The version that the runs of a batch request; None for those of their workspaces."""

    version: str | None = None
    _is_accepted: bool | None = None
    """None until it is known."""

    _reason: str = ""
    _trying: anyio.Lock = field(factory=anyio.Lock, repr=False)

    async def run(self, make: Callable[[], Awaitable[Value]]) -> Value:
        """Make a run; raise `RunRefused` where the server has refused the version already."""
        if self.version is None or self._is_accepted:
            return await make()
        async with self._trying:
            # The one before may have been accepted or refused in the meantime.
            if self._is_accepted is None:
                return await self._try(make)
        if self._is_accepted is False:
            raise self._refusal()
        return await make()

    async def _try(self, make: Callable[[], Awaitable[Value]]) -> Value:
        try:
            value = await make()
        except Rejected as error:
            if not names_terraform_version(error):
                raise
            self._is_accepted, self._reason = False, str(error)
            raise self._refusal() from error
        self._is_accepted = True
        return value

    def _refusal(self) -> RunRefused:
        # The same words for all workspaces, which are one group then.
        return RunRefused(
            f"the server does not take Terraform {self.version}: {self._reason}"
        )
