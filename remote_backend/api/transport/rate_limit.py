"""Keep to the rate limits of a server: a sliding window, a token bucket, and priorities.

General requests share a `SlidingWindow`; requests for run lists also need a token from a
`TokenBucket`. Both are pure: the time is an argument. Each is unlimited until a response
announces X-RateLimit-Limit or is refused with 429, limited afterwards, and blocked for a while
after a 429. After a block the rate is lower (`_rate_factor`) and recovers within seconds. A
window that is refused without an announced limit assumes one for a minute.

A `RateLimiter` lets many tasks share one of them. Waiting requests form a heap, ordered by
priority and then by arrival. Only the first one applies the limit; it sleeps for the time
that the limit returns, or until its `changed` event is set. The others wait for `changed`
alone. `wake` sets the event of the first one: after a request left the heap (sent or
canceled), and after a request was answered, because only then can the answer to
"how long" become shorter.

Invariant: a request takes its place in the limit in the same step in which it found one free,
so that two requests never take the same place.
"""

import math
import random
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from heapq import heapify, heappush
from itertools import count

import anyio
from attrs import define, field

from remote_backend.api.messages import Request, Response, Transport
from remote_backend.api.transport.failures import retry_after_seconds
from remote_backend.errors import TransportError
from remote_backend.notices import Notices
from remote_backend.structured_logging import Log
from remote_backend.telemetry import NO_TELEMETRY, Telemetry

__all__ = ("RateLimiter", "RateLimitedTransport", "TokenBucket", "SlidingWindow")

log = Log()

_WAIT_REASON = "the rate limit of the server"
_WINDOW_SECONDS = 1.0
_RUN_LISTS_PER_SECOND = 20 / 60
_RUN_LIST_BURST = 10
_LONGEST_PAUSE_SECONDS = 60.0
# Halved like the window of TCP: of two processes that share a limit each gets about half.
_SLOWER = 0.5
_SLOWEST = 0.1
# After a refusal the old rate comes back within about this many seconds.
_RECOVERY_SECONDS = 10.0
# A server may refuse without announcing a limit; then that of HCP Terraform is assumed for a minute
# (https://developer.hashicorp.com/terraform/cloud-docs/api-docs#rate-limiting), evenly spread.
_ASSUMED_PER_SECOND = 30.0
_ASSUMED_SECONDS = 60.0


@define
class TokenBucket:
    """Tokens that come back evenly; pure, the time is an argument."""

    per_second: float
    """Infinite without a limit."""

    burst: float
    _tokens: float = field(init=False)
    _filled_at: float = -math.inf
    _blocked_until: float = -math.inf
    _rate_factor: float = 1.0

    def __attrs_post_init__(self) -> None:
        self._tokens = self.burst

    def wait_seconds(self, now: float) -> float:
        """Return the seconds until a token is available; 0 if one is."""
        if now < self._blocked_until:
            return self._blocked_until - now
        if math.isinf(self.per_second):
            return 0.0
        self._fill(now)
        return max(0.0, (1 - self._tokens) / (self.per_second * self._rate_factor))

    def acquire(self, now: float) -> None:
        """Take a token, which must be available."""
        if not math.isinf(self.per_second):
            self._fill(now)
            self._tokens -= 1

    def allow(self, per_second: float, burst: float) -> None:
        """Change the rate."""
        if per_second != self.per_second:
            self.per_second, self.burst = per_second, burst
            self._tokens = min(self._tokens, burst)

    def answered(self, now: float) -> None:
        """Count a response; the bucket does not depend on it."""

    def block_for(self, now: float, seconds: float) -> None:
        """Give no tokens for a time, and fewer afterwards: other processes use this limit too."""
        self._blocked_until = max(self._blocked_until, now + seconds)
        self._tokens = 0.0
        self._rate_factor = max(_SLOWEST, self._rate_factor * _SLOWER)

    def _fill(self, now: float) -> None:
        passed = 0.0 if math.isinf(self._filled_at) else max(0.0, now - self._filled_at)
        self._filled_at = now
        self._rate_factor = min(1.0, self._rate_factor + passed / _RECOVERY_SECONDS)
        added = passed * self.per_second * self._rate_factor
        self._tokens = min(max(1.0, self.burst), self._tokens + added)


@define
class SlidingWindow:
    """A number of requests within each second, however the server counts them.

    The server counts a request at some time between its sending and its response. So a request
    beyond the limit is sent a second after the response that leaves the window.
    """

    limit: float
    """Infinite without a limit."""

    _assumed_until: float = -math.inf
    _next_at: float = -math.inf
    _open: int = 0
    _answered: deque[float] = field(factory=deque)
    _blocked_until: float = -math.inf
    _rate_factor: float = 1.0
    _lowered_at: float = -math.inf

    def wait_seconds(self, now: float) -> float:
        """Return the seconds until a request may be sent; infinite until the next response."""
        if now < self._blocked_until:
            return self._blocked_until - now
        if now < self._assumed_until:
            return max(0.0, self._next_at - now)
        if math.isinf(self.limit):
            return 0.0
        self._forget(now)
        too_many = self._open + len(self._answered) - self._allowed(now)
        if too_many < 0:
            return 0.0
        if too_many >= len(self._answered):
            return math.inf
        return self._answered[too_many] + _WINDOW_SECONDS - now

    def acquire(self, now: float) -> None:
        """Count a request that is sent now."""
        self._open += 1
        if now < self._assumed_until:
            self._next_at = now + 1 / (_ASSUMED_PER_SECOND * self._recovered(now))

    def answered(self, now: float) -> None:
        """Count the end of a request, with or without a response."""
        self._open -= 1
        self._answered.append(now)
        self._forget(now)

    def allow(self, limit: float) -> None:
        """Use the limit that the server announces."""
        self.limit, self._assumed_until = limit, -math.inf

    def block_for(self, now: float, seconds: float) -> None:
        """Send no request for a time, and fewer afterwards: other processes use this limit too.

        Without a known limit one is assumed for a minute if requests are in flight, so that
        they are not all retried at the same instant.
        """
        # Requests that were refused together are one refusal.
        if now >= self._blocked_until:
            self._rate_factor = max(_SLOWEST, self._recovered(now) * _SLOWER)
            self._lowered_at = now
        self._blocked_until = max(self._blocked_until, now + seconds)
        if math.isinf(self.limit) and self._open:
            self._assumed_until = self._blocked_until + _ASSUMED_SECONDS

    def _allowed(self, now: float) -> int:
        return max(1, math.floor(self.limit * self._recovered(now)))

    def _recovered(self, now: float) -> float:
        if self._rate_factor >= 1.0:
            return 1.0
        return min(1.0, self._rate_factor + (now - self._lowered_at) / _RECOVERY_SECONDS)

    def _forget(self, now: float) -> None:
        while self._answered and self._answered[0] <= now - _WINDOW_SECONDS:
            self._answered.popleft()


@define(eq=False)
class _Waiter:
    """A request that waits for the limit; it is compared by identity, to leave the heap."""

    rank: tuple[int, int]
    changed: anyio.Event = field(factory=anyio.Event)

    def __lt__(self, other: "_Waiter") -> bool:
        return self.rank < other.rank


class RateLimiter:
    """One limit that many tasks share, in the order of their priorities."""

    def __init__(
        self,
        limit: TokenBucket | SlidingWindow,
        *,
        notices: Notices | None = None,
        telemetry: Telemetry = NO_TELEMETRY,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self.limit = limit
        self.clock = clock
        self._notices = notices or Notices()
        self._telemetry = telemetry
        self._order = count()
        self._waiting: list[_Waiter] = []

    async def acquire(self, priority: int) -> None:
        """Wait until a request of this priority may be sent."""
        waiter = _Waiter((priority, next(self._order)))
        heappush(self._waiting, waiter)
        try:
            if self._seconds(waiter) > 0:
                began = self.clock()
                with self._notices.waiting(_WAIT_REASON):
                    await self._wait_for_limit(waiter)
                waited = self.clock() - began
                self._telemetry.record_wait(waited, "rate_limit")
                log.debug("rate_limit.waited", seconds=round(waited, 3))
            self.limit.acquire(self.clock())
        finally:
            self._waiting.remove(waiter)
            heapify(self._waiting)
            self.wake()

    def answered(self) -> None:
        """Count the end of a request that `acquire` let pass."""
        self.limit.answered(self.clock())
        self.wake()

    def wake(self) -> None:
        """Let the first waiting request check the limit again."""
        if self._waiting:
            self._waiting[0].changed.set()

    async def _wait_for_limit(self, waiter: _Waiter) -> None:
        while (seconds := self._seconds(waiter)) > 0:
            with anyio.move_on_after(seconds):
                await waiter.changed.wait()
            waiter.changed = anyio.Event()

    def _seconds(self, waiter: _Waiter) -> float:
        if self._waiting[0] is not waiter:
            return math.inf
        return self.limit.wait_seconds(self.clock())


class RateLimitedTransport:
    """Sends requests of an API within the limits that its responses announce.

    Signed addresses and other hosts are not counted.
    """

    def __init__(
        self,
        inner: Transport,
        *,
        notices: Notices | None = None,
        telemetry: Telemetry = NO_TELEMETRY,
        clock: Callable[[], float] = anyio.current_time,
        wall_clock: Callable[[], float] = time.time,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        limiter = partial(
            RateLimiter, notices=notices or Notices(), telemetry=telemetry, clock=clock
        )
        self._wall_clock = wall_clock
        self._random = random
        # Unlimited until a response carries X-RateLimit-Limit. The limit on run lists is never
        # announced; assume it wherever the general one is.
        self._window = SlidingWindow(math.inf)
        self._requests = limiter(self._window)
        self._run_list_bucket = TokenBucket(math.inf, math.inf)
        self._run_lists = limiter(self._run_list_bucket)

    async def send(self, request: Request) -> Response:
        """Wait for the limits and send a request."""
        if not isinstance(request.target, str):
            return await self._inner.send(request)
        if request.is_run_list:
            await self._run_lists.acquire(request.priority)
        await self._requests.acquire(request.priority)
        try:
            response = await _sent(self._inner, request)
        finally:
            self._requests.answered()
        self._learn(request, response)
        return response

    def _learn(self, request: Request, response: Response) -> None:
        limit = response.requests_per_second
        if limit is not None:
            self._window.allow(max(1, math.floor(limit)))
        if limit is not None or (request.is_run_list and response.status == 429):
            self._run_list_bucket.allow(_RUN_LISTS_PER_SECOND, _RUN_LIST_BURST)
        if response.status != 429:
            return
        retry_after = retry_after_seconds(response.headers, self._wall_clock())
        seconds = min(_LONGEST_PAUSE_SECONDS, 1.0 if retry_after is None else retry_after)
        # Processes that share a token must not retry at the same instant.
        seconds *= 1 + 0.3 * self._random()
        limiter = self._run_lists if request.is_run_list else self._requests
        limiter.limit.block_for(limiter.clock(), seconds)
        log.info("rate_limit.exceeded", seconds=round(seconds, 3))


async def _sent(inner: Transport, request: Request) -> Response:
    if request.in_flight is None:
        return await inner.send(request)
    request.in_flight(True)
    try:
        response = await inner.send(request)
    except TransportError as error:
        request.in_flight(error.may_have_happened)
        raise
    request.in_flight(response.status != 429)
    return response
