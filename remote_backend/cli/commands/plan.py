"""The command `plan`: one workspace, or many at once."""

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import click

from remote_backend.cli.commands.comparison_options import (
    base_choice_of,
    comparison_flags,
    refuse_impossible_comparisons,
    verified_outcomes,
)
from remote_backend.cli.commands.drift_options import read_drift_patterns
from remote_backend.cli.commands.gate_options import gate_flags, gate_options
from remote_backend.cli.commands.plan_json_options import (
    plan_json_flags,
    plan_json_options,
)
from remote_backend.cli.commands.plan_request import (
    OnInterrupt,
    PlanRequest,
    Style,
    are_reports_written,
    given_variables,
    journal_folder_of,
    selects_many,
)
from remote_backend.cli.commands.plan_runner import run_plan
from remote_backend.cli.commands.report_options import (
    refuse_flags_without_reports,
    report_flags,
    report_options,
)
from remote_backend.cli.help import Guide
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.generated_config import generated_config_path
from remote_backend.cli.output.report_forms import require_writable_reports
from remote_backend.cli.output.screen import Screen, screen_of
from remote_backend.cli.output.table_form import TableForm
from remote_backend.cli.terraform_flags import (
    Duration,
    RelativePath,
    TerraformCommand,
    flag,
    many,
    optional_value,
    value,
)
from remote_backend.config.environment import process_environ
from remote_backend.config.terraform_directory import user_cache_directory
from remote_backend.decoding import is_text
from remote_backend.errors import RunOptionsError, SettingsError
from remote_backend.models.configuration import USABLE_WITHIN_SECONDS, UploadMode
from remote_backend.models.run import PlanOptions, WaitLimits
from remote_backend.planning.options import BatchOptions
from remote_backend.structured_logging import is_silent

__all__ = ("plan",)


_GUIDE = Guide(
    examples=(
        ("remote-backend plan -all", "every workspace"),
        ("TF_WORKSPACE=dev remote-backend plan", "one, with its log"),
        ("remote-backend plan -select='eu-*' -report=plan.md -report=plan.html", ""),
        ("remote-backend plan -changed-since=origin/main -why", "what a branch touches"),
        ("remote-backend plan -all 'stacks/*'", "several configurations"),
    ),
    groups={
        "Which workspaces": (
            "all", "select", "exclude", "select-tag", "project", "where", "changed-since", "oldest", "why",
            "parallelism",
        ),
        "What to plan": (
            "target", "replace", "refresh", "refresh-only", "ignore-drift", "destroy", "var", "var-file",
            "message", "terraform-version", "generate-config-out", "upload", "refuse-outside-links",
        ),
        "Comparing": ("compare", "verify"),
        "Output and reports": (
            "report", "report-logs", "report-mode", "report-label", "report-limit", "plan-json", "plan-json-form", "table", "stream", "quiet", "json",
            "color", "no-color", "detailed-exitcode", "fail-on", "allow",
        ),
        "Waiting and stopping": (
            "detach", "on-interrupt", "lock-timeout", "queue-timeout", "upload-timeout",
        ),
        "Terraform's, without effect here": ("input", "lock", "compact-warnings", "out"),
    },
    environment=(
        "TF_WORKSPACE", "TF_TOKEN_<host>", "TF_CLI_ARGS_plan", "TF_INPUT", "NO_COLOR",
        "FORCE_COLOR", "XDG_DATA_HOME",
    ),
    exit_codes="0 done, 1 a failure, 2 changes (only with -detailed-exitcode), 3 a gate or -verify, "
    "130 interrupted, 143 terminated",
)  # fmt: skip


@click.command(
    "plan",
    cls=TerraformCommand,
    short_help="Show what would change, in one workspace or in many.",
    guide=_GUIDE,
)
@flag("all", "All workspaces of the configuration.")
@many("select", "Those whose names match. Repeatable.", metavar="GLOB")
@many("exclude", "Leave these out. Repeatable.", metavar="GLOB")
@many("select-tag", "Those with this tag. Repeatable: all of them.", metavar="KEY[=VALUE]")
@value("project", "Those of this project.", metavar="NAME")
@many(
    "where",
    "Those with version=GLOB (of Terraform), mode=GLOB (of execution), module=GLOB or "
    "provider=GLOB (name or source; the server needs Explorer). Repeatable.",
    metavar="CONDITION",
)
@optional_value(
    "changed-since",
    "Those that the change since its merge base with a git reference touches. Alone, the base is "
    "found by itself.",
    metavar="REF",
)
@value(
    "oldest",
    "Only so many of them: those whose last plan is the longest ago, by the batches kept here.",
    type=click.IntRange(min=1),
    metavar="N",
)
@flag("why", "List why -changed-since has selected each workspace, and which it has not.")
@value(
    "parallelism",
    "How many at the same time.",
    type=int,
    default=1000,
    metavar="N",
)
@value(
    "upload",
    "Whether workspaces share one upload: auto (on HCP Terraform and TFE), shared, each.",
    type=click.Choice([mode.value for mode in UploadMode]),
    default=UploadMode.AUTO.value,
    metavar="MODE",
)
@value(
    "on-interrupt",
    "What Ctrl-C does to runs that are going: ask (without a terminal: cancel), cancel, "
    "detach.",
    type=click.Choice([choice.value for choice in OnInterrupt]),
    default=OnInterrupt.ASK.value,
    metavar="WHAT",
)
@value(
    "lock-timeout",
    "Stop a run that waits longer for a lock, or behind another run. Default: no limit.",
    type=Duration(),
    default="0s",
    metavar="TIME",
)
@value(
    "queue-timeout",
    "Stop a run whose plan has not begun after this time. Default: no limit.",
    type=Duration(),
    default="0s",
    metavar="TIME",
)
@value(
    "upload-timeout",
    "Fail when the server has not processed an upload after this time.",
    type=Duration(),
    default=f"{USABLE_WITHIN_SECONDS:g}s",
    metavar="TIME",
)
@comparison_flags
@flag("refuse-outside-links", "Fail where a link leads out of what is uploaded.")
@report_flags
@value(
    "table",
    "Write a row for each workspace at the end: auto (without a terminal), rows, wide, none.",
    type=click.Choice([form.value for form in TableForm]),
    default=TableForm.AUTO.value,
    metavar="FORM",
)
@plan_json_flags
@flag("stream", "On a terminal too, write the lines of all logs as they come.")
@flag("json", "Write each event as one line of JSON to standard output.")
@flag("quiet", "Write only what went wrong, and the summary at the end.")
@gate_flags
@flag("detach", "Return when all runs are queued; `batches resume` shows their results.")
@flag("detailed-exitcode", "Exit with 0 without changes, 1 for a failure, 2 with changes.")
@many("target", "Plan only this resource and what it needs. Repeatable.", metavar="ADDRESS")
@many("replace", "Plan to replace this resource. Repeatable.", metavar="ADDRESS")
@flag("refresh", "Do not compare with the real world.", default=True)
@value(
    "ignore-drift",
    "Leave out drift that this file names: ADDRESS.ATTRIBUTE with `*` for any text, one a line.",
    type=RelativePath(),
    metavar="FILE",
)
@flag("refresh-only", "Only show what has changed outside Terraform.")
@flag("destroy", "Plan to destroy everything.")
@many("var", "Set a variable for these runs. Repeatable.", metavar="NAME=VALUE")
@many("var-file", "Set variables from a file. Repeatable.", metavar="FILE")
@value(
    "message",
    'The message of the runs, in place of "Planned by remote-backend".',
    metavar="TEXT",
)
@value(
    "generate-config-out",
    "Write configuration for import blocks without a resource: to this file, or for a batch to a "
    "file for each workspace in this directory.",
    type=RelativePath(),
    metavar="PATH",
)
@flag("color", "Write colors, also where no terminal is.")
@flag("no-color", "Write no colors.")
@flag("input", "Nothing is asked with it or without.", default=True)
@flag("lock", "Plan-only runs take no lock.", default=True)
@flag("compact-warnings", "The server writes the log.")
@value("out", "Refused: remote plan-only runs leave no plan file.", metavar="FILE")
@click.argument("rest", nargs=-1, metavar="[DIR]...")
@click.pass_context
def plan(context: click.Context, /, **flags: Any) -> int:
    """Show what the configuration would change, in one workspace or in many at once.
    Nothing is ever applied.

    With -all or -select, DIR are the directories of several configurations, or quoted patterns such
    as 'stacks/*' for those with a backend or cloud block. Their workspaces are called DIR:WORKSPACE.

    Without -all and -select, the workspace is that of TF_WORKSPACE or the selected one.
    """
    _refuse_impossible(flags)
    if not are_reports_written(flags["report"]):
        refuse_flags_without_reports(context)
    base_directory = Path(context.obj)
    directory, found, directories = _directories(flags, base_directory)
    environ = process_environ()
    screen = screen_of(
        sys.stdout, sys.stderr, environ, no_color=flags["no_color"], color=flags["color"]
    )
    gates = gate_options(flags)
    base = base_choice_of(flags, found, screen)
    is_batch = selects_many(flags)
    request = PlanRequest(
        directory=directory,
        options=BatchOptions(
            plan=_plan_options(context, flags, base_directory),
            select=flags["select"],
            exclude=flags["exclude"],
            select_tags=flags["select_tag"],
            project=flags["project"],
            where=flags["where"],
            changed_since=flags["changed_since"],
            oldest=flags["oldest"],
            ignore_drift=read_drift_patterns(flags["ignore_drift"]),
            variable_files=[base_directory / name for name in flags["var_file"]],
            max_concurrency=flags["parallelism"],
            upload=UploadMode(flags["upload"]),
            limits=WaitLimits(
                lock_seconds=flags["lock_timeout"] or None,
                queue_seconds=flags["queue_timeout"] or None,
                upload_seconds=flags["upload_timeout"] or math.inf,
                lock_label="-lock-timeout",
                queue_label="-queue-timeout",
            ),
            details=bool(
                gates.rules or flags["ignore_drift"] or flags["generate_config_out"]
            )
            or are_reports_written(flags["report"]),
            details_of_unchanged=gates.is_about_drift,
            base=base,
            journal_folder=_journal_folder(environ, screen) if is_batch else None,
            cache_folder=user_cache_directory(environ),
        ),
        directories=directories,
        is_batch=is_batch,
        on_interrupt=OnInterrupt(flags["on_interrupt"]),
        detach=flags["detach"],
        reports=report_options(flags),
        plan_json=plan_json_options(flags),
        style=_style(flags, screen),
        table=TableForm(flags["table"]),
        detailed_exit_code=flags["detailed_exitcode"],
        generated_config=generated_config_path(flags, is_batch=is_batch),
        verified_outcomes=verified_outcomes(flags, base),
        gates=gates,
        lists_reasons=flags["why"],
    )
    return anyio.run(run_plan, request, screen)


def _directories(
    flags: Mapping[str, Any], base: Path
) -> tuple[Path, tuple[Path, ...], tuple[str, ...]]:
    """Return the directory of the command, all that are planned, and arguments that name several."""
    arguments: tuple[str, ...] = flags["rest"]
    if not arguments:
        return base, (base,), ()
    for argument in arguments:
        if not (base / argument).is_dir() and not set(argument) & set("*?["):
            raise RunOptionsError(
                f"plan takes no argument but directories, and {argument!r} is not one"
            )
    # Most batches are of one configuration.
    from remote_backend.config.directories import find_directories

    found = tuple(find_directories(base, arguments).values())
    return (found[0], found, ()) if len(found) == 1 else (base, found, arguments)


def _plan_options(
    context: click.Context, flags: Mapping[str, Any], directory: Path
) -> PlanOptions:
    return PlanOptions(
        targets=flags["target"],
        replace=flags["replace"],
        refresh=flags["refresh"],
        refresh_only=flags["refresh_only"],
        destroy=flags["destroy"],
        variables=given_variables(context, directory),
        message=flags["message"],
        terraform_version=flags["terraform_version"],
        generate_config=flags["generate_config_out"] is not None,
        refuse_outside_links=flags["refuse_outside_links"],
    )


def _journal_folder(environ: Mapping[str, str], screen: Screen) -> Path | None:
    try:
        folder = journal_folder_of(environ)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except SettingsError as error:
        problem = message_of(error)
    except OSError as error:
        problem = (
            f"{folder} cannot be made: {error.strerror}; "
            "set XDG_DATA_HOME to a directory that can be written"
        )
    else:
        return folder
    # A journal is insurance: the batch is worth more than the chance to resume it.
    screen.note(f"Warning: this batch has no journal and cannot be resumed: {problem}")
    return None


def _style(flags: dict[str, Any], screen: Screen) -> Style:
    if flags["json"]:
        return Style.JSON
    # Lines of -debug would run into a view that is drawn in place.
    if flags["stream"] or (screen.is_terminal and not is_silent() and not flags["quiet"]):
        return Style.LINES
    return Style.QUIET if flags["quiet"] else Style.AUTO


def _refuse_impossible(flags: dict[str, Any]) -> None:
    if flags["out"] is not None:
        raise RunOptionsError(
            "-out is refused: plan-only runs on a server leave no plan file that could be applied"
        )
    if flags["rest"] and not selects_many(flags):
        raise RunOptionsError(
            f"plan takes no argument, but {flags['rest'][0]!r} was given; "
            "use -chdir=DIR before the command for another directory, or add -all or -select for "
            "the workspaces of several"
        )
    if flags["why"] and flags["changed_since"] is None:
        raise RunOptionsError("-why lists the reasons of -changed-since; add it")
    if flags["detach"] and not selects_many(flags):
        raise RunOptionsError("-detach is for batches; add -all or -select")
    if flags["allow"] and not flags["fail_on"]:
        raise RunOptionsError(
            "-allow lets through what -fail-on forbids; add -fail-on=RULE"
        )
    if flags["detach"] and flags["fail_on"]:
        raise RunOptionsError(
            "-detach and -fail-on exclude each other: a gate needs the results of the runs"
        )
    if flags["detach"] and flags["plan_json"]:
        raise RunOptionsError(
            "-detach and -plan-json exclude each other: wait for the plans"
        )
    if flags["detach"] and flags["report"]:
        raise RunOptionsError(
            "-detach and -report exclude each other: a report needs results; use "
            "`batches resume` and then `report` when the runs have ended"
        )
    refuse_impossible_comparisons(flags)
    for name in ("target", "replace"):
        if not all(map(is_text, flags[name])):
            raise RunOptionsError(f"-{name} has a value that is not UTF-8 text")
    if flags["report"]:
        require_writable_reports(flags["report"])
    forms = [f"-{name}" for name in ("stream", "json", "quiet") if flags[name]]
    if len(forms) > 1:
        raise RunOptionsError(f"{' and '.join(forms)} exclude each other; choose one")
