"""Which reports a command writes, and how: the flags that `plan` and `report` share."""

import os
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, TypeVar

import click
from attrs import frozen
from click.core import ParameterSource

from remote_backend.atomic_files import PRIVATE_MODE
from remote_backend.cli.output.report_forms import ReportLogs
from remote_backend.cli.terraform_flags import FileMode, RelativePath, many, value
from remote_backend.errors import RunOptionsError
from remote_backend.reports.limits import MOST_CHARACTERS

__all__ = (
    "ReportOptions",
    "refuse_flags_without_reports",
    "report_flags",
    "report_options",
)

Function = TypeVar("Function", bound=Callable[..., Any])


class _Label(click.ParamType[str]):
    """A text for the HTML comment in which a Markdown report begins: one line, without `--`."""

    name = "label"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the text as it is, so that a script finds it again, or fail with the reason."""
        text = str(value)
        if "--" in text:
            # HTML comments end at `-->`, and some readers of them at `--`.
            self.fail(
                f"{text!r} would end the comment in which it stands; write single dashes",
                param, ctx,
            )  # fmt: skip
        if set(text) & set("<>&") or text != " ".join(text.split()):
            self.fail(
                f"{text!r} would not stand in the report as it is; write one line without <, > "
                "and &, and single spaces",
                param, ctx,
            )  # fmt: skip
        return text


_FLAGS = (
    many(
        "report",
        "Write a report of the batch: FILE.md, .html, .json, .xml (JUnit) or .gitlab.json. Repeatable.",
        type=RelativePath(),
        metavar="FILE",
    ),
    value(
        "report-logs",
        "Which logs the HTML and JUnit reports have: failed, none, all; 200 lines of each in HTML.",
        type=click.Choice([choice.value for choice in ReportLogs]),
        default=ReportLogs.FAILED.value,
        metavar="WHICH",
    ),
    value(
        "report-mode",
        "The mode of a report file that is new; an earlier file keeps its own. Default: 0600.",
        type=FileMode(),
        default=PRIVATE_MODE,
        metavar="OCTAL",
    ),
    value(
        "report-label",
        "A text for the first line of Markdown reports, where two jobs plan the same workspaces.",
        type=_Label(),
        metavar="TEXT",
    ),
    value(
        "report-limit",
        "How many characters a Markdown report may have; GitHub takes 65536 in a comment.",
        type=click.IntRange(min=1000),
        default=MOST_CHARACTERS,
        metavar="N",
    ),
)


@frozen(kw_only=True)
class ReportOptions:
    """The report files of a command, and what they hold."""

    files: tuple[str, ...] = ()
    new_mode: int = PRIVATE_MODE
    """The mode of files that are new."""

    logs: ReportLogs = ReportLogs.FAILED
    label: str = ""
    most_characters: int = MOST_CHARACTERS
    """How many characters a report as Markdown may have."""


def report_flags(function: Function) -> Function:
    """Declare the flags about reports, in the order in which help lists them."""
    # Decorators apply from the last to the first.
    return reduce(lambda command, declare: declare(command), reversed(_FLAGS), function)


def report_options(flags: Mapping[str, Any]) -> ReportOptions:
    """Return what the flags of a command say about reports; a file named twice counts once."""
    return ReportOptions(
        files=tuple({os.path.realpath(name): name for name in flags["report"]}.values()),
        new_mode=flags["report_mode"],
        logs=ReportLogs(flags["report_logs"]),
        label=flags["report_label"] or "",
        most_characters=flags["report_limit"],
    )


def refuse_flags_without_reports(context: click.Context) -> None:
    """Fail with RunOptionsError for a flag about reports, in a command that writes none."""
    for name in ("logs", "mode", "label", "limit"):
        if context.get_parameter_source(f"report_{name}") is ParameterSource.COMMANDLINE:
            raise RunOptionsError(
                f"-report-{name} is about reports, and none is written; add -report=FILE"
            )
