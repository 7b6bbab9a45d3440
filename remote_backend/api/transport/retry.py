"""Trying again: a pure decision, and a thin loop around one transport."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping

import anyio
from attrs import frozen

from remote_backend.api.messages import Request, Response, Transport
from remote_backend.api.transport.failures import Failure, failure_of, retry_after_seconds
from remote_backend.api.transport_settings import TransportSettings
from remote_backend.errors import TransportError
from remote_backend.notices import Notices
from remote_backend.structured_logging import Log

__all__ = ("GiveUp", "RetryingTransport", "Wait", "next_step")

log = Log()

_LONGEST_WAIT_SECONDS = 30.0
_LONGEST_ASKED_WAIT_SECONDS = 60.0
_FIRST_WAIT_SECONDS = 0.25
# A wrong address must be reported within seconds; a server that has answered gets minutes.
_ATTEMPTS_BEFORE_FIRST_ANSWER = 3
_ATTEMPTS = 10


@frozen
class Wait:
    """Try again after this time."""

    seconds: float


@frozen
class GiveUp:
    """Do not try again."""

    reason: str


def next_step(
    fault: Failure,
    attempt: int,
    *,
    repeatable: bool,
    has_answered_before: bool,
    retry_after_seconds: float | None = None,
) -> Wait | GiveUp:
    """Say whether to try again after the given number of attempts, and how long to wait.

    The wait is the longest one; the loop takes a random part of it, so that many who were
    refused together do not come back together.
    """
    if fault is Failure.PERMANENT:
        return GiveUp("it would end in the same way")
    if fault is Failure.AMBIGUOUS and not repeatable:
        return GiveUp("it may already have happened")
    limit = _ATTEMPTS if has_answered_before else _ATTEMPTS_BEFORE_FIRST_ANSWER
    if fault is not Failure.THROTTLED and attempt >= limit:
        return GiveUp("tried often enough")
    if retry_after_seconds is not None:
        return Wait(min(_LONGEST_ASKED_WAIT_SECONDS, max(0.1, retry_after_seconds)))
    return Wait(min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** min(attempt, 10)))


@frozen
class _Failure:
    """An attempt that gave no definite answer: an answer that may change, or an error."""

    fault: Failure
    cause: Response | TransportError

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer, if there was one."""
        return self.cause.headers if isinstance(self.cause, Response) else {}

    @property
    def reason(self) -> str:
        """Why there is another attempt, as the second half of a sentence."""
        if isinstance(self.cause, TransportError):
            return self.cause.problem
        if self.fault is Failure.THROTTLED:
            return "the server limits requests (429)"
        return f"the server answered {self.cause.status}"

    def result(self) -> Response:
        """Return the answer, or raise what came in its place."""
        if isinstance(self.cause, TransportError):
            raise self.cause
        return self.cause


class RetryingTransport:
    """Sends requests through another transport until there is a definite answer."""

    def __init__(
        self,
        inner: Transport,
        *,
        settings: TransportSettings | None = None,
        notices: Notices | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        clock: Callable[[], float] = anyio.current_time,
        wall_clock: Callable[[], float] = time.time,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._settings = settings or TransportSettings()
        self._notices = notices or Notices()
        self._sleep = sleep
        self._clock = clock
        self._wall_clock = wall_clock
        self._chance = random
        self._met = False

    async def send(self, request: Request) -> Response:
        """Send a request; raise `TransportError` when no answer came in the end."""
        began = self._clock()
        last = await self._try(request)
        if isinstance(last, Response):
            return last
        return await self._repeat(request, last, began)

    async def _repeat(self, request: Request, last: _Failure, began: float) -> Response:
        attempt, slept = 1, 0.0
        with self._notices.waiting("", detail=lambda: _shown(request)) as waiting:
            while True:
                seconds = self._wait_seconds(request, last, attempt)
                limit = _retry_limit_seconds(self._settings, last.fault, request)
                spent = max(slept, self._clock() - began)
                # A large upload can take longer than that before it breaks.
                if seconds is None or (attempt > 1 and spent + seconds > limit):
                    return last.result()
                waiting.what = f"another attempt, because {last.reason}"
                waiting.limit_seconds = limit
                log.info(
                    "request.delayed",
                    method=request.method,
                    where=request.where,
                    fault=last.fault.value,
                    attempt=attempt,
                    seconds=round(seconds, 3),
                )
                await self._sleep(seconds)
                slept += seconds
                attempt += 1
                following = await self._try(request)
                if isinstance(following, Response):
                    return following
                last = following

    async def _try(self, request: Request) -> Response | _Failure:
        try:
            response = await self._inner.send(request)
        except TransportError as error:
            return _Failure(_fault_of(error), error)
        self._met = True
        fault = failure_of(response.status)
        return response if fault is None else _Failure(fault, response)

    def _wait_seconds(self, request: Request, last: _Failure, attempt: int) -> float | None:
        """Return how long to wait before the next attempt; None when there is none."""
        asked = retry_after_seconds(last.headers, self._wall_clock())
        step = next_step(
            last.fault,
            attempt,
            repeatable=request.repeatable,
            has_answered_before=self._met,
            retry_after_seconds=asked,
        )
        if isinstance(step, GiveUp):
            return None
        # An asked wait is the shortest that helps, so chance only ever adds to it.
        share = 0.5 + 0.5 * self._chance() if asked is None else 1 + 0.3 * self._chance()
        return step.seconds * share


def _retry_limit_seconds(
    settings: TransportSettings, fault: Failure, request: Request
) -> float:
    """Return how long a request is retried after failures of a kind."""
    if fault is Failure.THROTTLED:
        return settings.rate_limit_seconds
    if request.retry_seconds is not None:
        return min(request.retry_seconds, settings.retry_seconds)
    return settings.retry_seconds


def _fault_of(error: TransportError) -> Failure:
    if error.is_permanent:
        return Failure.PERMANENT
    return Failure.AMBIGUOUS if error.may_have_happened else Failure.NOT_SENT


def _shown(request: Request) -> str:
    return f"{request.method} {request.where}"
