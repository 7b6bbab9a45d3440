"""Tailing logs: every byte, once, whatever servers and networks do."""

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.api.client import Client
from remote_backend.api.messages import Request, Response
from remote_backend.errors import TransportError
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.plan import Plan
from remote_backend.planning.log_tail import LogSettings, LogTail
from tests.support.fakes import answer

STX, ETX = b"\x02", b"\x03"
AT_ONCE = LogSettings(
    limit_bytes=64, first_wait_seconds=0, longest_wait_seconds=0, grace_seconds=0
)


class LogServer:
    """Serves a log by offset and limit, which grows and is cut as the test says.

    It is also the plan source: the plan is final as soon as `ends_after` reads
    were answered, whether or not the whole log was readable by then.
    """

    def __init__(
        self,
        stored: bytes,
        *,
        grows: Iterator[int],
        cuts: Iterator[int],
        ends_after: int = 0,
    ) -> None:
        self.stored = stored
        self.readable = 0
        self.reads: list[tuple[int, int]] = []
        self.faults: dict[int, Response | Exception] = {}
        self.renewed = 0
        self.plan: Plan | None = plan()
        self._grows = grows
        self._cuts = cuts
        self._ends_after = ends_after

    async def send(self, request: Request) -> Response:
        """Answer a read of the log."""
        query = dict(request.query)
        offset, limit = int(query["offset"]), int(query["limit"])
        self.reads.append((offset, limit))
        fault = self.faults.get(len(self.reads))
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            return fault
        part = self.stored[offset : self.readable]
        size = min(limit, next(self._cuts, limit) or limit)
        self.readable = min(len(self.stored), self.readable + next(self._grows, 1 << 20))
        return answer(200, part[:size])

    @property
    def log_is_over(self) -> bool:
        """Whether the plan is final."""
        return len(self.reads) >= self._ends_after and self.readable >= len(self.stored)

    @property
    def plan_may_have_begun(self) -> bool:
        """Whether there may be a log."""
        return True

    def poll_soon(self) -> None:
        """Poll the run, which is not needed here."""

    async def next_log_change(self, at_most_seconds: float) -> None:
        """Let others run."""
        await anyio.lowlevel.checkpoint()

    async def read_plan_again(self) -> Plan | None:
        """Give another address."""
        self.renewed += 1
        self.plan = plan("https://blobs.test/renewed")
        return self.plan


class EarlyEnd(LogServer):
    """A server whose plan is final before its log can be read whole."""

    @property
    def log_is_over(self) -> bool:
        """Whether the plan is final."""
        return len(self.reads) >= self._ends_after


def plan(url: str = "https://blobs.test/log", **more: Any) -> Plan:
    """Return a plan with a log."""
    return Plan(id="plan-1", log_read_url=SignedUrl(url), **more)


async def tailed(
    server: LogServer, settings: LogSettings = AT_ONCE
) -> tuple[bytes, LogTail]:
    """Tail a log to its end."""
    tail = LogTail(Client(server, "acme"), server, settings)
    with anyio.fail_after(30):
        return b"".join([data async for data in tail.chunks()]), tail


def served(stored: bytes, *, ends_after: int = 0) -> LogServer:
    """Return a server that has the whole log at once."""
    return LogServer(stored, grows=iter(()), cuts=iter(()), ends_after=ends_after)


@given(
    text=st.binary(max_size=400),
    grows=st.lists(st.integers(0, 80)),
    cuts=st.lists(st.integers(0, 70)),
    limit=st.integers(1, 100),
    ends_after=st.integers(0, 20),
)
def test_every_byte_arrives_once_whatever_the_chunks_are(
    text: bytes, grows: list[int], cuts: list[int], limit: int, ends_after: int
) -> None:
    """Joined, the chunks are the stored log without its frame, however it grew and was cut."""
    server = LogServer(
        STX + text + ETX, grows=iter(grows), cuts=iter(cuts), ends_after=ends_after
    )
    settings = LogSettings(
        limit_bytes=limit, first_wait_seconds=0, longest_wait_seconds=0, grace_seconds=20
    )

    joined, tail = anyio.run(tailed, server, settings)

    assert joined == text
    assert tail.is_complete and tail.problem is None
    assert all(read_limit == limit for _, read_limit in server.reads)


@given(text=st.binary(min_size=1, max_size=300), grows=st.lists(st.integers(0, 80)))
def test_a_log_without_a_frame_ends_by_the_status(text: bytes, grows: list[int]) -> None:
    """Old servers mark nothing; the text comes whole, and ends when the plan has."""
    text = b"x" + text
    server = LogServer(text, grows=iter(grows), cuts=iter(()))

    joined, tail = anyio.run(tailed, server)

    assert (joined, tail.is_complete) == (text, True)


@pytest.mark.parametrize(
    ("stored", "text", "complete"),
    [
        (b"\x02abc\n\x03", b"abc\n", True),
        (b"\x02abc\n\x03def\n", b"abc\n\x03def\n", False),
        (b"\x02a\x03b\n\x03", b"a\x03b\n", True),
        (b"\x02\x03", b"", True),
        (b"\x02" + b"x" * 63 + b"\x03", b"x" * 63, True),
        (b"abc\n", b"abc\n", True),
        (b"\x02abc\nlast", b"abc\nlast", False),
    ],
)
async def test_frames_of_all_forms(stored: bytes, text: bytes, complete: bool) -> None:
    """The frame counts at both ends of the stream only; a missing end is reported (P06, P07)."""
    joined, tail = await tailed(served(stored))

    assert joined == text
    assert tail.is_complete is complete
    assert (tail.problem is None) is complete


async def test_lines_written_just_before_the_end_are_not_lost() -> None:
    """The plan turns final between two reads; what it wrote meanwhile is still read."""
    server = LogServer(
        b"\x02first\nPlan: 1 to add\n\x03",
        grows=iter([7, 0, 0]),
        cuts=iter(()),
        ends_after=3,
    )

    joined, tail = await tailed(server)

    assert joined.endswith(b"Plan: 1 to add\n")
    assert tail.is_complete
    over_at = 3
    assert len(server.reads) > over_at


async def test_a_log_that_is_stored_after_the_end_is_waited_for() -> None:
    """The run is final first, and the rest of its log appears some reads later (P03)."""
    server = EarlyEnd(
        b"\x02part\nPlan: 1 to add\n\x03",
        grows=iter([6, 0, 0, 0]),
        cuts=iter(()),
        ends_after=1,
    )
    patient = LogSettings(first_wait_seconds=0, longest_wait_seconds=0, grace_seconds=20)

    joined, tail = await tailed(server, patient)

    assert joined == b"part\nPlan: 1 to add\n"
    assert tail.is_complete


async def test_one_bad_response_is_not_an_end() -> None:
    """A gateway error or a broken connection costs nothing but time (P01)."""
    server = served(b"\x02hello\n\x03", ends_after=4)
    server.faults = {
        1: answer(502),
        2: TransportError("GET", "a signed address", "broke", may_have_happened=True),
    }

    joined, tail = await tailed(server)

    assert joined == b"hello\n"
    assert tail.is_complete


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_an_expired_address_is_renewed_at_the_same_place(status: int) -> None:
    """The plan is read again for another address, and no byte is read twice."""
    server = LogServer(
        b"\x02" + b"y" * 100 + b"\x03", grows=iter([50, 1000]), cuts=iter(()), ends_after=5
    )
    server.faults = {3: answer(status)}

    joined, tail = await tailed(server)

    assert joined == b"y" * 100
    assert server.renewed == 1
    assert server.reads[2][0] == server.reads[3][0] > 0


async def test_a_log_that_stays_unreadable_is_reported() -> None:
    """The tail ends, says why, and raises nothing."""
    server = served(b"")
    server.faults = {number: answer(500) for number in range(1, 50)}

    joined, tail = await tailed(server)

    assert joined == b""
    assert not tail.is_complete
    assert tail.problem is not None and "500" in tail.problem


async def test_a_plan_that_never_started_has_no_log() -> None:
    """Nobody waits for the start mark of a run that ended before its plan."""
    server = served(b"")
    server.plan = plan(status="unreachable")

    joined, tail = await tailed(server)

    assert (joined, tail.is_complete) == (b"", True)


async def test_a_plan_without_an_address_is_reported() -> None:
    """A final plan that names no log ends the tail at once."""
    server = served(b"")
    server.plan = Plan(id="plan-1", status="finished")

    _, tail = await tailed(server)

    assert tail.problem == "the server names no log"
    assert server.reads == []


async def test_a_character_cut_by_a_chunk_is_whole_again() -> None:
    """Bytes are counted, not characters, at the usual border of reads (P09)."""
    text = b"x" * 65534 + "é".encode() + b"tail\xff\n"
    settings = LogSettings(first_wait_seconds=0, longest_wait_seconds=0)

    joined, _ = await tailed(served(STX + text + ETX), settings)

    assert joined == text


class SeenMeanwhile(LogServer):
    """A server whose plan is seen to be final while its log is read."""

    def __init__(self, stored: bytes, *, ends_after: int) -> None:
        super().__init__(stored, grows=iter(()), cuts=iter(()), ends_after=ends_after)
        self.waits: list[float] = []

    async def next_log_change(self, at_most_seconds: float) -> None:
        """Record the wait."""
        self.waits.append(at_most_seconds)


async def test_an_end_that_a_poll_showed_during_a_read_is_not_waited_for() -> None:
    """The end is read at once after a poll that came during a read."""
    server = SeenMeanwhile(STX + b"text" + ETX, ends_after=2)

    text, tail = await tailed(server)

    assert (text, tail.is_complete) == (b"text", True)
    assert len(server.reads) == 3
    assert len(server.waits) == 1


async def test_after_the_end_byte_only_a_poll_is_waited_for() -> None:
    """A log that seems to be over is not read every few moments until the plan is known to be."""
    server = SeenMeanwhile(STX + b"text" + ETX, ends_after=3)
    settings = LogSettings(first_wait_seconds=0.1, longest_wait_seconds=7.0)

    await tailed(server, settings)

    assert server.waits == [0.1, 7.0]
