"""The command `output`: values that a state keeps for others, of one workspace or of many."""

from pathlib import Path
from typing import Any

import anyio
import click

from remote_backend.backend import Backend, read_outputs
from remote_backend.cli.commands.state_options import (
    for_each_workspace,
    run_with_backend,
    with_workspace,
)
from remote_backend.cli.output.screen import process_screen
from remote_backend.cli.output.streams import utf8_of, write_bytes
from remote_backend.cli.terraform_flags import TerraformCommand, flag, many, value
from remote_backend.config.backend_block import DEFAULT_HOSTNAME
from remote_backend.errors import RunOptionsError, StateError
from remote_backend.state.file import Output
from remote_backend.state.output_format import (
    json_text,
    object_json,
    outputs_json,
    raw_text,
    value_text,
)

__all__ = ("output",)


@click.command("output", cls=TerraformCommand, short_help="Show the outputs of a state.")
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
def output(context: click.Context, /, name: tuple[str, ...], **given: Any) -> int:
    """Show the outputs of the state of a workspace, or one of them.

    With -all or -select one JSON document tells them by workspace, or lines with -json=false.
    """
    if len(name) > 1:
        raise RunOptionsError(f"one output can be named, and {len(name)} were")
    if given["raw"] and (given["json"] or not name):
        raise RunOptionsError("-raw is for one output, and without -json")
    wanted = name[0] if name else None
    is_batch = given["all"] or given["select"] or given["exclude"]
    if is_batch and (given["raw"] or given["workspace"]):
        raise RunOptionsError("-raw and -workspace are for one workspace; leave out -all")

    async def work(backend: Backend) -> int:
        if is_batch:
            found = await backend.outputs_of_all(
                select=given["select"], exclude=given["exclude"]
            )
            return _tell_all(found, wanted, as_json=given["json"])
        return _tell(await backend.outputs(given["workspace"]), wanted, given)

    if given["workspace"] and "/" in given["workspace"]:
        return _tell(anyio.run(_foreign, given["workspace"]), wanted, given)
    return run_with_backend(Path(context.obj), work)


async def _foreign(name: str) -> dict[str, Output]:
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


def _tell(outputs: dict[str, Output], wanted: str | None, given: dict[str, Any]) -> int:
    screen = process_screen()
    if wanted is None:
        if given["json"]:
            screen.print_json(outputs_json(outputs))
        elif not outputs:
            screen.note("Warning: the state has no outputs.")
        for name, one in {} if given["json"] else outputs.items():
            screen.print_value(f"{name} = {_shown(one)}")
        return 0
    one = _named(outputs, wanted)
    if given["raw"]:
        text = raw_text(one.value)
        if text is None:
            raise StateError(
                f"output {wanted} is not text, a number or a truth value, so it has no raw form; "
                "use -json"
            )
        write_bytes(utf8_of(text))
    elif given["json"]:
        screen.print_json(json_text(one.value))
    else:
        screen.print_value(value_text(one.value, one.type))
    return 0


def _tell_all(
    found: dict[str, dict[str, Output] | StateError], wanted: str | None, *, as_json: bool
) -> int:
    documents: dict[str, str] = {}

    def keep(short: str, outputs: dict[str, Output]) -> None:
        values = {name: one.value for name, one in outputs.items()}
        documents[short] = json_text(values if wanted is None else values.get(wanted))

    def write(short: str, outputs: dict[str, Output]) -> None:
        for name, one in outputs.items():
            if wanted in (None, name):
                process_screen().print_value(
                    with_workspace(short, f"{name} = {_shown(one)}")
                )

    code = for_each_workspace(found, keep if as_json else write)
    if as_json:
        process_screen().print_json(object_json(documents))
    return code


def _shown(one: Output) -> str:
    return "<sensitive>" if one.sensitive else value_text(one.value, one.type)


def _named(outputs: dict[str, Output], wanted: str) -> Output:
    if wanted not in outputs:
        known = ", ".join(outputs) or "none"
        raise StateError(f"the state has no output {wanted}; there are: {known}")
    return outputs[wanted]
