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
    parse_shown,
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
    context: click.Context, /, address: tuple[str, ...], **given: Any
) -> int:
    """List the addresses of the resources in a state, or of those below the given ones."""
    wanted = [parse_address(one) for one in address]
    screen = process_screen()

    async def work(backend: Backend) -> int:
        if given["all"] or given["select"] or given["exclude"]:
            found = await backend.states_of_all(
                select=given["select"], exclude=given["exclude"]
            )

            def write(short: str, one: StateFile | None) -> None:
                for line in _listed(one, wanted, given["id"]) if one else ():
                    screen.print(with_workspace(short, line))

            return for_each_workspace(found, write)
        for line in _listed(
            _there(await backend.state()), wanted, given["id"], strict=True
        ):
            screen.print(line)
        return 0

    return run_with_backend(Path(context.obj), work)


@state.command("show", short_help="Show one resource of a state.")
@click.argument("address")
@click.pass_context
def _show_resource(context: click.Context, address: str) -> int:
    """Show the attributes of one instance; sensitive ones are masked."""
    wanted = parse_address(address)

    async def work(backend: Backend) -> int:
        found = _there(await backend.state())
        matching = [
            one for one in addresses(found) if one.address == wanted and not one.deposed
        ]
        if not matching:
            raise StateError(f"{address}: there is no such instance in the state")
        process_screen().print_value(instance_text(matching[0], found.format))
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
def _push_state(context: click.Context, /, path: str, force: bool, **given: Any) -> int:
    """Store the state in a file, or from standard input with -, in the workspace.

    Refused without -force when what is there is newer or has another lineage.
    """
    directory = Path(context.obj)
    pushed = _read(directory, path)

    async def work(backend: Backend) -> int:
        lock = lock_options(given, "push")
        await saved_when_doubtful(
            directory, backend.push_state(pushed, force=force, lock=lock)
        )
        return 0

    return run_with_backend(directory, work, locks=True)


@state.command("rm", short_help="Forget resources, without destroying them.")
@flag("dry-run", "Only tell what would be forgotten.")
@lock_flags
@click.argument("address", nargs=-1, required=True)
@click.pass_context
def _remove_resources(
    context: click.Context, /, address: tuple[str, ...], **given: Any
) -> int:
    """Take resources out of the state; they live on and nobody manages them."""
    wanted = [parse_address(one) for one in address]
    told: list[str] = []

    def change(before: StateFile | None) -> StateFile | None:
        after, gone = remove(_there(before), wanted)
        verb = "Would forget" if given["dry_run"] else "Forgot"
        told.extend(f"{verb} {one}" for one in gone)
        return None if given["dry_run"] else after

    return _changed(context, given, "rm", change, told)


@state.command("mv", short_help="Give a resource another address.")
@flag("dry-run", "Only tell what would move.")
@lock_flags
@click.argument("source")
@click.argument("target")
@click.pass_context
def _move_resource(
    context: click.Context, /, source: str, target: str, **given: Any
) -> int:
    """Rename a resource, an instance or a module in the state, as was done in the configuration."""
    first, second = parse_address(source), parse_address(target)
    told: list[str] = []

    def change(before: StateFile | None) -> StateFile | None:
        after, moved = move(_there(before), first, second)
        verb = "Would move" if given["dry_run"] else "Moved"
        told.extend(f"{verb} {' to '.join(one.split(' ', 1))}" for one in moved)
        return None if given["dry_run"] else after

    return _changed(context, given, "mv", change, told)


@click.command("show", cls=TerraformCommand, short_help="Show the state.")
@flag("json", "Write JSON, with sensitive values.")
@flag("all", "Of all workspaces, as one JSON document by workspace.")
@many("select", "Of the workspaces whose short names match.", metavar="GLOB")
@many("exclude", "Leave these out.", metavar="GLOB")
@flag("no-color", "Accepted and without effect.")
@click.argument("path", nargs=-1)
@click.pass_context
def show(context: click.Context, /, path: tuple[str, ...], **given: Any) -> int:
    """Show the state of the workspace, or the one in a file; sensitive values are masked."""
    directory = Path(context.obj)
    if len(path) > 1:
        raise RunOptionsError(f"one file can be shown, and {len(path)} were given")
    if path:
        _tell(_read(directory, path[0]), as_json=given["json"])
        return 0

    async def work(backend: Backend) -> int:
        if given["all"] or given["select"] or given["exclude"]:
            found = await backend.states_of_all(
                select=given["select"], exclude=given["exclude"]
            )
            documents: dict[str, str] = {}

            def keep(short: str, one: StateFile | None) -> None:
                documents[short] = state_json(one)

            code = for_each_workspace(found, keep)
            process_screen().print_json(object_json(documents))
            return code
        _tell(await backend.state(), as_json=given["json"])
        return 0

    return run_with_backend(directory, work)


def _tell(found: StateFile | None, *, as_json: bool) -> None:
    if as_json:
        process_screen().print_json(state_json(found))
    elif found is None or found.is_empty:
        process_screen().print(f"{_EMPTY}." if found is None else "The state is empty.")
    else:
        process_screen().print_value(state_text(found))


def _changed(
    context: click.Context,
    given: dict[str, Any],
    operation: str,
    change: Any,
    told: list[str],
) -> int:
    directory = Path(context.obj)
    for warning in warnings_about_errored_states(directory):
        process_screen().note(f"Warning: {warning}")

    async def work(backend: Backend) -> int:
        lock = lock_options(given, operation)
        await saved_when_doubtful(directory, backend.change_state(change, lock=lock))
        for line in told:
            process_screen().print(line)
        return 0

    return run_with_backend(directory, work, locks=True)


def _there(found: StateFile | None) -> StateFile:
    if found is None:
        raise StateError(_EMPTY)
    return found


def _listed(
    found: StateFile, wanted: list[Address], id: str | None, *, strict: bool = False
) -> list[str]:
    instances = addresses(found)
    for address in wanted if strict else ():
        if not any(address.covers(one.address) for one in instances):
            raise StateError(f"{address}: nothing of this address is in the state")
    lines = [
        str(one.address)
        for one in instances
        if (not wanted or any(address.covers(one.address) for address in wanted))
        and (id is None or (not one.deposed and _id_of(one.value) == id))
    ]
    return list(dict.fromkeys(lines))


def _id_of(value: dict[str, Any]) -> Any:
    for name in ("attributes", "attributes_flat"):
        attributes = value.get(name)
        if isinstance(attributes, dict) and "id" in attributes:
            return attributes["id"]
    return value.get("id")


def _read(directory: Path, path: str) -> StateFile:
    if path == "-":
        return parse_shown(sys.stdin.buffer.read(), path)
    return read_state_file(directory / path, path)
