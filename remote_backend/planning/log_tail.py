"""Tailing the log of a plan: every byte, once, whatever the chunks are.

`LogTail` is a loop: it reads the log at its offset, gives the read to `LogState.take`, and does
what the step says: give text, read on at once, wait, or stop. All decisions are in `LogState`.
"""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

import anyio

from remote_backend.api.client import Client
from remote_backend.errors import ApiError, NotAuthorized, NotFound, text_of
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.plan import Plan
from remote_backend.planning.log_state import LogRead, LogSettings, LogState
from remote_backend.structured_logging import Log

__all__ = ("LogSettings", "LogTail", "PlanSource")

log = Log()

# No log reaches it, and it fits into the numbers of any server.
_BEYOND_ANY_LOG = 2_000_000_000


class PlanSource(Protocol):
    """What a log tail reads the state of its plan from."""

    @property
    def plan(self) -> Plan | None:
        """The plan as last seen."""

    @property
    def plan_may_have_begun(self) -> bool:
        """Whether the plan may have written to its log."""

    @property
    def log_is_over(self) -> bool:
        """Whether nobody writes to the log any more."""

    def poll_soon(self) -> None:
        """Be told that the plan may just have ended."""

    async def next_log_change(self, at_most_seconds: float) -> None:
        """Wait until the log can be read, or is over, unlike before; or for a time."""

    async def read_plan_again(self) -> Plan | None:
        """Read the plan anew, for a fresh address of its log."""


class LogTail:
    """Reads the log of one plan from its first to its last byte.

    What goes wrong while reading never reaches the caller as an error: `is_complete` and
    `problem` tell it at the end, because a log does not decide about a run.
    """

    def __init__(
        self,
        client: Client,
        source: PlanSource,
        settings: LogSettings | None = None,
        *,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._client = client
        self._source = source
        self._settings = settings or LogSettings()
        self._clock = clock
        self._state = LogState(self._settings, clock())
        self._waits_until: float | None = None
        self._renewed: SignedUrl | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the log was read to its end."""
        return self._state.is_complete

    @property
    def problem(self) -> str | None:
        """Why lines may be missing."""
        return self._state.problem

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the text of the log, piece by piece, until there is no more."""
        source = self._source
        while True:
            # Only a read that begins after this shows that nothing was added before the end.
            is_over = source.log_is_over
            step = self._state.take(await self._read(is_over))
            if step.text:
                yield step.text
            if step.is_last:
                return
            if step.seems_over:
                source.poll_soon()
            # What was seen while the log was read needs no waiting for.
            if step.wait_seconds is not None and source.log_is_over == is_over:
                await source.next_log_change(step.wait_seconds)

    async def _read(self, is_over: bool) -> LogRead:
        plan = self._source.plan
        if plan is None or not self._is_readable(plan, is_over):
            return LogRead(
                at=self._clock(),
                is_over=is_over,
                is_possible=False,
                may_lack_log=plan is not None and plan.may_lack_log,
            )
        data, error = b"", None
        try:
            data = await self._read_part(plan)
        except Exception as caught:  # a log does not decide about a run
            error = caught
        is_missing = error is not None and _is_missing(error)
        if error is not None and is_missing:
            error = await self._renew(plan, error, is_over)
        elif error is not None:
            log.warning("log.unreadable", plan_id=plan.id, problem=text_of(error))
        return LogRead(
            at=self._clock(),
            is_over=is_over,
            may_lack_log=plan.may_lack_log,
            data=data,
            problem=None if error is None else text_of(error),
            is_missing=is_missing,
        )

    def _is_readable(self, plan: Plan, is_over: bool) -> bool:
        if plan.log_read_url is None:
            return False
        if is_over or self._source.plan_may_have_begun:
            return True
        now = self._clock()
        if self._waits_until is None:
            self._waits_until = now + self._settings.waiting_plan_seconds
        return now < self._waits_until

    async def _read_part(self, plan: Plan) -> bytes:
        state, limit = self._state, self._settings.limit_bytes
        data = await self._client.read_log(plan, offset=state.offset, limit=limit)
        self._renewed = None
        if state.is_suspicious(data):
            state.ignores_offsets = await self._has_bytes_beyond(plan)
        return data

    async def _has_bytes_beyond(self, plan: Plan) -> bool:
        """Say whether the server sends bytes from behind the end of any log."""
        limit = self._settings.limit_bytes
        try:
            return bool(
                await self._client.read_log(plan, offset=_BEYOND_ANY_LOG, limit=limit)
            )
        except Exception:  # a refusal is as good as nothing
            return False

    async def _renew(self, plan: Plan, error: Exception, is_over: bool) -> Exception | None:
        """Get a fresh address for a log that is missing; return what stays wrong with it."""
        if not (is_over or self._state.offset or _is_gone(error)):
            # Before it exists, a log may be answered with 404; later its address has expired.
            return None
        if is_over and plan.may_lack_log:
            return error
        # Where a fresh address does not help, another one will not either.
        if plan.log_read_url != self._renewed:
            try:
                fresh = await self._source.read_plan_again()
            except Exception as caught:  # as above
                return caught
            self._renewed = fresh.log_read_url if fresh is not None else None
        return error


def _is_missing(error: Exception) -> bool:
    return isinstance(error, NotFound | NotAuthorized) or _is_gone(error)


def _is_gone(error: Exception) -> bool:
    return isinstance(error, ApiError) and error.status == 410
