"""Events on their way, however slowly they are read."""

import io
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.events import (
    Event,
    LogChunkRead,
    LogEnded,
    PlanStarted,
    UploadProgressed,
    WarningRaised,
)
from remote_backend.planning.event_queue import EventQueue

EVENTS = st.lists(
    st.one_of(
        st.builds(LogChunkRead, st.sampled_from("ab"), st.binary(max_size=40)),
        st.builds(LogEnded, st.sampled_from("ab"), st.booleans()),
        st.just(None),
    )
)


@given(EVENTS, st.integers(0, 100))
def test_events_come_out_as_they_went_in(steps: list[Event | None], limit: int) -> None:
    """In order and unchanged, whatever waited in the file; None stands for a read."""

    async def pass_through() -> tuple[list[Event], list[Event]]:
        put: list[Event] = []
        got: list[Event] = []
        with EventQueue(limit) as outbox:
            for step in steps:
                if step is not None:
                    outbox.put(step)
                    put.append(step)
                elif len(got) < len(put):
                    event = await outbox.get()
                    assert event is not None
                    got.append(event)
            outbox.close()
            while (event := await outbox.get()) is not None:
                got.append(event)
        return put, got

    put, got = anyio.run(pass_through)

    assert got == put


async def test_nobody_waits_for_a_reader() -> None:
    """Megabytes are put without one, and little of them stays in memory."""
    with EventQueue(1000) as outbox:
        for number in range(100):
            outbox.put(LogChunkRead("a", bytes([number]) * 100_000))
        kept = sum(len(e.data) for e in outbox._events if isinstance(e, LogChunkRead))
        first = await outbox.get()

    assert kept <= 1000
    assert first == LogChunkRead("a", bytes(100_000))


async def test_progress_is_left_out_while_others_wait() -> None:
    """An event that may be dropped never makes a queue longer."""
    with EventQueue() as outbox:
        outbox.put_if_idle(UploadProgressed("a", 1, 2))
        outbox.put_if_idle(UploadProgressed("a", 2, 2))
        outbox.put(PlanStarted("a"))
        outbox.close()
        got = [await outbox.get() for _ in range(3)]

    assert got == [UploadProgressed("a", 1, 2), PlanStarted("a"), None]


@pytest.mark.parametrize("folder", ["/dev/full", "/nowhere"])
async def test_a_full_disk_costs_memory_and_no_event(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logs that cannot be spooled stay in memory, which is said once (M2)."""
    if folder == "/dev/full":
        if not Path(folder).exists():
            pytest.skip("no device that is always full")
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: io.FileIO(folder, "r+"))
    else:
        monkeypatch.setattr(tempfile, "tempdir", folder)
    put = [LogChunkRead("a", bytes([number]) * 10) for number in range(5)]
    with EventQueue(15) as outbox:
        for event in put:
            outbox.put(event)
        outbox.close()
        got = [event async for event in events_of(outbox)]

    warnings = [event for event in got if isinstance(event, WarningRaised)]
    assert [event for event in got if event not in warnings] == put
    assert len(warnings) == 1 and "no temporary file can be written" in warnings[0].text


async def events_of(outbox: EventQueue) -> AsyncIterator[Event]:
    """Give all events of a queue that is closed."""
    while (event := await outbox.get()) is not None:
        yield event


async def test_a_second_reader_gets_an_error() -> None:
    """Two tasks that read one batch would wait for ever for what the other one got (P152)."""
    with EventQueue() as outbox:
        async with anyio.create_task_group() as group:
            group.start_soon(outbox.get)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(RuntimeError, match="another task is reading"):
                await outbox.get()
            outbox.put(PlanStarted("a"))
        outbox.put(PlanStarted("b"))
        assert await outbox.get() == PlanStarted("b")
