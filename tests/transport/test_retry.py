"""Trying again."""

import pytest

from remote_backend.errors import TransportError
from remote_backend.messages import Request, Response
from remote_backend.transport.faults import Fault, asked_wait_seconds, fault_of
from remote_backend.transport.retry import GiveUp, RetryingTransport, Wait, next_step
from tests.fakes import Recorder, ScriptedTransport, answer

READ = Request(method="GET", target="runs/run-1")
CREATE = Request(method="POST", target="runs", repeatable=False)


async def send(
    request: Request, answers: list[Response | Exception]
) -> tuple[Response, list[float]]:
    """Send a request through retries to a script; return the answer and the waits."""
    inner = ScriptedTransport({f"{request.method} {request.where}": answers})
    clock = Recorder()
    response = await RetryingTransport(inner, sleep=clock.sleep, chance=lambda: 0.0).send(
        request
    )
    assert len(inner.requests) == len(clock.slept) + 1
    return response, clock.slept


async def test_a_throttled_request_waits_as_long_as_asked() -> None:
    """429 with X-RateLimit-Reset is asked again after that time, also for a create."""
    throttled = answer(429, x_ratelimit_reset="0.4")

    response, slept = await send(CREATE, [throttled, throttled, answer(201)])

    assert response.status == 201
    assert slept == [0.4, 0.4]


async def test_a_broken_read_is_asked_again() -> None:
    """A read answered with 502 is asked again, after growing waits."""
    response, slept = await send(READ, [answer(502), answer(503), answer(200)])

    assert response.status == 200
    assert slept == sorted(slept) and len(slept) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
async def test_a_create_with_a_doubtful_answer_is_not_repeated(status: int) -> None:
    """What may have happened already is for the caller to find out (P46)."""
    response, slept = await send(CREATE, [answer(status), answer(201)])

    assert (response.status, slept) == (status, [])


async def test_a_create_that_never_arrived_is_repeated() -> None:
    """A refused connection means that nothing happened, so trying again is safe."""
    unreached = TransportError("POST", "runs", "refused", may_have_happened=False)

    response, _ = await send(CREATE, [unreached, answer(201)])

    assert response.status == 201


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 413, 422])
async def test_a_definite_answer_is_final(status: int) -> None:
    """Nobody asks again after an answer that will not change."""
    response, slept = await send(READ, [answer(status), answer(200)])

    assert (response.status, slept) == (status, [])


async def test_a_host_that_never_answers_is_given_up_soon() -> None:
    """A wrong address is told after few attempts (P47, P57)."""
    gone = TransportError("GET", "x", "refused", may_have_happened=False)
    clock = Recorder()
    inner = ScriptedTransport({"GET runs/run-1": [gone]})

    with pytest.raises(TransportError, match="refused"):
        await RetryingTransport(inner, sleep=clock.sleep).send(READ)

    assert len(inner.requests) == 3


def test_a_host_that_has_answered_before_gets_more_attempts() -> None:
    """A short outage in the middle of work is waited out."""
    assert next_step(Fault.UNREACHED, 3, repeatable=True, met=False) == GiveUp(
        "tried often enough"
    )
    assert isinstance(next_step(Fault.UNREACHED, 3, repeatable=True, met=True), Wait)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset": "1.5", "retry-after": "9"}, 1.5),
        ({"retry-after": "2"}, 2.0),
        ({"x-ratelimit-reset": "soon", "retry-after": "3"}, 3.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"x-ratelimit-reset": "nan"}, None),
        ({"x-ratelimit-reset": "-1"}, None),
        ({}, None),
    ],
)
def test_the_asked_wait_is_a_number_of_seconds(
    headers: dict[str, str], seconds: float | None
) -> None:
    """The reset header counts before Retry-After; what is no number counts as not asked."""
    assert asked_wait_seconds(headers) == seconds


def test_an_asked_wait_has_a_limit() -> None:
    """A server that asks for an hour is asked again earlier."""
    step = next_step(Fault.THROTTLED, 1, repeatable=True, met=True, asked_wait_seconds=3600)

    assert step == Wait(60.0)


def test_success_and_refusal_are_no_faults() -> None:
    """Only what may go away by itself is a fault."""
    assert [fault_of(status) for status in (200, 302, 404, 422)] == [None] * 4
