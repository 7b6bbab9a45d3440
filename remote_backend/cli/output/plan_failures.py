"""What went wrong in a plan that gave nothing to read: its end, its policies, its address."""

from collections.abc import Iterable

from remote_backend.formats.ansi import physical_lines
from remote_backend.models.outcome import Outcome
from remote_backend.reports.summary import failed_checks_text

__all__ = ("LINES_OF_LOG", "failure_lines", "failure_title")

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
