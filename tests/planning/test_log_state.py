"""What follows from each read of a log, and how often a log is read; time is virtual."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest
from attrs import evolve, field, frozen

from remote_backend.api.client import Client
from remote_backend.api.messages import Request, Response
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.plan import Plan
from remote_backend.planning.log_pace import log_settings_for
from remote_backend.planning.log_state import (
    LogAction,
    LogRead,
    LogSettings,
    LogState,
    MissingLog,
    on_missing_log,
)
from remote_backend.planning.log_tail import LogTail
from tests.support.fakes import answer
from tests.support.servers import run_virtually

DEFAULT = LogSettings()
SMALL = LogSettings(limit_bytes=8)
DOUBLING = LogSettings(limit_bytes=8, growth=2.0)
LINES = b"".join(b"line %d\n" % number for number in range(10_000))
RUNNING = Plan(id="plan-1", status="running")
FINISHED = Plan(id="plan-1", status="finished")


Read = tuple[LogRead, bool]


def read(at: float, data: bytes = b"", *, over: bool = False, **more: Any) -> Read:
    """Return a read of a log, and whether its plan was over before."""
    return LogRead(at=at, data=data, **more), over


@pytest.mark.parametrize(
    ("reads", "last", "complete", "problem"),
    [
        ([read(0.0)], False, False, None),
        ([read(0.0, over=True)], False, False, None),
        ([read(0.0, over=True), read(5.0, over=True)], True, False, "has no end"),
        ([read(0.0, b"\x02a\x03"), read(1.0)], False, False, None),
        ([read(0.0, b"\x02a\x03", over=True), read(1.0, over=True)], True, True, None),
        ([read(0.0, b"abc", over=True), read(1.0, over=True)], True, True, None),
        ([read(0.0, b"\x02a"), read(1.0, over=True)], False, False, None),
        (
            [read(0.0, b"\x02a", over=True), read(6.0, b"b\x03", over=True)],
            True,
            False,
            "it still grows 5 s after its plan ended",
        ),
        (
            [read(0.0, b"\x02a", over=True), read(4.0, b"b\x03", over=True)],
            False,
            False,
            None,
        ),
        (
            [read(float(at), b"12345678", over=True) for at in range(60)],
            False,
            False,
            None,
        ),
        ([read(0.0, over=True, may_lack_log=True)], True, True, None),
        (
            [read(0.0, over=True, may_lack_log=True, problem="404", is_missing=True)],
            True,
            True,
            None,
        ),
        (
            [read(0.0, over=True, may_lack_log=True, problem="503")],
            False,
            False,
            "503",
        ),
        ([read(0.0, over=True, may_lack_log=True, is_possible=False)], True, True, None),
        ([read(0.0, over=True, is_possible=False)], True, False, "names no log"),
        ([read(0.0, is_possible=False)], False, False, None),
        ([read(0.0, problem="503"), read(1.0)], False, False, None),
        (
            [read(0.0, over=True, problem="503"), read(5.0, over=True, problem="503")],
            True,
            False,
            "503",
        ),
    ],
)
def test_when_a_log_is_over(
    reads: list[Read], last: bool, complete: bool, problem: str | None
) -> None:
    """The last of some reads ends the log or not, with everything read or with a reason."""
    state = LogState(SMALL, 0.0)

    actions = [state.step(*step_read) for step_read in reads]

    assert [action.is_last for action in actions] == [False] * (len(reads) - 1) + [last]
    assert state.is_complete is complete
    assert (state.problem is None) == (problem is None)
    assert problem is None or problem in (state.problem or "")


@pytest.mark.parametrize(
    ("reads", "action"),
    [
        ([read(0.0)], LogAction(wait_seconds=0.1)),
        ([read(0.0), read(0.1)], LogAction(wait_seconds=0.2)),
        ([read(float(at)) for at in range(9)], LogAction(wait_seconds=1.0)),
        ([read(0.0), read(0.1), read(0.3, b"a")], LogAction(text=b"a", wait_seconds=0.1)),
        ([read(0.0, problem="503")], LogAction(wait_seconds=0.1)),
        ([read(0.0, is_possible=False)], LogAction(wait_seconds=math.inf)),
        ([read(0.0), read(0.1, is_possible=False), read(9.0)], LogAction(wait_seconds=0.1)),
        ([read(0.0, b"12345678")], LogAction(text=b"12345678")),
        (
            [read(0.0, b"\x02a\x03")],
            LogAction(text=b"a", polls_run=True, wait_seconds=1.0),
        ),
        ([read(0.0, b"\x02a\x03"), read(1.0)], LogAction(polls_run=True, wait_seconds=1.0)),
        (
            [read(0.0, b"\x02a\x03"), read(1.0, b"b")],
            LogAction(text=b"\x03b", wait_seconds=0.1),
        ),
        ([read(0.0, b"\x02a\x03", over=True)], LogAction(text=b"a")),
        (
            [read(0.0, b"\x02a\x03", over=True), read(0.0, over=True)],
            LogAction(is_last=True),
        ),
        (
            [read(0.0, b"\x02a", over=True), read(0.0, over=True)],
            LogAction(wait_seconds=0.1),
        ),
        (
            [read(0.0, b"\x02a", over=True), read(1.0, b"b", over=True)],
            LogAction(text=b"b", wait_seconds=0.1),
        ),
        (
            [read(0.0, b"\x02a", over=True), read(9.0, b"b", over=True)],
            LogAction(text=b"b", is_last=True),
        ),
    ],
)
def test_the_action_after_the_last_of_some_reads(
    reads: list[Read], action: LogAction
) -> None:
    """Text, and whether to poll the run, to read at once, to wait, or to stop."""
    state = LogState(DOUBLING, 0.0)

    actions = [state.step(*step_read) for step_read in reads]

    assert actions[-1] == action


@pytest.mark.parametrize(
    ("is_over", "has_begun", "is_gone", "may_lack_log", "was_renewed", "reaction"),
    [
        (False, False, False, False, False, MissingLog.IGNORE),
        (False, False, False, True, True, MissingLog.IGNORE),
        (False, False, True, False, False, MissingLog.RENEW_ADDRESS),
        (False, True, False, False, False, MissingLog.RENEW_ADDRESS),
        (False, True, False, True, False, MissingLog.RENEW_ADDRESS),
        (True, False, False, False, False, MissingLog.RENEW_ADDRESS),
        (True, True, False, False, True, MissingLog.REPORT),
        (False, True, False, False, True, MissingLog.REPORT),
        (True, False, False, True, False, MissingLog.REPORT),
        (True, False, True, True, False, MissingLog.REPORT),
    ],
)
def test_what_to_do_when_a_log_is_missing(
    is_over: bool,
    has_begun: bool,
    is_gone: bool,
    may_lack_log: bool,
    was_renewed: bool,
    reaction: MissingLog,
) -> None:
    """Nothing before its first byte; then one fresh address, unless the plan has no log."""
    assert reaction is on_missing_log(
        is_over=is_over,
        has_begun=has_begun,
        is_gone=is_gone,
        may_lack_log=may_lack_log,
        was_renewed=was_renewed,
    )


def test_a_log_without_end_is_bounded() -> None:
    """Whole chunks may come for long after the end of a plan, but not for ever (M7)."""
    settings = evolve(SMALL, most_bytes_after_end=80)
    state = LogState(settings, 0.0)

    actions = [state.step(*read(0.0, b"12345678", over=True)) for _ in range(11)]

    assert [action.is_last for action in actions] == [False] * 10 + [True]
    assert "more than 80 bytes" in (state.problem or "")


@pytest.mark.parametrize(
    ("first", "then", "suspicious"),
    [
        (b"\x02abc", b"\x02abc\n", True),
        (b"\x02abc", b"\x02other", True),
        (b"\x02abc", b"abc", False),
        (b"abc", b"abcd", True),
        (b"abc", b"bcd", False),
        (b"abc", b"123456789", True),
        (b"", b"123456789", True),
        (b"", b"\x02abc", False),
        (b"abc", b"", False),
    ],
)
def test_chunks_that_may_be_a_log_from_its_beginning(
    first: bytes, then: bytes, suspicious: bool
) -> None:
    """The same beginning, a start byte further on, or more than was requested (M7)."""
    state = LogState(SMALL, 0.0)
    state.step(*read(0.0, first))

    assert state.is_suspicious(then) is suspicious
    state.ignores_offsets = False
    assert not state.is_suspicious(then)


@frozen(kw_only=True)
class Scenario:
    """A log server, and how the plan is at each time."""

    log: Callable[[int, int, float], bytes | Response]
    """Gives the answer to a read of an offset and a limit at a time."""

    ends: float = 0.0
    """When it is known that nobody writes to the log any more."""

    begins: float = 0.0
    plan: Plan = FINISHED
    reads: list[tuple[float, int]] = field(factory=list)
    chunks: list[tuple[float, bytes]] = field(factory=list)
    polls: list[float] = field(factory=list)
    renewals: list[float] = field(factory=list)


class Source:
    """Serves a scenario, and says how its plan is."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.address = 0

    @property
    def plan(self) -> Plan:
        """The plan with the newest address of its log."""
        url = SignedUrl(f"https://blobs.test/{self.address}")
        plan = self.scenario.plan if self.log_is_over else RUNNING
        return evolve(plan, log_read_url=url)

    @property
    def plan_may_have_begun(self) -> bool:
        """Whether the run says that its plan runs."""
        return anyio.current_time() >= self.scenario.begins

    @property
    def log_is_over(self) -> bool:
        """Whether the plan is over."""
        return anyio.current_time() >= self.scenario.ends

    def poll_soon(self) -> None:
        """Take note."""
        self.scenario.polls.append(anyio.current_time())

    async def next_log_change(self, at_most_seconds: float) -> None:
        """Wait until the plan begins or ends, or for a time."""
        now = anyio.current_time()
        coming = [at for at in (self.scenario.begins, self.scenario.ends) if at > now]
        await anyio.sleep(min([at_most_seconds, *(at - now for at in coming)]))

    async def read_plan_again(self) -> Plan:
        """Give another address."""
        self.scenario.renewals.append(anyio.current_time())
        self.address += 1
        return self.plan

    async def send(self, request: Request) -> Response:
        """Answer a read after a moment."""
        await anyio.sleep(0.001)
        now = anyio.current_time()
        query = dict(request.query)
        offset, limit = int(query["offset"]), int(query["limit"])
        self.scenario.reads.append((now, offset))
        stored = self.scenario.log(offset, limit, now)
        return stored if isinstance(stored, Response) else answer(200, stored)


async def tail_of(scenario: Scenario, settings: LogSettings = DEFAULT) -> LogTail:
    """Tail a log to its end."""
    source = Source(scenario)
    tail = LogTail(Client(source, "acme"), source, settings)
    with anyio.fail_after(10_000):
        async for data in tail.chunks():
            scenario.chunks.append((anyio.current_time(), data))
    return tail


def tailed(scenario: Scenario, settings: LogSettings = DEFAULT) -> tuple[bytes, LogTail]:
    """Return the text of a log and how it ended."""
    tail = run_virtually(partial(tail_of, scenario, settings))
    return b"".join(data for _, data in scenario.chunks), tail


def framed(text: bytes) -> bytes:
    """Return a whole log."""
    return b"\x02" + text + b"\x03"


def growing(
    text: bytes, bytes_per_second: float, *, until: float
) -> Callable[[float], bytes]:
    """Return a log that is written evenly, and its end mark at the end."""

    def stored(now: float) -> bytes:
        if now >= until:
            return framed(text)
        return framed(text)[: int(bytes_per_second * now)]

    return stored


def honest(stored: Callable[[float], bytes]) -> Callable[[int, int, float], bytes]:
    """Return what a server gives that keeps to offsets and limits."""
    return lambda offset, limit, now: stored(now)[offset : offset + limit]


def test_a_server_that_ignores_offset_and_limit_is_read_once() -> None:
    """A complete log of 70 kB for every read comes once, and is reported (M7, P04)."""
    scenario = Scenario(log=lambda offset, limit, now: framed(LINES))

    text, tail = tailed(scenario)

    assert text == LINES
    assert not tail.is_complete and "from its beginning" in (tail.problem or "")
    assert len(scenario.reads) == 2


@pytest.mark.parametrize("ends", [0.0, 30.0])
@pytest.mark.parametrize("text", [b"a line\n", LINES[:60_000]])
def test_a_small_log_for_every_offset_comes_once(text: bytes, ends: float) -> None:
    """The second read shows it, whether the plan is over or not (M7, P04)."""
    scenario = Scenario(log=lambda offset, limit, now: framed(text)[:limit], ends=ends)

    joined, tail = tailed(scenario)

    assert joined == text
    assert "from its beginning" in (tail.problem or "")
    assert len(scenario.reads) == 3


@pytest.mark.parametrize("is_framed", [True, False])
def test_a_growing_log_for_every_offset_repeats_nothing(is_framed: bool) -> None:
    """What lies behind the offset is new, and the rest is left out (P04)."""
    stored = growing(LINES, 1000.0, until=1e9)
    scenario = Scenario(
        log=lambda offset, limit, now: stored(now)[0 if is_framed else 1 :], ends=60.0
    )

    joined, tail = tailed(scenario)

    assert joined and LINES.startswith(joined)
    assert "from its beginning" in (tail.problem or "")
    assert len(scenario.reads) <= 5


def test_a_cache_that_forgets_the_log_of_a_plan_is_noticed() -> None:
    """The same body for every offset, without a frame."""
    scenario = Scenario(log=lambda offset, limit, now: b"x" * limit)

    text, tail = tailed(scenario)

    assert text == b"x" * (1 << 16)
    assert tail.problem is not None
    assert len(scenario.reads) == 3


def test_a_server_that_ignores_the_limit_alone_gives_the_whole_log() -> None:
    """It keeps to offsets, as one more read shows, so nothing is repeated or lost."""
    stored = growing(LINES, 20_000.0, until=5.0)
    scenario = Scenario(log=lambda offset, limit, now: stored(now)[offset:], ends=5.5)

    text, tail = tailed(scenario, LogSettings(limit_bytes=1000))

    assert text == LINES
    assert tail.is_complete and tail.problem is None
    assert sum(offset > len(LINES) + 2 for _, offset in scenario.reads) == 1


def test_a_log_of_equal_lines_is_whole() -> None:
    """A chunk that begins like the log costs one more read, and no line."""
    text = b"." * 400
    scenario = Scenario(
        log=honest(lambda now: text[: int(40 * now)]), ends=12.0, plan=FINISHED
    )

    joined, tail = tailed(scenario)

    assert (joined, tail.is_complete) == (text, True)
    assert sum(offset > len(text) for _, offset in scenario.reads) == 1


def test_a_log_that_grows_after_its_plan_ended_is_cut() -> None:
    """It is reported within the grace time, after few reads (M7)."""
    scenario = Scenario(
        log=lambda offset, limit, now: b"%09.3f\n" % now if offset < 1e9 else b"", ends=3.0
    )

    text, tail = tailed(scenario)

    assert "still grows 5 s after" in (tail.problem or "")
    assert 8.0 <= scenario.chunks[-1][0] < 9.5
    assert len([at for at, _ in scenario.reads if at >= 3.0]) < 60
    assert text.count(b"\n") == len(scenario.chunks)


def plan_of(status: str, was_started: bool | None = None) -> Plan:
    """Return a plan at the end of its run."""
    return Plan(id="plan-1", status=status, was_started=was_started)


@pytest.mark.parametrize("is_empty", [True, False])
@pytest.mark.parametrize(
    "plan",
    [
        plan_of("unreachable"),
        plan_of("canceled", False),
        plan_of("canceled"),
        plan_of("pending"),
        plan_of("queued", False),
        plan_of("errored", False),
    ],
)
def test_a_plan_that_never_started_has_a_whole_empty_log(
    plan: Plan, is_empty: bool
) -> None:
    """One read after the end of the run, empty or 404, is enough (W8, P16)."""
    response = b"" if is_empty else answer(404)
    scenario = Scenario(log=lambda offset, limit, now: response, plan=plan)

    text, tail = tailed(scenario)

    assert (text, tail.is_complete, tail.problem) == (b"", True, None)
    assert len(scenario.reads) == 1
    assert scenario.renewals == []


@pytest.mark.parametrize(
    "plan", [plan_of("canceled", True), plan_of("errored"), plan_of("finished", False)]
)
def test_the_log_of_a_plan_that_ran_is_waited_for(plan: Plan) -> None:
    """It may be stored some seconds after the end, and comes whole then (P03)."""
    late = framed(b"Plan: 1 to add\n")
    scenario = Scenario(
        log=honest(lambda now: late if now >= 4.0 else b""), ends=0.0, plan=plan
    )

    text, tail = tailed(scenario)

    assert (text, tail.is_complete) == (b"Plan: 1 to add\n", True)


def test_an_address_that_stays_missing_is_renewed_once() -> None:
    """404 for a finished plan costs a few reads within the grace time, and one of the plan."""
    scenario = Scenario(log=lambda offset, limit, now: answer(404))

    _, tail = tailed(scenario)

    assert "404" in (tail.problem or "")
    assert len(scenario.renewals) == 1
    assert len(scenario.reads) <= 15


def test_a_slow_plan_is_read_seldom() -> None:
    """A line a second for 15 s: little more than half of the reads before (W10)."""
    text = b"".join(b"%02d\n" % number for number in range(15))
    scenario = Scenario(
        log=honest(lambda now: (b"\x02" + text)[: 1 + 3 * int(now)] if now >= 1 else b""),
        ends=16.0,
    )

    joined, _ = tailed(scenario, log_settings_for(LogSettings(), 1))

    assert joined == text
    assert len([at for at, _ in scenario.reads if at <= 16.0]) <= 160
    busy = [at for at, _ in scenario.reads if 10.0 <= at < 15.0]
    assert len(busy) <= 35
    delays = [at - int(at) for at, _ in scenario.chunks]
    assert max(delays) <= 0.04 * 16 + 0.1


@pytest.mark.parametrize("workspaces", [1, 5, 100])
def test_while_nothing_comes_a_log_is_read_once_a_second(workspaces: int) -> None:
    """At most, after half a minute of silence; a line makes reads frequent again (W10)."""
    settings = log_settings_for(LogSettings(), workspaces)
    stored = [(0.0, b"\x02begin\n"), (120.0, b"\x02begin\nmore\n")]
    scenario = Scenario(
        log=honest(lambda now: [log for at, log in stored if at <= now][-1]), ends=130.0
    )

    tailed(scenario, settings)

    silent = [at for at, _ in scenario.reads if 30.0 <= at < 120.0]
    assert len(silent) <= 91
    came = scenario.chunks[1][0]
    following = [at for at, _ in scenario.reads if at > came]
    assert following[0] - came < 0.3


def test_the_first_line_comes_as_soon_as_before() -> None:
    """The log of a single plan is read every 30 ms until its first line comes, at first."""
    scenario = Scenario(
        log=honest(lambda now: b"\x02first\n" if now >= 0.7 else b""), begins=0.9, ends=9.0
    )

    tailed(scenario, log_settings_for(LogSettings(), 1))

    assert scenario.chunks[0][0] - 0.7 < 0.04


@pytest.mark.parametrize(("workspaces", "most"), [(1, 130), (3, 130), (4, 0), (100, 0)])
def test_logs_of_plans_that_wait_are_not_read(workspaces: int, most: int) -> None:
    """Of many never; of few until their runs are polled as often as that (P28)."""
    scenario = Scenario(
        log=lambda offset, limit, now: framed(b"x") if now >= 600.0 else answer(404),
        begins=600.0,
        ends=600.5,
    )

    tailed(scenario, log_settings_for(LogSettings(), workspaces))

    assert len([at for at, _ in scenario.reads if at < 600.0]) <= most
    assert [at for at, _ in scenario.reads if 30.0 < at < 600.0] == []
    assert scenario.chunks[0][0] < 600.01


def test_an_end_mark_that_the_status_lags_behind_costs_a_read_a_second() -> None:
    """The run is polled as often, and there is no hot loop (F2)."""
    scenario = Scenario(log=honest(lambda now: framed(b"text\n")), ends=60.0)

    text, tail = tailed(scenario, log_settings_for(LogSettings(), 1))

    assert (text, tail.is_complete) == (b"text\n", True)
    assert len(scenario.reads) <= 63
    assert len(scenario.polls) <= 62
