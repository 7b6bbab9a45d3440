"""What went wrong in a plan that gave nothing to read: its end, its policies, its address."""

import re
from collections import deque
from collections.abc import Iterable, Iterator

from remote_backend.formats.ansi import physical_lines
from remote_backend.models.outcome import Outcome
from remote_backend.reports.summary import failed_checks_text

__all__ = ("LINES_OF_LOG", "error_lines", "failure_lines", "failure_title")

LINES_OF_LOG = 20
"""How many lines of a log are shown with a failure, the last ones."""


def failure_title(outcome: Outcome) -> str:
    """Return who failed, and why as far as one sentence says it."""
    return f"{outcome.workspace}: {outcome.result.value}: {outcome.reason}"


def failure_lines(outcome: Outcome, end_of_log: Iterable[str]) -> list[str]:
    """Return the lines below the title: the end of the log, failed policies, the address."""
    checks = failed_checks_text(outcome)
    lines = [*end_of_log, *(physical_lines(checks) if checks else ())]
    if outcome.run_url:
        lines.append(outcome.run_url)
    return [f"  {line}" for line in lines]


_ERROR = re.compile(r"^\W*Error: ")
_FRAME = re.compile(r"^[╷│╵|] ?")


def error_lines(log: Iterable[str]) -> Iterator[str]:
    """Give the lines of a log from its first error on, without frames, as many as are shown.

    Without an error these are the last ones.
    """
    last: deque[str] = deque(maxlen=LINES_OF_LOG)
    lines = iter(log)
    for line in lines:
        if _ERROR.match(line):
            yield _FRAME.sub("", line)
            for _, following in zip(range(LINES_OF_LOG - 1), lines, strict=False):
                yield _FRAME.sub("", following).rstrip()
            return
        last.append(line)
    yield from last
