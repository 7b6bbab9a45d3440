"""Lines about what went wrong in a plan: the first error in its log, and warnings."""

import re
from collections import deque
from collections.abc import Iterable, Iterator

from remote_backend.models.outcome import Outcome
from remote_backend.reports.words import warnings_of

__all__ = ("error_lines", "warning_lines")

_LINES_OF_LOG = 20
_ERROR = re.compile(r"^\W*Error: ")
_FRAME = re.compile(r"^[╷│╵|] ?")


def warning_lines(outcome: Outcome) -> list[str]:
    """Return a line for each policy or task that failed although there is a plan."""
    return [f"Warning: {outcome.workspace}: {warning}" for warning in warnings_of(outcome)]


def error_lines(log: Iterable[str]) -> Iterator[str]:
    """Give the lines of a log from its first error on, without frames, as many as are shown.

    Without an error these are the last ones.
    """
    last: deque[str] = deque(maxlen=_LINES_OF_LOG)
    lines = iter(log)
    for line in lines:
        if _ERROR.match(line):
            yield _FRAME.sub("", line)
            for _, following in zip(range(_LINES_OF_LOG - 1), lines, strict=False):
                yield _FRAME.sub("", following).rstrip()
            return
        last.append(line)
    yield from last
