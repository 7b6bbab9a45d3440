"""The standard streams of the process: always there, and able to take any text."""

import codecs
import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any, TextIO

__all__ = ("OUTPUT", "prepare_streams", "utf8_of", "write_bytes", "written")

OUTPUT = "the output"
"""The file name of each `OSError` of the standard streams."""

_ESCAPES = "remote_backend.escapes"
_HIGHEST_OF_ONE_UNIT = 0xFFFF


def prepare_streams() -> None:
    """Open the streams that the process lacks, and let all of them take any character.

    A closed stream becomes the null device, as in programs written in Go, Terraform among
    them: a file that is opened later would otherwise get its number and our output.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, _null(number))
    codecs.register_error(_ESCAPES, _escaped)
    if isinstance(sys.stdin, TextIOWrapper):
        # Bytes of another encoding are refused where they are used, with a sentence.
        sys.stdin.reconfigure(errors="surrogateescape")
    sys.stdout, sys.stderr = _prepared(sys.stdout), _prepared(sys.stderr)


def written() -> OSError | None:
    """Write what the standard streams still hold; return the error that prevents it."""
    try:
        for stream in (sys.stdout, sys.stderr):
            # A library that calls the command line may have taken them away.
            if stream is not None:
                stream.flush()
    except OSError as error:
        return error
    return None


def write_bytes(data: bytes) -> None:
    """Write bytes to standard output as they are, whatever its encoding and line ends."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def utf8_of(text: str) -> bytes:
    """Return a text in UTF-8, with U+FFFD for half a character, as Go writes it."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


class _Output(FileIO):
    """A stream whose errors say that it is the output, for the one who reads them."""

    def write(self, data: Any, /) -> int:
        """Write data; raise `OSError` with the file name `OUTPUT`."""
        try:
            return super().write(data)
        except OSError as error:
            error.filename = OUTPUT
            raise


def _prepared(stream: TextIO) -> TextIO:
    if not isinstance(stream, TextIOWrapper):
        return stream
    # A terminal shows columns, and a "?" is as wide as the character that it replaces.
    errors = "replace" if stream.isatty() else _ESCAPES
    # With PYTHONUNBUFFERED the buffer itself is the file.
    if type(getattr(stream.buffer, "raw", stream.buffer)) is not FileIO:
        stream.reconfigure(errors=errors)  # the console of Windows
        return stream
    stream.flush()
    return TextIOWrapper(
        BufferedWriter(_Output(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _null(number: int) -> TextIO:
    # The lowest free number is taken, so it is the one of the stream.
    descriptor = os.open(os.devnull, os.O_RDWR)
    # Programs that are started from here get it too.
    os.set_inheritable(descriptor, descriptor == number)
    return open(descriptor, "w" if number else "r", encoding="utf-8", closefd=False)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Replace characters by escapes of JSON, so that JSON stays valid in any encoding."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    return "".join(map(_escape, part)), error.end


def _escape(character: str) -> str:
    code = ord(character)
    if code <= _HIGHEST_OF_ONE_UNIT:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
