"""Taking the frame off a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.api.wire.runs import load_plan
from remote_backend.formats.log_frames import LogFrames
from tests.support.fakes import answer


def feed(chunks: list[bytes]) -> tuple[bytes, LogFrames]:
    """Feed chunks; return the joined text and the reader."""
    frames = LogFrames()
    return b"".join(frames.feed(chunk) for chunk in chunks), frames


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """Cut a stream at places, which may be anywhere."""
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in zip(edges, edges[1:], strict=False)]


@given(st.binary(), st.lists(st.integers(min_value=0)))
def test_the_text_is_exact_whatever_the_chunks_are(text: bytes, places: list[int]) -> None:
    """Any text in a frame comes out byte for byte, frame bytes inside it too."""
    stream = b"\x02" + text + b"\x03"

    joined, frames = feed(cut(stream, places))

    assert joined == text
    assert frames.offset == len(stream)
    assert frames.may_be_over


@given(st.binary().filter(lambda text: not text.startswith(b"\x02")))
def test_a_log_without_a_frame_keeps_every_byte(text: bytes) -> None:
    """Old servers send no frame; nothing is taken for one, not even a last 0x03."""
    joined, frames = feed([text[:3], text[3:]])

    assert joined == text
    assert not frames.may_be_over


def test_an_end_byte_inside_the_text_is_given_when_more_follows() -> None:
    """A 0x03 that ends a chunk but not the stream is text (field case A)."""
    frames = LogFrames()

    assert frames.feed(b"\x02a\x03") == b"a"
    assert frames.may_be_over
    assert frames.feed(b"b") == b"\x03b"
    assert not frames.may_be_over


def test_an_empty_log_is_two_bytes() -> None:
    """A start byte and an end byte with nothing between are a whole log."""
    joined, frames = feed([b"\x02", b"\x03"])

    assert (joined, frames.offset, frames.may_be_over) == (b"", 2, True)


@pytest.mark.parametrize(
    ("times", "was_started"),
    [
        (None, None),
        ({}, None),
        ([], None),
        ("now", None),
        ({"canceled-at": "2026-11-26T21:19:04.314Z"}, False),
        ({"started-at": None, "queued-at": "2026-11-26T21:19:02.285Z"}, False),
        ({"started-at": "2026-11-26T20:59:57.607Z"}, True),
        ({"started_at": "2026-11-26T20:59:57.607Z"}, True),
    ],
)
def test_times_of_a_plan_say_whether_it_was_started(
    times: object, was_started: bool | None
) -> None:
    """Times of any kind are read, and none at all say nothing (W8)."""
    attributes = {"status": "canceled", "status-timestamps": times}
    document = {"data": {"id": "plan-1", "type": "plans", "attributes": attributes}}

    assert load_plan(answer(200, document)).was_started is was_started
