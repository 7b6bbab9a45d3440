"""Tailing the log of a plan: every byte, once, whatever the chunks are.

`LogTail` is a loop: it reads the log at its offset, gives the read to `LogState.step`, and
carries out the action: yield text, ask for a poll of the run, read on at once, wait, or stop.
All decisions are in `log_state`.

A `PlanSource`, in practice a tracker of the run (`polling.tracker`), knows how the plan is. It
wakes the tail (`next_log_change`) when the log becomes readable or complete; the tail requests
a poll (`poll_soon`) when the log seems to be over, and for a fresh signed address
(`read_plan_again`) when the log is missing.

Invariant: whether the plan is over is read before each read of the log. Only a read that began
after the end of the plan shows that nothing was added before the end.
"""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

import anyio

from remote_backend.api.client import Client
from remote_backend.errors import ApiError, NotAuthorized, NotFound, text_of
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.plan import Plan
from remote_backend.planning.log_state import (
    LogRead,
    LogSettings,
    LogState,
    MissingLog,
    on_missing_log,
)
from remote_backend.structured_logging import Log

__all__ = ("LogSettings", "LogTail", "PlanSource")

log = Log()

# No log is that long, and the number fits into the integers of any server.
_BEYOND_ANY_LOG = 2_000_000_000


class PlanSource(Protocol):
    """From where a log tail knows the state of its plan."""

    @property
    def plan(self) -> Plan | None:
        """The plan as last seen."""

    @property
    def plan_may_have_begun(self) -> bool:
        """Whether the plan may have written to its log."""

    @property
    def log_is_over(self) -> bool:
        """Whether the log is not written any more."""

    def poll_soon(self) -> None:
        """Poll the run soon, because its plan may just have ended."""

    async def next_log_change(self, at_most_seconds: float) -> None:
        """Wait until the log becomes readable or complete, or for a time."""

    async def read_plan_again(self) -> Plan | None:
        """Read the plan by its id, for a fresh address of its log."""


class LogTail:
    """Reads the log of one plan from its first to its last byte.

    An error of a read is never raised, because a log does not decide about a run: `is_complete`
    and `problem` report it at the end.
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
        self._renewed_url: SignedUrl | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the log was read to its end."""
        return self._state.is_complete

    @property
    def problem(self) -> str | None:
        """Why lines may be missing."""
        return self._state.problem

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the text of the log, piece by piece, until its end."""
        source = self._source
        while True:
            is_over = source.log_is_over
            action = self._state.step(await self._read(is_over), is_over)
            if action.text:
                yield action.text
            if action.is_last:
                return
            if action.polls_run:
                source.poll_soon()
            # If the plan has ended during the read, the end of the log is read at once.
            if action.wait_seconds is not None and source.log_is_over == is_over:
                await source.next_log_change(action.wait_seconds)

    async def _read(self, is_over: bool) -> LogRead:
        plan = self._source.plan
        if plan is None or not self._is_readable(plan, is_over):
            return LogRead(
                at=self._clock(),
                is_possible=False,
                may_lack_log=plan is not None and plan.may_lack_log,
            )
        data, error, is_missing = b"", None, False
        try:
            data = await self._read_chunk(plan)
        except Exception as caught:  # a log does not decide about a run
            is_missing = _is_missing(caught)
            error = await self._problem_of(caught, plan, is_over)
        return LogRead(
            at=self._clock(),
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

    async def _read_chunk(self, plan: Plan) -> bytes:
        state, limit = self._state, self._settings.limit_bytes
        data = await self._client.read_log(plan, offset=state.offset, limit=limit)
        self._renewed_url = None
        if state.is_suspicious(data):
            state.ignores_offsets = await self._has_bytes_beyond(plan)
        return data

    async def _has_bytes_beyond(self, plan: Plan) -> bool:
        """Return whether the server sends bytes from behind the end of any log."""
        limit = self._settings.limit_bytes
        try:
            return bool(
                await self._client.read_log(plan, offset=_BEYOND_ANY_LOG, limit=limit)
            )
        except Exception:  # a refusal is as good as an empty response
            return False

    async def _problem_of(
        self, error: Exception, plan: Plan, is_over: bool
    ) -> Exception | None:
        """Handle the error of a read; return the error to report, or None where there is none."""
        if not _is_missing(error):
            log.warning("log.unreadable", plan_id=plan.id, problem=text_of(error))
            return error
        reaction = on_missing_log(
            is_over=is_over,
            has_begun=self._state.offset > 0,
            is_gone=_is_gone(error),
            may_lack_log=plan.may_lack_log,
            was_renewed=plan.log_read_url == self._renewed_url,
        )
        if reaction is MissingLog.IGNORE:
            return None
        if reaction is MissingLog.RENEW_ADDRESS:
            return await self._renew_address() or error
        return error

    async def _renew_address(self) -> Exception | None:
        """Read the plan again for a fresh address of its log; return the error if that fails."""
        try:
            fresh = await self._source.read_plan_again()
        except Exception as error:  # a log does not decide about a run
            return error
        self._renewed_url = fresh.log_read_url if fresh is not None else None
        return None


def _is_missing(error: Exception) -> bool:
    return isinstance(error, NotFound | NotAuthorized) or _is_gone(error)


def _is_gone(error: Exception) -> bool:
    return isinstance(error, ApiError) and error.status == 410
