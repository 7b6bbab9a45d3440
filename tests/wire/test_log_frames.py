"""Taking the frame off a log."""

from hypothesis import given
from hypothesis import strategies as st

from remote_backend.wire.log_frames import LogFrames


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
