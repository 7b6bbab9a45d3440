"""The commands `taint`, `untaint` and `force-unlock`."""

from pathlib import Path
from typing import Any

import click

from remote_backend.backend import Backend
from remote_backend.cli.commands.errored_state import warnings_about_errored_states
from remote_backend.cli.commands.state_options import (
    lock_flags,
    lock_options,
    run_with_backend,
    saved_when_doubtful,
)
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.prompts import Prompts
from remote_backend.cli.output.screen import process_screen
from remote_backend.cli.terraform_flags import TerraformCommand, flag, value
from remote_backend.errors import AddressError, RunOptionsError, StateError
from remote_backend.models.workspace import Workspace
from remote_backend.state.address import (
    Address,
    parse_address,
    parse_legacy_address,
    parse_module,
)
from remote_backend.state.edits import set_tainted
from remote_backend.state.file import StateFile

__all__ = ("force_unlock", "taint", "untaint")


def _command(name: str, short: str, long: str, *, tainted: bool) -> click.Command:
    @click.command(name, cls=TerraformCommand, short_help=short, help=long)
    @flag("allow-missing", "Succeed when there is no such resource.")
    @value(
        "module", "The module of the resource, in states of Terraform 0.11.", metavar="NAME"
    )
    @lock_flags
    @click.argument("address")
    @click.pass_context
    def command(context: click.Context, /, address: str, **flags: Any) -> int:
        return _set(context, address, flags, tainted=tainted)

    return command


taint = _command(
    "taint",
    "Mark a resource, so that it is replaced.",
    "Mark an instance of a resource in the state, so that the next apply replaces it.",
    tainted=True,
)
untaint = _command(
    "untaint",
    "Take the mark of a resource away.",
    "Take the mark away that `taint`, or a creation that failed, has left on an instance.",
    tainted=False,
)


def _set(context: click.Context, text: str, flags: dict[str, Any], *, tainted: bool) -> int:
    directory = Path(context.obj)
    for warning in warnings_about_errored_states(directory):
        process_screen().note(f"Warning: {warning}")
    messages: list[str] = []

    def change(before: StateFile | None) -> StateFile | None:
        try:
            if before is None:
                raise AddressError(text, "the workspace has no state yet")
            address = _address(text, flags["module"], before.format)
            after = set_tainted(before, address, tainted)
        except AddressError as error:
            if not flags["allow_missing"]:
                raise
            messages.append(f"Nothing to do: {message_of(error)}")
            return None
        if after is None and not tainted and before.format == 4:
            raise AddressError(text, "it is not tainted")
        verb = "is tainted" if tainted else "is not tainted any more"
        messages.append(f"{address} {verb}.")
        return after

    async def work(backend: Backend) -> int:
        lock = lock_options(flags, "taint" if tainted else "untaint")
        await saved_when_doubtful(directory, backend.change_state(change, lock=lock))
        for line in messages:
            process_screen().print(line)
        return 0

    return run_with_backend(directory, work, locks=True)


def _address(text: str, module: str | None, format: int) -> Address:
    if format == 3:
        return parse_legacy_address(text, parse_module(module or ""))
    if module is not None:
        raise RunOptionsError(
            "-module is for states of Terraform 0.11; write the module into the address, as "
            f"module.{module}.{text}"
        )
    return parse_address(text)


@click.command("force-unlock", cls=TerraformCommand, short_help="Take a lock away.")
@flag("force", "Ask nothing.")
@click.argument("id")
@click.pass_context
def force_unlock(context: click.Context, id: str, force: bool) -> int:
    """Force the lock of a workspace open, also when somebody else holds it; ID is ORGANIZATION/WORKSPACE."""
    directory = Path(context.obj)
    screen = process_screen()

    async def work(backend: Backend) -> int:
        organization, _, name = id.partition("/")
        named = await backend.workspace()
        right = f"{backend.organization}/{named.remote.name}"
        if f"{organization}/{name}" != right:
            raise RunOptionsError(
                f"{id} is not the id of the selected workspace, which is {right}; "
                "select the one you mean"
            )
        client = backend.connection.client
        holder = await client.find_lock_holder(name) or named.remote
        if not holder.locked:
            raise StateError(f"{name} is not locked")
        if not force and not await Prompts(screen).confirm(
            _question(holder), "-force asks nothing"
        ):
            screen.note("Nothing was unlocked.")
            return 1
        await backend.force_unlock()
        screen.print(f"{name} is not locked any more.")
        return 0

    return run_with_backend(directory, work, locks=True)


def _question(holder: Workspace) -> str:
    """Ask whether to take a lock away, and say whose it is."""
    by = holder.locked_by or "an unknown person or run"
    reason = f" ({holder.locked_reason})" if holder.locked_reason else ""
    advice = "Somebody may be at work there and lose what they do."
    if by.startswith("run "):
        advice = "To cancel or discard that run on the server gives the lock back in order."
    return f"Take the lock of {holder.name} away, which is held by {by}{reason}?\n{advice}"
