"""The commands `state list`, `show`, `pull`, `push`, `mv`, `rm`, and `show`."""

import sys
from pathlib import Path
from typing import Any

import click

from remote_backend.backend import Backend
from remote_backend.cli.commands.errored_state import warnings_about_errored_states
from remote_backend.cli.commands.state_options import (
    for_each_workspace,
    lock_flags,
    lock_options,
    parse_named_state,
    read_state_file,
    run_with_backend,
    saved_when_doubtful,
    with_workspace,
)
from remote_backend.cli.output.screen import process_screen
from remote_backend.cli.output.streams import write_bytes
from remote_backend.cli.terraform_flags import (
    TerraformCommand,
    TerraformGroup,
    flag,
    many,
    value,
)
from remote_backend.errors import RunOptionsError, StateError
from remote_backend.state.address import Address, parse_address
from remote_backend.state.edits import addresses, move, remove
from remote_backend.state.file import StateFile
from remote_backend.state.output_format import object_json
from remote_backend.state.state_format import instance_text, state_json, state_text

__all__ = ("show", "state")

_EMPTY = "the workspace has no state yet"


@click.group("state", cls=TerraformGroup, short_help="Look at states and change them.")
def state() -> None:
    """Look at the state of a workspace, and change what it says, under its lock."""


@state.command("list", short_help="List the resources of a state.")
@value("id", "Only those with this id.", metavar="ID")
@flag("all", "Of all workspaces, each line behind its name.")
@many("select", "Of the workspaces whose short names match.", metavar="GLOB")
@many("exclude", "Leave these out.", metavar="GLOB")
@click.argument("address", nargs=-1)
@click.pass_context
def _list_resources(
    context: click.Context, /, address: tuple[str, ...], **flags: Any
) -> int:
    """List the addresses of the resources in a state, or of those below the given ones."""
    chosen = [parse_address(text) for text in address]
    screen = process_screen()

    async def work(backend: Backend) -> int:
        if flags["all"] or flags["select"] or flags["exclude"]:
            states = await backend.states_of_all(
                select=flags["select"], exclude=flags["exclude"]
            )

            def write(short: str, state_file: StateFile | None) -> None:
                for line in (
                    _matching_addresses(state_file, chosen, flags["id"])
                    if state_file
                    else ()
                ):
                    screen.print(with_workspace(short, line))

            return for_each_workspace(states, write)
        for line in _matching_addresses(
            _require_state(await backend.state()), chosen, flags["id"], strict=True
        ):
            screen.print(line)
        return 0

    return run_with_backend(Path(context.obj), work)


@state.command("show", short_help="Show one resource of a state.")
@click.argument("address")
@click.pass_context
def _show_resource(context: click.Context, address: str) -> int:
    """Show the attributes of one instance; sensitive ones are masked."""
    chosen = parse_address(address)

    async def work(backend: Backend) -> int:
        state_file = _require_state(await backend.state())
        matching = [
            instance
            for instance in addresses(state_file)
            if instance.address == chosen and not instance.deposed
        ]
        if not matching:
            raise StateError(f"{address}: there is no such instance in the state")
        process_screen().print_value(instance_text(matching[0], state_file.format))
        return 0

    return run_with_backend(Path(context.obj), work)


@state.command("pull", short_help="Write the state to standard output.")
@click.pass_context
def _pull_state(context: click.Context) -> int:
    """Write the state as it is stored, byte for byte, also one that cannot be read."""

    async def work(backend: Backend) -> int:
        data = await backend.state_data()
        if not data:
            process_screen().note(f"{_EMPTY}.")
            return 0
        write_bytes(data)
        return 0

    return run_with_backend(Path(context.obj), work)


@state.command("push", short_help="Store a state from a file.")
@flag("force", "Also over a newer state, or one of another lineage.")
@lock_flags
@click.argument("path")
@click.pass_context
def _push_state(context: click.Context, /, path: str, force: bool, **flags: Any) -> int:
    """Store the state in a file, or from standard input with -, in the workspace.

    Refused without -force when what is there is newer or has another lineage.
    """
    directory = Path(context.obj)
    pushed = _read_file_or_input(directory, path)

    async def work(backend: Backend) -> int:
        lock = lock_options(flags, "push")
        await saved_when_doubtful(
            directory, backend.push_state(pushed, force=force, lock=lock)
        )
        return 0

    return run_with_backend(directory, work, locks=True)


@state.command("rm", short_help="Forget resources, without destroying them.")
@flag("dry-run", "Only print what would be forgotten.")
@lock_flags
@click.argument("address", nargs=-1, required=True)
@click.pass_context
def _remove_resources(
    context: click.Context, /, address: tuple[str, ...], **flags: Any
) -> int:
    """Take resources out of the state; they are not destroyed, and Terraform manages them no longer."""
    chosen = [parse_address(text) for text in address]
    messages: list[str] = []

    def change(before: StateFile | None) -> StateFile | None:
        after, removed = remove(_require_state(before), chosen)
        verb = "Would forget" if flags["dry_run"] else "Forgot"
        messages.extend(f"{verb} {name}" for name in removed)
        return None if flags["dry_run"] else after

    return _change_state(context, flags, "rm", change, messages)


@state.command("mv", short_help="Give a resource another address.")
@flag("dry-run", "Only print what would move.")
@lock_flags
@click.argument("source")
@click.argument("target")
@click.pass_context
def _move_resource(
    context: click.Context, /, source: str, target: str, **flags: Any
) -> int:
    """Rename a resource, an instance or a module in the state, as was done in the configuration."""
    first, second = parse_address(source), parse_address(target)
    messages: list[str] = []

    def change(before: StateFile | None) -> StateFile | None:
        after, moved = move(_require_state(before), first, second)
        verb = "Would move" if flags["dry_run"] else "Moved"
        messages.extend(f"{verb} {' to '.join(pair.split(' ', 1))}" for pair in moved)
        return None if flags["dry_run"] else after

    return _change_state(context, flags, "mv", change, messages)


@click.command("show", cls=TerraformCommand, short_help="Show the state.")
@flag("json", "Write JSON, with sensitive values.")
@flag("all", "Of all workspaces, as one JSON document by workspace.")
@many("select", "Of the workspaces whose short names match.", metavar="GLOB")
@many("exclude", "Leave these out.", metavar="GLOB")
@flag("no-color", "Accepted and without effect.")
@click.argument("path", nargs=-1)
@click.pass_context
def show(context: click.Context, /, path: tuple[str, ...], **flags: Any) -> int:
    """Show the state of the workspace, or the one in a file; sensitive values are masked."""
    directory = Path(context.obj)
    if len(path) > 1:
        raise RunOptionsError(f"one file can be shown, and {len(path)} were given")
    if path:
        _print_state(_read_file_or_input(directory, path[0]), as_json=flags["json"])
        return 0

    async def work(backend: Backend) -> int:
        if flags["all"] or flags["select"] or flags["exclude"]:
            states = await backend.states_of_all(
                select=flags["select"], exclude=flags["exclude"]
            )
            documents: dict[str, str] = {}

            def keep(short: str, state_file: StateFile | None) -> None:
                documents[short] = state_json(state_file)

            code = for_each_workspace(states, keep)
            process_screen().print_json(object_json(documents))
            return code
        _print_state(await backend.state(), as_json=flags["json"])
        return 0

    return run_with_backend(directory, work)


def _print_state(state_file: StateFile | None, *, as_json: bool) -> None:
    if as_json:
        process_screen().print_json(state_json(state_file))
    elif state_file is None or state_file.is_empty:
        process_screen().print(
            f"{_EMPTY}." if state_file is None else "The state is empty."
        )
    else:
        process_screen().print_value(state_text(state_file))


def _change_state(
    context: click.Context,
    flags: dict[str, Any],
    operation: str,
    change: Any,
    messages: list[str],
) -> int:
    directory = Path(context.obj)
    for warning in warnings_about_errored_states(directory):
        process_screen().note(f"Warning: {warning}")

    async def work(backend: Backend) -> int:
        lock = lock_options(flags, operation)
        await saved_when_doubtful(directory, backend.change_state(change, lock=lock))
        for line in messages:
            process_screen().print(line)
        return 0

    return run_with_backend(directory, work, locks=True)


def _require_state(state_file: StateFile | None) -> StateFile:
    if state_file is None:
        raise StateError(_EMPTY)
    return state_file


def _matching_addresses(
    state_file: StateFile, chosen: list[Address], id: str | None, *, strict: bool = False
) -> list[str]:
    instances = addresses(state_file)
    for address in chosen if strict else ():
        if not any(address.covers(instance.address) for instance in instances):
            raise StateError(f"{address}: nothing of this address is in the state")
    lines = [
        str(instance.address)
        for instance in instances
        if (not chosen or any(address.covers(instance.address) for address in chosen))
        and (id is None or (not instance.deposed and _id_of(instance.value) == id))
    ]
    return list(dict.fromkeys(lines))


def _id_of(value: dict[str, Any]) -> Any:
    for name in ("attributes", "attributes_flat"):
        attributes = value.get(name)
        if isinstance(attributes, dict) and "id" in attributes:
            return attributes["id"]
    return value.get("id")


def _read_file_or_input(directory: Path, path: str) -> StateFile:
    if path == "-":
        return parse_named_state(sys.stdin.buffer.read(), path)
    return read_state_file(directory / path, path)
