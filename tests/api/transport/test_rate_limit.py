"""Requests stay within the rate limits of a server."""

import math
from heapq import heappop, heappush

import anyio
import anyio.abc
import anyio.lowlevel
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.api.messages import Request, Response
from remote_backend.api.transport.rate_limit import (
    RateLimitedTransport,
    RateLimiter,
    SlidingWindow,
    TokenBucket,
)
from remote_backend.models.addresses import PublicUrl, SignedUrl
from tests.support.fakes import answer


class Clock:
    """A time that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def moments(bucket: TokenBucket, count: int, *, start: float = 0.0) -> list[float]:
    """Return when each of many waiting requests may be sent."""
    now = start
    sent_at: list[float] = []
    while len(sent_at) < count:
        seconds = bucket.wait_seconds(now)
        if seconds <= 1e-9:
            bucket.acquire(now)
            sent_at.append(now)
        now += seconds
    return sent_at


@given(st.integers(2, 200), st.integers(1, 400))
def test_a_bucket_keeps_its_rate_in_every_second(limit: int, count: int) -> None:
    """Wherever the seconds of the server begin."""
    bucket = TokenBucket(limit * 0.9, max(1.0, math.floor(limit * 0.1)))

    times = moments(bucket, count)

    for index, time in enumerate(times):
        in_window = sum(time <= other < time + 1 for other in times[index:])
        assert in_window <= limit


def test_a_bucket_is_nearly_used_up() -> None:
    """Two hundred requests at thirty a second take less than eight seconds."""
    assert moments(TokenBucket(27, 3), 200)[-1] < 8


def counted(
    window: SlidingWindow, count: int, ways: list[tuple[float, float]]
) -> list[float]:
    """Return when a server counts each of many waiting requests.

    `ways` are the seconds to the server and back, of one request after the other.
    """
    now = 0.0
    answers: list[float] = []
    arrivals: list[float] = []
    while len(arrivals) < count:
        while answers and answers[0] <= now:
            window.answered(heappop(answers))
        seconds = window.wait_seconds(now)
        if seconds <= 0:
            window.acquire(now)
            to_server, back = ways[len(arrivals) % len(ways)]
            arrivals.append(now + to_server)
            heappush(answers, now + to_server + back)
        elif answers:
            now = min(now + seconds, answers[0])
        else:
            now += seconds
    while answers:
        window.answered(heappop(answers))
    return sorted(arrivals)


WAYS = st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), min_size=1, max_size=20)


@given(st.integers(1, 60), st.integers(1, 300), WAYS)
def test_no_second_sees_more_than_the_limit(
    limit: int, count: int, ways: list[tuple[float, float]]
) -> None:
    """Wherever the seconds of the server begin, and however long requests take."""
    times = counted(SlidingWindow(limit), count, ways)
    for first, beyond in zip(times, times[limit:], strict=False):
        assert beyond - first >= 1 - 1e-9


def test_the_limit_is_nearly_used_up() -> None:
    """Two hundred requests at thirty a second, twenty milliseconds away."""
    assert counted(SlidingWindow(30), 203, [(0.01, 0.01)])[-1] < 6.2


def test_no_limit_means_no_waiting() -> None:
    """Requests to servers without a limit do not wait."""
    assert moments(TokenBucket(math.inf, math.inf), 1000)[-1] == 0
    assert counted(SlidingWindow(math.inf), 1000, [(1.0, 1.0)])[-1] == 1.0


def test_a_refusal_blocks_the_window_and_slows_it_down_for_a_while() -> None:
    """After a 429 the rate is lower, for other processes, and later it recovers."""
    window = SlidingWindow(10)
    window.block_for(0.0, 2.0)
    slow = counted(window, 25, [(0.0, 0.0)])
    assert slow[0] >= 2.0
    assert sum(time < slow[0] + 0.5 for time in slow) < 10
    assert window.wait_seconds(100.0) == 0
    for _ in range(10):
        assert window.wait_seconds(100.0) == 0
        window.acquire(100.0)
    assert window.wait_seconds(100.0) == math.inf


def test_a_refusal_closes_the_bucket_and_slows_it_down_for_a_while() -> None:
    """After a 429 the rate is lower, for other processes, and later it recovers."""
    bucket = TokenBucket(10, 1)
    bucket.block_for(0.0, 2.0)

    slow = moments(bucket, 10)
    later = moments(bucket, 10, start=slow[-1] + 60)

    assert slow[0] >= 2.0
    assert slow[-1] - slow[0] > 1.1
    assert later[-1] - later[0] == pytest.approx(0.9, abs=0.01)


async def test_the_most_urgent_request_goes_first() -> None:
    """Among waiting requests the priority decides, then the order of arrival."""
    clock = Clock()
    limiter = RateLimiter(TokenBucket(1, 1), clock=clock)
    limiter.limit.acquire(clock.now)
    served: list[str] = []

    async def acquire(name: str, priority: int) -> None:
        await limiter.acquire(priority)
        served.append(name)

    async with anyio.create_task_group() as group:
        for name, priority in (("late", 3), ("first", 2), ("second", 2), ("run", 0)):
            group.start_soon(acquire, name, priority)
        await anyio.wait_all_tasks_blocked()
        for _ in range(4):
            clock.now += 1.01
            limiter.wake()
            await anyio.wait_all_tasks_blocked()

    assert served == ["run", "first", "second", "late"]


async def test_a_request_that_gives_up_leaves_its_place() -> None:
    """Cancellation while waiting takes no token and wakes the next."""
    clock = Clock()
    limiter = RateLimiter(TokenBucket(1, 1), clock=clock)
    limiter.limit.acquire(clock.now)
    async with anyio.create_task_group() as group:
        group.start_soon(limiter.acquire, 0)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    clock.now += 1.01

    with anyio.fail_after(5):
        await limiter.acquire(3)


class Server:
    """Gives one response to all requests and records them."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Response:
        """Answer."""
        self.requests.append(request)
        return self.response


@pytest.mark.parametrize("limit", ["0", "nan", "inf", "-3", "many", ""])
async def test_nonsense_sets_no_limit(limit: str) -> None:
    """A header that is not a positive number is ignored, and no request waits for ever."""
    server = Server(answer(200, x_ratelimit_limit=limit))
    transport = RateLimitedTransport(server, clock=Clock())

    with anyio.fail_after(5):
        for _ in range(100):
            await transport.send(Request(method="GET", target="ping"))

    assert len(server.requests) == 100


async def test_an_announced_limit_holds_the_next_requests_back() -> None:
    """After the first response the limit holds, for requests of the API only."""
    clock = Clock()
    server = Server(answer(200, x_ratelimit_limit="10"))
    transport = RateLimitedTransport(server, clock=clock)
    await transport.send(Request(method="GET", target="ping"))

    async with anyio.create_task_group() as group:
        for _ in range(12):
            group.start_soon(transport.send, Request(method="GET", target="runs/run-1"))
        await anyio.wait_all_tasks_blocked()
        at_once = len(server.requests)
        for target in (SignedUrl("https://blobs.test/x"), PublicUrl("https://tfe.test/y")):
            await transport.send(Request(method="GET", target=target))
        group.cancel_scope.cancel()

    assert at_once == 10
    assert len(server.requests) == 12


@pytest.mark.parametrize(
    ("first", "first_target", "most"),
    [
        (answer(200, x_ratelimit_limit="1000"), "ping", 10),
        (answer(429), "organizations/acme/runs", 0),
        (answer(200), "ping", 40),
    ],
)
async def test_lists_of_runs_have_a_limit_of_their_own(
    first: Response, first_target: str, most: int
) -> None:
    """Thirty a minute at most, however much the server allows otherwise (P45).

    A server that tells no limit and refuses nothing has none.
    """
    server = Server(first)
    transport = RateLimitedTransport(server, clock=Clock())
    is_list = first_target != "ping"
    await transport.send(Request(method="GET", target=first_target, is_run_list=is_list))
    server.requests.clear()
    async with anyio.create_task_group() as group:
        for _ in range(40):
            request = Request(
                method="GET", target="organizations/acme/runs", is_run_list=True
            )
            group.start_soon(transport.send, request)
        await anyio.wait_all_tasks_blocked()
        sent = len(server.requests)
        group.cancel_scope.cancel()

    assert sent == most


async def test_a_refusal_blocks_as_long_as_the_server_says_at_most_a_minute() -> None:
    """429 with a reset delays all requests by that time, and by a minute at most (P42)."""
    clock = Clock()
    server = Server(answer(429, x_ratelimit_reset="3600"))
    transport = RateLimitedTransport(server, clock=clock, random=lambda: 1.0)
    await transport.send(Request(method="GET", target="ping"))
    clock.now += 79

    with anyio.fail_after(5):
        await transport.send(Request(method="GET", target="ping"))


class Refusing(Server):
    """Refuses requests until the test ends that."""

    async def send(self, request: Request) -> Response:
        """Let all come in before any is answered."""
        await anyio.lowlevel.checkpoint()
        return await super().send(request)


@pytest.mark.parametrize("headers", [{"retry_after": "1"}, {"x_ratelimit_reset": "1"}, {}])
async def test_refused_requests_are_not_retried_at_the_same_instant(
    headers: dict[str, str],
) -> None:
    """Even if no response announces a limit, and one refused burst counts once (P43)."""
    clock = Clock()
    server = Refusing(answer(429, **headers))
    transport = RateLimitedTransport(server, clock=clock, random=lambda: 0.0)
    request = Request(method="GET", target="ping")

    async def all_at_once(group: anyio.abc.TaskGroup) -> int:
        before = len(server.requests)
        for _ in range(39):
            group.start_soon(transport.send, request)
        await anyio.wait_all_tasks_blocked()
        return len(server.requests) - before

    async with anyio.create_task_group() as group:
        assert await all_at_once(group) == 39
        server.response = answer(200)
        clock.now += 1.01
        assert await all_at_once(group) == 1
        for _ in range(10):
            clock.now += 0.1
            await transport.send(evolve(request, priority=0))
        assert 10 < len(server.requests) - 39 < 30
        group.cancel_scope.cancel()

    # Long after the last refusal nothing is assumed any more.
    clock.now += 100
    async with anyio.create_task_group() as group:
        assert await all_at_once(group) == 39
