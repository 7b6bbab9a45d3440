"""Trying again: a pure decision, and a thin loop around one transport."""

import random
from collections.abc import Awaitable, Callable

import anyio
from attrs import frozen

from remote_backend.errors import TransportError
from remote_backend.log import Log
from remote_backend.messages import Request, Response, Transport
from remote_backend.transport.faults import Fault, asked_wait_seconds, fault_of

__all__ = ("GiveUp", "RetryingTransport", "Wait", "next_step")

log = Log()

_LONGEST_WAIT_SECONDS = 30.0
_LONGEST_ASKED_WAIT_SECONDS = 60.0
_FIRST_WAIT_SECONDS = 0.25
# A wrong address shall be told within seconds; a living server gets minutes.
_ATTEMPTS_BEFORE_FIRST_ANSWER = 3
_ATTEMPTS = 10
_THROTTLED_ATTEMPTS = 60


@frozen
class Wait:
    """Try again after this time."""

    seconds: float


@frozen
class GiveUp:
    """Do not try again."""

    reason: str


def next_step(
    fault: Fault,
    attempt: int,
    *,
    repeatable: bool,
    met: bool,
    asked_wait_seconds: float | None = None,
) -> Wait | GiveUp:
    """Say whether to try again after the given number of attempts, and how long to wait.

    The wait is the longest one; the loop takes a random part of it, so that many who were
    refused together do not come back together.
    """
    if fault is Fault.BROKEN and not repeatable:
        return GiveUp("it may already have happened")
    if fault is Fault.THROTTLED:
        limit = _THROTTLED_ATTEMPTS
    else:
        limit = _ATTEMPTS if met else _ATTEMPTS_BEFORE_FIRST_ANSWER
    if attempt >= limit:
        return GiveUp("tried often enough")
    if asked_wait_seconds is not None:
        return Wait(min(_LONGEST_ASKED_WAIT_SECONDS, max(0.1, asked_wait_seconds)))
    return Wait(min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** min(attempt, 10)))


class RetryingTransport:
    """Sends requests through another transport until there is a definite answer."""

    def __init__(
        self,
        inner: Transport,
        *,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._sleep = sleep
        self._chance = chance
        self._met = False

    async def send(self, request: Request) -> Response:
        """Send a request; raise `TransportError` when no answer came in the end."""
        attempt = 0
        while True:
            attempt += 1
            response, error = await self._try(request)
            fault = _fault(response, error)
            if fault is None and response is not None:
                return response
            asked = asked_wait_seconds(response.headers) if response else None
            step = next_step(
                fault or Fault.BROKEN,
                attempt,
                repeatable=request.repeatable,
                met=self._met,
                asked_wait_seconds=asked,
            )
            if isinstance(step, GiveUp):
                if response is not None:
                    return response
                assert error is not None
                raise error
            await self._pause(request, fault, step, asked=asked is not None)

    async def _try(self, request: Request) -> tuple[Response | None, TransportError | None]:
        try:
            response = await self._inner.send(request)
        except TransportError as error:
            return None, error
        self._met = True
        return response, None

    async def _pause(
        self, request: Request, fault: Fault | None, step: Wait, *, asked: bool
    ) -> None:
        # An asked wait is the shortest that helps, so chance only ever adds to it.
        share = 1 + 0.3 * self._chance() if asked else 0.5 + 0.5 * self._chance()
        log.info(
            "request.delayed",
            method=request.method,
            where=request.where,
            fault=fault.value if fault else None,
            seconds=round(step.seconds * share, 3),
        )
        await self._sleep(step.seconds * share)


def _fault(response: Response | None, error: TransportError | None) -> Fault | None:
    if response is not None:
        return fault_of(response.status)
    return Fault.BROKEN if error is None or error.may_have_happened else Fault.UNREACHED
