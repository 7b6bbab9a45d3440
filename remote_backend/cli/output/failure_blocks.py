"""Each kind of error of a batch, once and from its beginning, with the workspaces that have it."""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import evolve

from remote_backend.cli.output.log_lines import LogRenderer
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.cli.output.plan_failures import error_lines
from remote_backend.cli.output.view.cells import Line, Span, cut_name, line
from remote_backend.cli.output.view.signs import Signs
from remote_backend.formats.ansi import clean, one_line, physical_lines
from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.first_failure import first_failure
from remote_backend.plans.groups import Family
from remote_backend.plans.workspace_names import name_items, names_text
from remote_backend.reports.words import failed_checks_text

__all__ = ("failure_blocks", "failure_texts", "last_lines_of")

_MOST_LINES = 20
_MOST_BLOCKS = 10
_MOST_NAMES = 8
_NAMES_AROUND = 4
"""An indentation and a comma."""

_END_OF_LOG_BYTES = 1 << 14


def failure_blocks(
    families: Sequence[Family],
    *,
    everyone: Sequence[str],
    width: int,
    signs: Signs,
    log_command: str,
    end_of_log: Callable[[str], Iterable[str]],
) -> Iterator[Line]:
    """Give the lines of a block for each kind of error.

    `everyone` has the names of all workspaces of the batch, `log_command` is what shows a whole log, and
    `end_of_log` returns its last lines where the plan gave no error to show.
    """
    failed = [family for family in families if family.result is Result.FAILED]
    for family in failed[:_MOST_BLOCKS]:
        number = len(family.outcomes)
        rule = signs.empty * 2
        yield line(Span(f"{rule} failed: {number} of {len(everyone)} {rule}", "bold red"))
        texts = failure_texts(family.shown, end_of_log)
        yield from (line(text) for text in texts[:_MOST_LINES])
        if len(texts) > _MOST_LINES:
            left = len(texts) - _MOST_LINES
            yield line(
                f"{signs.cut} {left} more lines: {log_command} {family.workspaces[0]}"
            )
        if more := _further(family.shown):
            yield line(more)
        items = (
            evolve(item, text=cut_name(one_line(item.text), width - _NAMES_AROUND))
            for item in name_items(family.workspaces, everyone)
        )
        yield from _wrapped(f"In {names_text(tuple(items), _MOST_NAMES)}", width)
        if family.shown.run_url:
            yield line(Span(one_line(family.shown.run_url), "dim"))
    if len(failed) > _MOST_BLOCKS:
        left = len(failed) - _MOST_BLOCKS
        yield line(f"and {left} more {'kind' if left == 1 else 'kinds'}")


def failure_texts(
    outcome: Outcome, end_of_log: Callable[[str], Iterable[str]]
) -> list[str]:
    """Return the lines of an error, with those of policies; from the log where nothing else says it."""
    failure = first_failure(outcome)
    if failure is None:
        return [outcome.result.value]
    texts = [text.rstrip() for text in physical_lines(failure.full_text.strip("\n"))]
    if not failure.text:
        texts += end_of_log(outcome.workspace)
    checks = failed_checks_text(outcome)
    texts += [text for text in physical_lines(checks) if text and text not in texts]
    return texts


def last_lines_of(logs: LogSpool | None, workspace: str) -> Iterator[str]:
    """Return the last lines of a log, from its first error on if they hold one."""
    renderer = LogRenderer(clean)
    data, _ = logs.tail(workspace, _END_OF_LOG_BYTES) if logs is not None else (b"", False)
    lines = (*renderer.feed(data), *renderer.finish())
    return error_lines(text.removesuffix("\n") for text in lines)


def _further(outcome: Outcome) -> str:
    number = outcome.failure.further_errors if outcome.failure is not None else 0
    if not number:
        return ""
    return f"and {number} more {'error' if number == 1 else 'errors'}"


def _wrapped(text: str, width: int) -> Iterator[Line]:
    for part in textwrap.wrap(
        text, max(20, width), subsequent_indent="   ", break_on_hyphens=False
    ):
        yield line(Span(part, "dim"))
