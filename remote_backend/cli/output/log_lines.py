"""From the bytes of a log to lines that are fit for a terminal or a file."""

import codecs
from collections.abc import Callable, Iterator

from remote_backend.cli.output.ci_commands import LONGEST_COMMAND
from remote_backend.formats.ansi import clean, physical_lines
from remote_backend.formats.structured_messages import render_structured

__all__ = ("LogLines", "LogRenderer", "log_text")

_LONGEST_LINE = 1 << 20


class LogLines:
    """Cuts a log that comes in chunks of any size into lines.

    Bytes that are not UTF-8 are replaced, `\\r\\n` becomes `\\n`, and a lone `\\r`, which
    would overwrite what stands before it, ends a line too. A line of more than 1 MiB is given
    in parts, of which only the last one has an end.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parts: list[str] = []
        self._size = 0
        self._held_return = ""

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Take the next bytes; give the lines that are complete, each with its end."""
        text = self._held_return + self._decoder.decode(chunk)
        # A final \r is kept back: the \n that makes it one line end may follow.
        self._held_return = "\r" if text.endswith("\r") else ""
        for number, piece in enumerate(physical_lines(text.removesuffix("\r"))):
            if number:
                yield f"{self._taken()}\n"
            self._parts.append(piece)
            self._size += len(piece)
        # What was seen once is never looked at again: long lines cost no more than short ones.
        if self._size > _LONGEST_LINE:
            yield self._taken()

    def finish(self) -> Iterator[str]:
        """Give the last line when it has no end."""
        rest = self._taken() + self._decoder.decode(b"", final=True)
        if self._held_return:
            yield f"{rest}\n"
        elif rest:
            yield rest
        self._held_return = ""

    def _taken(self) -> str:
        text = "".join(self._parts)
        self._parts, self._size = [], 0
        return text


class LogRenderer:
    """Turns the bytes of one log into lines for a place, and none of them into two.

    Lines of Terraform's JSON output become text first, then what is written is cut into the
    lines that a terminal sees, and each of these is given to `clean_line`.
    """

    def __init__(self, clean_line: Callable[[str], str]) -> None:
        self._clean_line = clean_line
        self._lines = LogLines()
        self._is_within_line = False
        self._held = ""

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Take the next bytes; give the lines that are complete, each with its end.

        Of a line of more than 1 MiB the parts are given as they come, without an end.
        """
        for line in self._lines.feed(chunk):
            yield from self._rendered(line, is_whole=line.endswith("\n"))

    def finish(self) -> Iterator[str]:
        """Give the last line, with an end only if the log has one."""
        for line in self._lines.finish():
            yield from self._rendered(line, is_whole=True)
        if self._held:
            yield self._clean_line(self._held)
        self._held = ""

    def _rendered(self, line: str, *, is_whole: bool) -> Iterator[str]:
        if self._is_within_line or not is_whole:
            yield self._part_of_line(line)
            return
        text = render_structured(line)
        if text is line:
            yield self._clean_line(line)
            return
        # Text within JSON has line ends of its own.
        *lines, last = physical_lines(text)
        for one in lines:
            yield self._clean_line(f"{one}\n")
        if last:
            yield self._clean_line(last)

    def _part_of_line(self, part: str) -> str:
        end = "\n" if part.endswith("\n") else ""
        # Colors could be cut in two here, so a line of this length has none. What may be the
        # beginning of a command to a runner waits for the rest of it.
        text = self._clean_line(self._held + clean(part.removesuffix("\n")))
        cut = len(text) if end else max(0, len(text) - LONGEST_COMMAND)
        self._held = text[cut:]
        self._is_within_line = not end
        return f"{text[:cut]}{end}"


def log_text(data: bytes, *, is_cut: bool = False) -> str:
    """Return a log as text for people; it is not clean yet.

    When the beginning of the log was cut off, the rest of its first line is left out.
    """
    data = data.partition(b"\n")[2] if is_cut else data
    lines = LogLines()
    return "".join(map(render_structured, (*lines.feed(data), *lines.finish())))
