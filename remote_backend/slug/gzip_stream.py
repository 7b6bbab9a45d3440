"""Compressing a stream in a second thread, in blocks of one size."""

import queue
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from isal import isal_zlib

__all__ = ("GzipStream", "open_gzip")

# The cuts of the input change the compressed bytes, so they never depend on files.
_BLOCK_BYTES = 1 << 20
_BLOCKS_AHEAD = 4
_LEVEL = 2
# No name, no time: the same content gives the same file.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_RAW = -15


class GzipStream:
    """Takes bytes and hands them to the compressing thread in whole blocks."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting = bytearray()
        self._blocks: queue.Queue[bytes | None] = queue.Queue(_BLOCKS_AHEAD)
        self._error: BaseException | None = None
        self._at_end = False
        self._thread = threading.Thread(target=self._compress, name="compress slug")
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Add bytes; raises what went wrong in the other thread."""
        self._waiting += data
        while len(self._waiting) >= _BLOCK_BYTES:
            self._hand_over(bytes(self._waiting[:_BLOCK_BYTES]))
            del self._waiting[:_BLOCK_BYTES]

    def finish(self) -> None:
        """Compress what is left and end the file."""
        self._hand_over(bytes(self._waiting))
        self.stop()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the other thread, in whichever state it is."""
        self._blocks.put(None)
        self._thread.join()

    def _hand_over(self, block: bytes) -> None:
        if self._error is not None:
            raise self._error
        self._blocks.put(block)

    def _compress(self) -> None:
        try:
            self._compress_all()
        except BaseException as error:
            self._error = error
            # A writer that hands over the next block must not wait forever.
            while not self._at_end:
                self._at_end = self._blocks.get() is None

    def _compress_all(self) -> None:
        compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW)
        checksum = size = 0
        self._file.write(_HEADER)
        while (block := self._blocks.get()) is not None:
            checksum = isal_zlib.crc32(block, checksum)
            size += len(block)
            self._file.write(compressor.compress(block))
        self._at_end = True
        self._file.write(compressor.flush())
        self._file.write(struct.pack("<II", checksum, size & 0xFFFFFFFF))


@contextmanager
def open_gzip(file: BinaryIO) -> Iterator[GzipStream]:
    """Compress into a file; its end is only written when the block ends well."""
    stream = GzipStream(file)
    try:
        yield stream
    except BaseException:
        stream.stop()
        raise
    stream.finish()
