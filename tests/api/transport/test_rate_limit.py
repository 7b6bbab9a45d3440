"""Staying within the limits of a server."""

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
    """A time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def moments(bucket: TokenBucket, wanted: int, *, start: float = 0.0) -> list[float]:
    """Return when each of many requests that wait together may go."""
    now = start
    found: list[float] = []
    while len(found) < wanted:
        seconds = bucket.wait_seconds(now)
        if seconds <= 1e-9:
            bucket.acquire(now)
            found.append(now)
        now += seconds
    return found


@given(st.integers(2, 200), st.integers(1, 400))
def test_a_bucket_keeps_its_rate_in_every_second(limit: int, wanted: int) -> None:
    """However a server counts its seconds."""
    bucket = TokenBucket(limit * 0.9, max(1.0, math.floor(limit * 0.1)))

    times = moments(bucket, wanted)

    for index, time in enumerate(times):
        in_window = sum(time <= other < time + 1 for other in times[index:])
        assert in_window <= limit


def test_a_bucket_is_nearly_used_up() -> None:
    """Two hundred requests at thirty a second take less than eight seconds."""
    assert moments(TokenBucket(27, 3), 200)[-1] < 8


def counted(
    window: SlidingWindow, wanted: int, ways: list[tuple[float, float]]
) -> list[float]:
    """Return when a server counts each of many requests that wait together.

    `ways` are the seconds to the server and back, of one request after the other.
    """
    now = 0.0
    answers: list[float] = []
    found: list[float] = []
    while len(found) < wanted:
        while answers and answers[0] <= now:
            window.answered(heappop(answers))
        seconds = window.wait_seconds(now)
        if seconds <= 0:
            window.acquire(now)
            there, back = ways[len(found) % len(ways)]
            found.append(now + there)
            heappush(answers, now + there + back)
        elif answers:
            now = min(now + seconds, answers[0])
        else:
            now += seconds
    while answers:
        window.answered(heappop(answers))
    return sorted(found)


WAYS = st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), min_size=1, max_size=20)


@given(st.integers(1, 60), st.integers(1, 300), WAYS)
def test_no_second_sees_more_than_the_limit(
    limit: int, wanted: int, ways: list[tuple[float, float]]
) -> None:
    """However a server counts its seconds, and however long anything is on its way."""
    times = counted(SlidingWindow(limit), wanted, ways)
    for first, beyond in zip(times, times[limit:], strict=False):
        assert beyond - first >= 1 - 1e-9


def test_the_limit_is_nearly_used_up() -> None:
    """Two hundred requests at thirty a second, twenty milliseconds away."""
    assert counted(SlidingWindow(30), 203, [(0.01, 0.01)])[-1] < 6.2


def test_no_limit_means_no_waiting() -> None:
    """Servers that tell no limit are not throttled."""
    assert moments(TokenBucket(math.inf, math.inf), 1000)[-1] == 0
    assert counted(SlidingWindow(math.inf), 1000, [(1.0, 1.0)])[-1] == 1.0


def test_a_refusal_closes_the_window_and_slows_it_down_for_a_while() -> None:
    """After a 429 others get room, and later the old rate comes back."""
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
    """After a 429 others get room, and later the old rate comes back."""
    bucket = TokenBucket(10, 1)
    bucket.block_for(0.0, 2.0)

    slow = moments(bucket, 10)
    later = moments(bucket, 10, start=slow[-1] + 60)

    assert slow[0] >= 2.0
    assert slow[-1] - slow[0] > 1.1
    assert later[-1] - later[0] == pytest.approx(0.9, abs=0.01)


async def test_the_most_urgent_request_goes_first() -> None:
    """Among those that wait, urgency decides, then the order of arrival."""
    clock = Clock()
    budget = RateLimiter(TokenBucket(1, 1), clock=clock)
    budget.bucket.acquire(clock.now)
    served: list[str] = []

    async def ask(name: str, urgency: int) -> None:
        await budget.acquire(urgency)
        served.append(name)

    async with anyio.create_task_group() as group:
        for name, urgency in (("late", 3), ("first", 2), ("second", 2), ("run", 0)):
            group.start_soon(ask, name, urgency)
        await anyio.wait_all_tasks_blocked()
        for _ in range(4):
            clock.now += 1.01
            budget.wake()
            await anyio.wait_all_tasks_blocked()

    assert served == ["run", "first", "second", "late"]


async def test_a_request_that_gives_up_leaves_its_place() -> None:
    """Cancellation while waiting takes no token and wakes the next."""
    clock = Clock()
    budget = RateLimiter(TokenBucket(1, 1), clock=clock)
    budget.bucket.acquire(clock.now)
    async with anyio.create_task_group() as group:
        group.start_soon(budget.acquire, 0)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    clock.now += 1.01

    with anyio.fail_after(5):
        await budget.acquire(3)


class Server:
    """Answers everything in one way and remembers when it was asked."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self.asked: list[Request] = []

    async def send(self, request: Request) -> Response:
        """Answer."""
        self.asked.append(request)
        return self.response


@pytest.mark.parametrize("limit", ["0", "nan", "inf", "-3", "many", ""])
async def test_nonsense_sets_no_limit(limit: str) -> None:
    """A header that is not a positive number is ignored, and nobody waits for ever."""
    server = Server(answer(200, x_ratelimit_limit=limit))
    transport = RateLimitedTransport(server, clock=Clock())

    with anyio.fail_after(5):
        for _ in range(100):
            await transport.send(Request(method="GET", target="ping"))

    assert len(server.asked) == 100


async def test_a_told_limit_holds_the_next_requests_back() -> None:
    """After the first answer the clock decides, for the API alone."""
    clock = Clock()
    server = Server(answer(200, x_ratelimit_limit="10"))
    transport = RateLimitedTransport(server, clock=clock)
    await transport.send(Request(method="GET", target="ping"))

    async with anyio.create_task_group() as group:
        for _ in range(12):
            group.start_soon(transport.send, Request(method="GET", target="runs/run-1"))
        await anyio.wait_all_tasks_blocked()
        at_once = len(server.asked)
        for target in (SignedUrl("https://blobs.test/x"), PublicUrl("https://tfe.test/y")):
            await transport.send(Request(method="GET", target=target))
        group.cancel_scope.cancel()

    assert at_once == 10
    assert len(server.asked) == 12


@pytest.mark.parametrize(
    ("first", "asked_first", "most"),
    [
        (answer(200, x_ratelimit_limit="1000"), "ping", 10),
        (answer(429), "organizations/acme/runs", 0),
        (answer(200), "ping", 40),
    ],
)
async def test_lists_of_runs_have_a_limit_of_their_own(
    first: Response, asked_first: str, most: int
) -> None:
    """Thirty a minute at most, however much the server allows otherwise (P45).

    A server that tells no limit and refuses nothing has none.
    """
    server = Server(first)
    transport = RateLimitedTransport(server, clock=Clock())
    is_list = asked_first != "ping"
    await transport.send(Request(method="GET", target=asked_first, is_run_list=is_list))
    server.asked.clear()
    async with anyio.create_task_group() as group:
        for _ in range(40):
            request = Request(
                method="GET", target="organizations/acme/runs", is_run_list=True
            )
            group.start_soon(transport.send, request)
        await anyio.wait_all_tasks_blocked()
        asked = len(server.asked)
        group.cancel_scope.cancel()

    assert asked == most


async def test_a_refusal_closes_for_as_long_as_asked_at_most_a_minute() -> None:
    """429 with a reset waits that long for everybody; an hour is cut (P42)."""
    clock = Clock()
    server = Server(answer(429, x_ratelimit_reset="3600"))
    transport = RateLimitedTransport(server, clock=clock, random=lambda: 1.0)
    await transport.send(Request(method="GET", target="ping"))
    clock.now += 79

    with anyio.fail_after(5):
        await transport.send(Request(method="GET", target="ping"))


class Refusing(Server):
    """Refuses what it is asked until it is told otherwise."""

    async def send(self, request: Request) -> Response:
        """Let all come in before any is answered."""
        await anyio.lowlevel.checkpoint()
        return await super().send(request)


@pytest.mark.parametrize("headers", [{"retry_after": "1"}, {"x_ratelimit_reset": "1"}, {}])
async def test_those_who_were_refused_do_not_come_back_at_once(
    headers: dict[str, str],
) -> None:
    """Also where no answer tells a limit, and one refused burst counts once (P43)."""
    clock = Clock()
    server = Refusing(answer(429, **headers))
    transport = RateLimitedTransport(server, clock=clock, random=lambda: 0.0)
    request = Request(method="GET", target="ping")

    async def all_at_once(group: anyio.abc.TaskGroup) -> int:
        before = len(server.asked)
        for _ in range(39):
            group.start_soon(transport.send, request)
        await anyio.wait_all_tasks_blocked()
        return len(server.asked) - before

    async with anyio.create_task_group() as group:
        assert await all_at_once(group) == 39
        server.response = answer(200)
        clock.now += 1.01
        assert await all_at_once(group) == 1
        for _ in range(10):
            clock.now += 0.1
            await transport.send(evolve(request, priority=0))
        assert 10 < len(server.asked) - 39 < 30
        group.cancel_scope.cancel()

    # Long after the last refusal nothing is assumed any more.
    clock.now += 100
    async with anyio.create_task_group() as group:
        assert await all_at_once(group) == 39
