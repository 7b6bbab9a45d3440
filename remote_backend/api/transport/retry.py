"""Retries: a pure decision, and a thin loop around one transport."""

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
from remote_backend.telemetry import NO_TELEMETRY, Telemetry

__all__ = ("GiveUp", "RetryingTransport", "Wait", "next_step")

log = Log()

_LONGEST_WAIT_SECONDS = 30.0
_LONGEST_RETRY_AFTER_SECONDS = 60.0
_FIRST_WAIT_SECONDS = 0.25
# A wrong address must be reported within seconds; a server that has responded gets minutes.
_ATTEMPTS_BEFORE_FIRST_RESPONSE = 3
_ATTEMPTS = 10


@frozen
class Wait:
    """Retry after this time."""

    seconds: float


@frozen
class GiveUp:
    """Do not retry."""

    reason: str


def next_step(
    failure: Failure,
    attempt: int,
    *,
    repeatable: bool,
    has_answered_before: bool,
    retry_after_seconds: float | None = None,
) -> Wait | GiveUp:
    """Return whether to retry after a number of attempts, and the longest wait before it.

    The loop waits for a random part of that time, so that requests that were refused together
    are not retried together.
    """
    if failure is Failure.PERMANENT:
        return GiveUp("it would fail in the same way")
    if failure is Failure.AMBIGUOUS and not repeatable:
        return GiveUp("it may already have happened")
    limit = _ATTEMPTS if has_answered_before else _ATTEMPTS_BEFORE_FIRST_RESPONSE
    if failure is not Failure.THROTTLED and attempt >= limit:
        return GiveUp("tried often enough")
    if retry_after_seconds is not None:
        return Wait(min(_LONGEST_RETRY_AFTER_SECONDS, max(0.1, retry_after_seconds)))
    return Wait(min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** min(attempt, 10)))


@frozen
class _FailedAttempt:
    """An attempt without a definite response: a response that may change, or an error."""

    kind: Failure
    cause: Response | TransportError

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the response, if there was one."""
        return self.cause.headers if isinstance(self.cause, Response) else {}

    @property
    def reason(self) -> str:
        """The reason for another attempt, as the second half of a sentence."""
        if isinstance(self.cause, TransportError):
            return self.cause.problem
        if self.kind is Failure.THROTTLED:
            return "the server limits requests (429)"
        return f"the server responded with {self.cause.status}"

    def result(self) -> Response:
        """Return the response, or raise the error that came in its place."""
        if isinstance(self.cause, TransportError):
            raise self.cause
        return self.cause


class RetryingTransport:
    """Sends requests through another transport until a response is definite."""

    def __init__(
        self,
        inner: Transport,
        *,
        settings: TransportSettings | None = None,
        notices: Notices | None = None,
        telemetry: Telemetry = NO_TELEMETRY,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        clock: Callable[[], float] = anyio.current_time,
        wall_clock: Callable[[], float] = time.time,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._settings = settings or TransportSettings()
        self._notices = notices or Notices()
        self._telemetry = telemetry
        self._sleep = sleep
        self._clock = clock
        self._wall_clock = wall_clock
        self._random = random
        self._has_answered = False

    async def send(self, request: Request) -> Response:
        """Send a request; raise `TransportError` when all attempts end without a response."""
        began = self._clock()
        last = await self._try(request)
        if isinstance(last, Response):
            return last
        return await self._retry(request, last, began)

    async def _retry(
        self, request: Request, last: _FailedAttempt, began: float
    ) -> Response:
        attempt, slept = 1, 0.0
        with self._notices.waiting("", detail=lambda: _description(request)) as waiting:
            while True:
                seconds = self._wait_seconds(request, last, attempt)
                limit = _retry_limit_seconds(self._settings, last.kind, request)
                spent = max(slept, self._clock() - began)
                # A large upload can take longer than the limit before it breaks.
                if seconds is None or (attempt > 1 and spent + seconds > limit):
                    return last.result()
                waiting.what = f"another attempt, because {last.reason}"
                waiting.limit_seconds = limit
                log.info(
                    "request.delayed",
                    method=request.method,
                    where=request.where,
                    failure=last.kind.value,
                    attempt=attempt,
                    seconds=round(seconds, 3),
                )
                await self._sleep(seconds)
                self._telemetry.record_wait(seconds, "retry")
                self._telemetry.count_retry(last.kind.value)
                slept += seconds
                attempt += 1
                following = await self._try(request)
                if isinstance(following, Response):
                    return following
                last = following

    async def _try(self, request: Request) -> Response | _FailedAttempt:
        try:
            response = await self._inner.send(request)
        except TransportError as error:
            self._telemetry.count_request(request.method)
            return _FailedAttempt(_kind_of(error), error)
        self._telemetry.count_request(request.method, status=response.status)
        self._has_answered = True
        failure = failure_of(response.status)
        return response if failure is None else _FailedAttempt(failure, response)

    def _wait_seconds(
        self, request: Request, last: _FailedAttempt, attempt: int
    ) -> float | None:
        """Return the wait before the next attempt; None when there is none."""
        retry_after = retry_after_seconds(last.headers, self._wall_clock())
        step = next_step(
            last.kind,
            attempt,
            repeatable=request.repeatable,
            has_answered_before=self._has_answered,
            retry_after_seconds=retry_after,
        )
        if isinstance(step, GiveUp):
            return None
        # A retry before the time that the server set would be refused, so chance only adds.
        if retry_after is not None:
            return step.seconds * (1 + 0.3 * self._random())
        return step.seconds * (0.5 + 0.5 * self._random())


def _retry_limit_seconds(
    settings: TransportSettings, failure: Failure, request: Request
) -> float:
    """Return how long a request is retried after failures of a kind."""
    if failure is Failure.THROTTLED:
        return settings.rate_limit_seconds
    if request.retry_seconds is not None:
        return min(request.retry_seconds, settings.retry_seconds)
    return settings.retry_seconds


def _kind_of(error: TransportError) -> Failure:
    if error.is_permanent:
        return Failure.PERMANENT
    return Failure.AMBIGUOUS if error.may_have_happened else Failure.NOT_SENT


def _description(request: Request) -> str:
    return f"{request.method} {request.where}"
