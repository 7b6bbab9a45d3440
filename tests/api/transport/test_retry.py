"""Retries."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from attrs import evolve

from remote_backend.api.messages import Request, Response
from remote_backend.api.transport.failures import Failure, failure_of, retry_after_seconds
from remote_backend.api.transport.retry import (
    GiveUp,
    RetryingTransport,
    Wait,
    next_step,
)
from remote_backend.api.transport_settings import TransportSettings
from remote_backend.errors import ApiError, TransportError, may_have_happened
from remote_backend.notices import Notice, Notices, StillWaiting
from tests.support.fakes import Recorder, ScriptedTransport, answer

READ = Request(method="GET", target="runs/run-1")
CREATE = Request(method="POST", target="runs", repeatable=False)


async def send(
    request: Request, answers: list[Response | Exception]
) -> tuple[Response, list[float]]:
    """Send a request with retries to a script; return the response and the waits."""
    inner = ScriptedTransport({f"{request.method} {request.where}": answers})
    clock = Recorder()
    response = await RetryingTransport(inner, sleep=clock.sleep, random=lambda: 0.0).send(
        request
    )
    assert len(inner.requests) == len(clock.slept) + 1
    return response, clock.slept


async def test_a_throttled_request_waits_as_long_as_the_server_says() -> None:
    """After 429 a request is retried at X-RateLimit-Reset, even if it creates something."""
    throttled = answer(429, x_ratelimit_reset="0.4")

    response, slept = await send(CREATE, [throttled, throttled, answer(201)])

    assert response.status == 201
    assert slept == [0.4, 0.4]


async def test_a_failed_read_is_retried() -> None:
    """A read that gets 502 is retried after growing waits."""
    response, slept = await send(READ, [answer(502), answer(503), answer(200)])

    assert response.status == 200
    assert slept == sorted(slept) and len(slept) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
async def test_a_create_with_an_ambiguous_response_is_not_retried(status: int) -> None:
    """The caller must find out whether the object was created (P46)."""
    response, slept = await send(CREATE, [answer(status), answer(201)])

    assert (response.status, slept) == (status, [])


async def test_a_create_that_was_not_sent_is_retried() -> None:
    """A refused connection means that nothing happened, so a retry is safe."""
    unreached = TransportError("POST", "runs", "refused", may_have_happened=False)

    response, _ = await send(CREATE, [unreached, answer(201)])

    assert response.status == 201


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 413, 422, 501, 505, 511])
async def test_a_definite_response_is_final(status: int) -> None:
    """A response that will not change is not retried (P32, N28)."""
    response, slept = await send(READ, [answer(status), answer(200)])

    assert (response.status, slept) == (status, [])


async def test_a_host_that_never_responds_is_given_up_soon() -> None:
    """A wrong address is reported after few attempts (P47, P57)."""
    gone = TransportError("GET", "x", "refused", may_have_happened=False)
    clock = Recorder()
    inner = ScriptedTransport({"GET runs/run-1": [gone]})

    with pytest.raises(TransportError, match="refused"):
        await RetryingTransport(inner, sleep=clock.sleep).send(READ)

    assert len(inner.requests) == 3


def test_a_host_that_has_responded_before_gets_more_attempts() -> None:
    """A short outage in the middle of work is waited out."""
    assert next_step(
        Failure.NOT_SENT, 3, repeatable=True, has_answered_before=False
    ) == GiveUp("tried often enough")
    assert isinstance(
        next_step(Failure.NOT_SENT, 3, repeatable=True, has_answered_before=True), Wait
    )


NOW = 1_790_000_000.0
DATE = format_datetime(datetime.fromtimestamp(NOW + 7, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset": "1.5", "retry-after": "9"}, 1.5),
        ({"retry-after": "2"}, 2.0),
        ({"x-ratelimit-reset": "soon", "retry-after": "3"}, 3.0),
        ({"retry-after": DATE}, 7.0),
        ({"x-ratelimit-reset": DATE}, 7.0),
        ({"retry-after": DATE, "date": DATE}, 0.0),
        ({"x-ratelimit-reset": f"{NOW + 4:.0f}"}, 4.0),
        ({"x-ratelimit-reset": f"{NOW + 4:.0f}000"}, 4.0),
        ({"x-ratelimit-reset": f"{NOW - 4:.0f}"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 99 Oct 99999 07:28:00 GMT"}, None),
        ({"x-ratelimit-reset": "nan"}, None),
        ({"x-ratelimit-reset": "1e400"}, None),
        ({"x-ratelimit-reset": "-1"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_a_number_of_seconds(
    headers: dict[str, str], seconds: float | None
) -> None:
    """Or a date, or a time since 1970, by the clock of the server (P44)."""
    assert retry_after_seconds(headers, NOW) == seconds


def test_retry_after_has_a_limit() -> None:
    """A server that sets an hour gets a retry earlier."""
    step = next_step(
        Failure.THROTTLED,
        1,
        repeatable=True,
        has_answered_before=True,
        retry_after_seconds=3600,
    )

    assert step == Wait(60.0)


def test_success_and_refusal_are_not_failures() -> None:
    """Only problems that may end by themselves are retried."""
    assert [failure_of(status) for status in (200, 302, 404, 422)] == [None] * 4


async def test_a_permanent_failure_is_not_retried() -> None:
    """A redirect loop, a certificate, a garbled body: a retry would fail alike (M8)."""
    failure = TransportError(
        "GET", "x", "not trusted", may_have_happened=False, is_permanent=True
    )
    inner = ScriptedTransport({"GET runs/run-1": [answer(502), failure, answer()]})

    with pytest.raises(TransportError, match="not trusted"):
        await RetryingTransport(inner, sleep=Recorder().sleep).send(READ)

    assert len(inner.requests) == 2


@pytest.mark.parametrize(
    ("failing", "limit_seconds"),
    [
        (answer(503), 120),
        (answer(429), 600),
        (answer(429, retry_after="0.1"), 600),
        (TransportError("GET", "x", "refused", may_have_happened=False), 120),
    ],
)
async def test_retries_end(failing: Response | Exception, limit_seconds: float) -> None:
    """A server that refuses or fails for ever is given up after a time (M8)."""
    inner = ScriptedTransport({"GET runs/run-1": [answer(), failing]})
    clock = Recorder()
    transport = RetryingTransport(inner, sleep=clock.sleep, random=lambda: 1.0)
    await transport.send(READ)

    if isinstance(failing, Response):
        assert (await transport.send(READ)).status == failing.status
    else:
        with pytest.raises(TransportError):
            await transport.send(READ)

    assert limit_seconds / 2 < sum(clock.slept) <= limit_seconds


async def test_the_limits_can_be_set() -> None:
    """For all requests, and lower for optional data (P32)."""
    for settings, request in (
        (TransportSettings(retry_seconds=2), READ),
        (TransportSettings(), evolve(READ, retry_seconds=2)),
    ):
        clock = Recorder()
        inner = ScriptedTransport({"GET runs/run-1": [answer(500)]})
        transport = RetryingTransport(
            inner, settings=settings, sleep=clock.sleep, random=lambda: 1.0
        )
        assert (await transport.send(request)).status == 500
        assert clock.slept == [0.5, 1.0]


async def test_a_long_upload_that_breaks_is_retried_once() -> None:
    """Its first attempt alone can take longer than all attempts of a small request."""
    lost = TransportError("PUT", "x", "broke", may_have_happened=True)
    times = iter([0.0, *[900.0] * 9])
    inner = ScriptedTransport({"GET runs/run-1": [lost, answer(200)]})
    transport = RetryingTransport(inner, sleep=Recorder().sleep, clock=lambda: next(times))

    assert (await transport.send(READ)).status == 200


async def test_the_reason_of_a_wait_is_reported() -> None:
    """After five seconds of attempts a notice has the reason and the limit (P44)."""
    reported: list[Notice] = []
    now = [0.0]
    ticks: list[Callable[[], None]] = []
    notices = Notices(
        reported.append, clock=lambda: now[0], call_later=lambda _, call: ticks.append(call)
    )

    async def sleep(seconds: float) -> None:
        now[0] += seconds
        ticks.pop()()

    inner = ScriptedTransport({"GET runs/run-1": [*[answer(503)] * 5, answer(200)]})
    transport = RetryingTransport(
        inner, notices=notices, sleep=sleep, clock=lambda: now[0], random=lambda: 1.0
    )
    await transport.send(READ)

    assert reported == [
        StillWaiting(
            what="another attempt, because the server responded with 503 (GET runs/run-1)",
            seconds=7.5,
            limit_seconds=120.0,
        )
    ]


def test_a_request_that_a_server_never_carries_out_had_no_effect() -> None:
    """501 is a refusal, unlike other 5xx."""
    assert not may_have_happened(ApiError(501, "POST", "runs", ()))
    assert may_have_happened(ApiError(502, "POST", "runs", ()))
