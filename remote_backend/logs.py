"""Tailing the log of a plan: every byte, once, whatever the chunks are."""

from collections.abc import AsyncIterator
from typing import Protocol

import anyio
from attrs import frozen

from remote_backend.client import Client
from remote_backend.errors import ApiError, NotAuthorized, NotFound, RemoteBackendError
from remote_backend.log import Log
from remote_backend.models.plan import Plan
from remote_backend.wire.log_frames import LogFrames

__all__ = ("LogSettings", "LogTail", "PlanSource")

log = Log()


class PlanSource(Protocol):
    """Whoever knows how the plan is."""

    @property
    def plan(self) -> Plan | None:
        """The plan as last seen."""

    @property
    def log_is_over(self) -> bool:
        """Whether nobody writes to the log any more."""

    def hurry(self) -> None:
        """Be told that the plan may just have ended."""

    async def next_look(self, at_most_seconds: float) -> None:
        """Wait until the plan was seen again, or for a time."""

    async def read_plan_again(self) -> Plan | None:
        """Read the plan anew, for a fresh address of its log."""


@frozen(kw_only=True)
class LogSettings:
    """How a log is read."""

    limit_bytes: int = 1 << 16
    first_wait_seconds: float = 0.1
    longest_wait_seconds: float = 0.4
    growth: float = 1.3
    grace_seconds: float = 5.0
    """How long to wait for the end mark of a log after its plan ended."""


class LogTail:
    """Reads the log of one plan from its first to its last byte.

    What goes wrong while reading never reaches the caller as an error: `is_complete` and
    `problem` tell it at the end, because a log does not decide about a run.
    """

    def __init__(
        self, client: Client, source: PlanSource, settings: LogSettings | None = None
    ) -> None:
        self.is_complete = False
        self.problem: str | None = None
        self._client = client
        self._source = source
        self._settings = settings or LogSettings()
        self._frames = LogFrames()
        self._over_since: float | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the text of the log, piece by piece, until there is no more."""
        wait_seconds = self._settings.first_wait_seconds
        while True:
            # Only a read that begins after this tells that nothing was added before the end.
            over = self._source.log_is_over
            data = await self._read(self._source.plan, over)
            if data:
                self.problem = None
                wait_seconds = self._settings.first_wait_seconds
                if text := self._frames.feed(data):
                    yield text
                if len(data) >= self._settings.limit_bytes:
                    continue
            if self._frames.may_be_over:
                self._source.hurry()
                if over and not data:
                    self.is_complete = True
            elif over and not data:
                self.is_complete = self._is_unframed_end()
            if self.is_complete or (over and not data and self._gives_up()):
                return
            longest = self._settings.longest_wait_seconds
            if self._frames.may_be_over:
                # Only a look can tell whether it is; until then there is nothing to read.
                wait_seconds = longest
            # What was seen while the log was read needs no waiting for.
            if self._source.log_is_over == over and not (over and data):
                await self._source.next_look(wait_seconds)
            wait_seconds = min(longest, wait_seconds * self._settings.growth)

    def _is_unframed_end(self) -> bool:
        plan = self._source.plan
        if plan is not None and plan.never_starts:
            return True
        return (
            self._frames.offset > 0 and not self._frames.has_start and self.problem is None
        )

    def _gives_up(self) -> bool:
        plan = self._source.plan
        if plan is None or plan.log_read_url is None:
            self.problem = self.problem or "the server names no log"
            return True
        now = anyio.current_time()
        self._over_since = self._over_since if self._over_since is not None else now
        if now - self._over_since < self._settings.grace_seconds:
            return False
        self.problem = self.problem or "the log has no end; its last lines may be missing"
        return True

    async def _read(self, plan: Plan | None, over: bool) -> bytes:
        if plan is None or plan.log_read_url is None:
            return b""
        try:
            return await self._read_part(plan)
        except (NotFound, NotAuthorized) as error:
            # Before it exists, a log may be answered with 404; later its address has expired.
            if over or self._frames.offset:
                self.problem = str(error)
                await self._renew()
        except RemoteBackendError as error:
            self.problem = str(error)
            if isinstance(error, ApiError) and error.status == 410:
                await self._renew()
            log.warning("log.unreadable", plan_id=plan.id, problem=self.problem)
        return b""

    async def _read_part(self, plan: Plan) -> bytes:
        return await self._client.read_log(
            plan, offset=self._frames.offset, limit=self._settings.limit_bytes
        )

    async def _renew(self) -> None:
        try:
            await self._source.read_plan_again()
        except RemoteBackendError as error:
            self.problem = str(error)
