"""The command `output`: values that a state keeps for others, of one workspace or of many."""

from pathlib import Path
from typing import Any

import anyio
import click

from remote_backend.backend import Backend
from remote_backend.calls import read_outputs
from remote_backend.cli.commands.state_options import (
    for_each_workspace,
    run_with_backend,
    with_workspace,
)
from remote_backend.cli.help import Guide
from remote_backend.cli.output.screen import process_screen
from remote_backend.cli.output.streams import utf8_of, write_bytes
from remote_backend.cli.terraform_flags import TerraformCommand, flag, many, value
from remote_backend.config.backend_block import DEFAULT_HOSTNAME
from remote_backend.errors import RunOptionsError, StateError
from remote_backend.models.state import StateOutput
from remote_backend.state.output_format import (
    json_text,
    object_json,
    outputs_json,
    raw_text,
    value_text,
)

__all__ = ("output",)


@click.command(
    "output",
    cls=TerraformCommand,
    short_help="Show the outputs of a state.",
    guide=Guide(
        examples=(
            ("remote-backend output -all", "of every workspace, as JSON"),
            ("remote-backend output -raw -workspace=dev vpc_id", "one value, for scripts"),
        ),
        environment=("TF_WORKSPACE", "TF_CLI_ARGS_output"),
    ),
)
@flag("json", "Write JSON, with sensitive values.")
@flag("raw", "Write the value of one output as it is, without an end of line.")
@flag("all", "Of all workspaces of the configuration.")
@many(
    "select", "Of the workspaces whose short names match; can be repeated.", metavar="GLOB"
)
@many("exclude", "Leave these out; can be repeated.", metavar="GLOB")
@value(
    "workspace",
    "Of this one: NAME, or without a configuration ORGANIZATION/NAME or HOST/ORGANIZATION/NAME.",
    metavar="NAME",
)
@flag("no-color", "Accepted and without effect.")
@click.argument("name", nargs=-1)
@click.pass_context
def output(context: click.Context, /, name: tuple[str, ...], **flags: Any) -> int:
    """Show the outputs of the state of a workspace, or one of them.

    With -all or -select one JSON document holds them by workspace, or lines with -json=false.
    """
    if len(name) > 1:
        raise RunOptionsError(f"one output can be named, and {len(name)} were")
    if flags["raw"] and (flags["json"] or not name):
        raise RunOptionsError("-raw is for one output, and without -json")
    output_name = name[0] if name else None
    is_batch = flags["all"] or flags["select"] or flags["exclude"]
    if is_batch and (flags["raw"] or flags["workspace"]):
        raise RunOptionsError("-raw and -workspace are for one workspace; leave out -all")

    async def work(backend: Backend) -> int:
        if is_batch:
            outputs_by_workspace = await backend.outputs_of_all(
                select=flags["select"], exclude=flags["exclude"]
            )
            return _print_all(outputs_by_workspace, output_name, as_json=flags["json"])
        return _print_one_workspace(
            await backend.outputs(flags["workspace"]), output_name, flags
        )

    if flags["workspace"] and "/" in flags["workspace"]:
        return _print_one_workspace(
            anyio.run(_read_by_path, flags["workspace"]), output_name, flags
        )
    return run_with_backend(Path(context.obj), work)


async def _read_by_path(name: str) -> dict[str, StateOutput]:
    parts = name.split("/")
    if len(parts) > 3 or not all(parts):
        raise RunOptionsError(
            f"-workspace={name}: NAME, ORGANIZATION/NAME or HOST/ORGANIZATION/NAME is expected"
        )
    hostname = parts[0] if len(parts) == 3 else DEFAULT_HOSTNAME
    return await read_outputs(
        parts[-1],
        organization=parts[-2],
        hostname=hostname,
        report=process_screen().report,
    )


def _print_one_workspace(
    outputs: dict[str, StateOutput], output_name: str | None, flags: dict[str, Any]
) -> int:
    screen = process_screen()
    if output_name is None:
        if flags["json"]:
            screen.print_json(outputs_json(outputs))
        elif not outputs:
            screen.note("Warning: the state has no outputs.")
        for name, output in {} if flags["json"] else outputs.items():
            screen.print_value(f"{name} = {_display_text(output)}")
        return 0
    output = _output_named(outputs, output_name)
    if flags["raw"]:
        text = raw_text(output.value)
        if text is None:
            raise StateError(
                f"output {output_name} is not text, a number or a truth value, so it has no raw form; "
                "use -json"
            )
        write_bytes(utf8_of(text))
    elif flags["json"]:
        screen.print_json(json_text(output.value))
    else:
        screen.print_value(value_text(output.value, output.type))
    return 0


def _print_all(
    outputs_by_workspace: dict[str, dict[str, StateOutput] | StateError],
    output_name: str | None,
    *,
    as_json: bool,
) -> int:
    documents: dict[str, str] = {}

    def keep(short: str, outputs: dict[str, StateOutput]) -> None:
        values = {name: output.value for name, output in outputs.items()}
        documents[short] = json_text(
            values if output_name is None else values.get(output_name)
        )

    def write(short: str, outputs: dict[str, StateOutput]) -> None:
        for name, output in outputs.items():
            if output_name in (None, name):
                process_screen().print_value(
                    with_workspace(short, f"{name} = {_display_text(output)}")
                )

    code = for_each_workspace(outputs_by_workspace, keep if as_json else write)
    if as_json:
        process_screen().print_json(object_json(documents))
    return code


def _display_text(output: StateOutput) -> str:
    return "<sensitive>" if output.sensitive else value_text(output.value, output.type)


def _output_named(outputs: dict[str, StateOutput], output_name: str) -> StateOutput:
    if output_name not in outputs:
        known = ", ".join(outputs) or "none"
        raise StateError(f"the state has no output {output_name}; there are: {known}")
    return outputs[output_name]
