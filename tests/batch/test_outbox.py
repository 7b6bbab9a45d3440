"""Events on their way, however slowly they are read."""

import anyio
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.batch.outbox import Outbox
from remote_backend.events import (
    Event,
    LogChunkRead,
    LogEnded,
    PlanStarted,
    UploadProgressed,
)

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
        with Outbox(limit) as outbox:
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
    with Outbox(1000) as outbox:
        for number in range(100):
            outbox.put(LogChunkRead("a", bytes([number]) * 100_000))
        kept = sum(len(e.data) for e in outbox._events if isinstance(e, LogChunkRead))
        first = await outbox.get()

    assert kept <= 1000
    assert first == LogChunkRead("a", bytes(100_000))


async def test_progress_is_left_out_while_others_wait() -> None:
    """An event that nobody misses never makes a queue longer."""
    with Outbox() as outbox:
        outbox.put_if_free(UploadProgressed("a", 1, 2))
        outbox.put_if_free(UploadProgressed("a", 2, 2))
        outbox.put(PlanStarted("a"))
        outbox.close()
        got = [await outbox.get() for _ in range(3)]

    assert got == [UploadProgressed("a", 1, 2), PlanStarted("a"), None]
