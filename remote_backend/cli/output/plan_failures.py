"""What went wrong in a plan that gave nothing to read: its end, its policies, its address."""

import re
from collections import deque
from collections.abc import Iterable, Iterator

from remote_backend.formats.ansi import physical_lines
from remote_backend.models.failure import Failure
from remote_backend.models.outcome import Outcome
from remote_backend.reports.summary import failed_checks_text, warnings_of

__all__ = ("LINES_OF_LOG", "error_lines", "failure_lines", "failure_title", "warning_lines")

LINES_OF_LOG = 20
"""How many lines of an error or of a log are shown with a failure."""


def failure_title(outcome: Outcome) -> str:
    """Return who failed, and why as far as one sentence says it."""
    return f"{outcome.workspace}: {outcome.result.value}: {outcome.reason}"


def failure_lines(outcome: Outcome, end_of_log: Iterable[str]) -> list[str]:
    """Return the lines below the title: the first error, or the end of the log, and the address."""
    lines = list(_first_error(outcome.failure))
    if not lines:
        checks = failed_checks_text(outcome)
        lines = [*end_of_log, *(physical_lines(checks) if checks else ())]
    if outcome.run_url:
        lines.append(outcome.run_url)
    return [f"  {line}" for line in lines]


def warning_lines(outcome: Outcome) -> list[str]:
    """Return a line for each policy or task that failed although there is a plan."""
    return [f"Warning: {outcome.workspace}: {warning}" for warning in warnings_of(outcome)]


def _first_error(failure: Failure | None) -> Iterator[str]:
    if failure is None or not failure.text:
        return
    lines = physical_lines(failure.text)
    yield from lines[:LINES_OF_LOG]
    if len(lines) > LINES_OF_LOG:
        yield f"... {len(lines) - LINES_OF_LOG} more lines"
    if more := failure.further_errors:
        yield f"... and {more} more {'error' if more == 1 else 'errors'}"


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
