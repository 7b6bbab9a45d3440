"""The frame around a log: a start byte before its text and an end byte after it."""

__all__ = ("LogFrames",)

_START = b"\x02"
_END = b"\x03"
_HEAD_BYTES = 64


class LogFrames:
    """Takes the frame off a log that arrives in chunks of any size.

    The frame is the first byte of the stream and, when there was a start byte, the last
    one; the same bytes elsewhere are text. `offset` counts everything, as servers do.
    """

    def __init__(self) -> None:
        self.offset = 0
        self.has_start = False
        self._held = b""
        self._head = b""

    @property
    def may_be_over(self) -> bool:
        """Whether the last byte so far looks like the end of the log."""
        return bool(self._held)

    def seems_repeated(self, chunk: bytes) -> bool:
        """Say whether a chunk looks like the beginning of the stream once more."""
        if self.offset == 0 or not chunk:
            return False
        return chunk.startswith(self._head) or (self.has_start and chunk.startswith(_START))

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of the stream; return the text that is certain by now."""
        if not chunk:
            return b""
        if self.offset < _HEAD_BYTES:
            self._head = (self._head + chunk)[:_HEAD_BYTES]
        if self.offset == 0 and chunk.startswith(_START):
            self.has_start = True
            self.offset, chunk = 1, chunk[1:]
        self.offset += len(chunk)
        text, self._held = self._held + chunk, b""
        # An end byte is known to be one, and not text, only when nothing follows it.
        if self.has_start and text.endswith(_END):
            text, self._held = text[:-1], _END
        return text
