"""The command `init`: which backend, which workspace, and states that move along."""

import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import click
from anyio import to_thread
from attrs import define, evolve, field

from remote_backend.cli.commands.state_options import lock_flags, lock_options
from remote_backend.cli.commands.workspace_choice import WorkspaceChoice
from remote_backend.cli.help import Guide
from remote_backend.cli.output.prompts import Prompts
from remote_backend.cli.output.screen import Screen, screen_of
from remote_backend.cli.signals import run_interruptibly
from remote_backend.cli.terraform_flags import TerraformCommand, flag, many
from remote_backend.config.backend_block import (
    BackendBlock,
    FoundBlock,
    backend_of_record,
    read_block,
)
from remote_backend.config.backend_config_flags import merge_flags
from remote_backend.config.backend_record import (
    BlockValues,
    Record,
    read_record,
    write_record,
)
from remote_backend.config.environment import process_environ
from remote_backend.config.terraform_directory import (
    record_path,
    selected_workspace,
)
from remote_backend.connection import Connection, connect_to
from remote_backend.engine.program import find_program, released_terraform
from remote_backend.errors import (
    EngineError,
    NoBackendBlock,
    RunOptionsError,
    SelectionError,
    SettingsError,
)
from remote_backend.models.workspace import ByName
from remote_backend.state.locks import LockOptions
from remote_backend.state.migrate import Migration, migrate
from remote_backend.state.state_locations import (
    LocalLocation,
    RemoteLocation,
    StateLocation,
    local_locations,
)
from remote_backend.workspaces import DEFAULT, full_name_of, list_workspaces

__all__ = ("InitWork", "init", "input_allowed")

_REMOTE = ("remote", "cloud")


@click.command(
    "init",
    cls=TerraformCommand,
    short_help="Configure the backend.",
    guide=Guide(
        examples=(
            ("remote-backend init", ""),
            ("remote-backend init -backend-config=prefix=net-", "a member of the block"),
            ("remote-backend init -migrate-state", "states move along"),
        ),
        environment=("TF_WORKSPACE", "TF_CLI_ARGS_init", "TF_DATA_DIR", "TF_INPUT"),
    ),
)
@flag("backend", "Leave the backend as it is.", default=True)
@many(
    "backend-config", "Add to the backend block; can be repeated.", metavar="KEY=VALUE|FILE"
)
@flag("reconfigure", "Forget what was configured before; nothing moves.")
@flag("migrate-state", "Move states from what was configured before.")
@flag("force-copy", "Move states and answer yes to all questions about that.")
@flag("input", "Ask nothing, and fail where something is missing.", default=True)
@lock_flags
@flag("no-color", "Write no colors.")
@click.argument("rest", nargs=-1, metavar="")
@click.pass_context
def init(context: click.Context, /, **flags: Any) -> int:
    """Configure the backend of the directory, for remote-backend and terraform alike.

    Modules and providers are not installed: plans run on the server, and
    `remote-backend get` and `terraform init` do that for local commands.
    """
    if flags["rest"]:
        raise RunOptionsError(
            f"init takes no argument, but {flags['rest'][0]!r} was given; "
            "use -chdir=DIR before the command for another directory"
        )
    if flags["migrate_state"] and flags["reconfigure"]:
        raise RunOptionsError(
            "-migrate-state and -reconfigure exclude each other; choose one"
        )
    environ = process_environ()
    screen = screen_of(sys.stdout, sys.stderr, environ, no_color=flags["no_color"])
    if not flags["backend"]:
        screen.note("The backend stays as it is.")
        return 0
    work = InitWork(
        directory=Path(context.obj),
        environ=environ,
        screen=screen,
        prompts=Prompts(screen, flags["input"] and input_allowed(environ)),
        backend_config=flags["backend_config"],
        reconfigure=flags["reconfigure"],
        migrates=flags["migrate_state"] or flags["force_copy"],
        force_copy=flags["force_copy"],
        lock=lock_options(flags, "init"),
    )
    return anyio.run(partial(run_interruptibly, work.carry_out, announces=work.migrates))


def input_allowed(environ: Mapping[str, str]) -> bool:
    """Say whether TF_INPUT allows questions; what is not a truth value counts as yes."""
    return environ.get("TF_INPUT", "").lower() not in ("0", "f", "false")


@define(kw_only=True)
class InitWork:
    """An init command at work."""

    directory: Path
    environ: Mapping[str, str] = field(repr=False)
    screen: Screen
    prompts: Prompts
    backend_config: tuple[str, ...]
    reconfigure: bool
    migrates: bool
    force_copy: bool
    lock: LockOptions
    _selected: str | None = None

    async def carry_out(self) -> int:
        """Configure the backend and return the exit code."""
        block = self._block()
        record = self._record()
        if block is None and record is None:
            raise NoBackendBlock(str(self.directory))
        if block is None:
            assert record is not None
            await self._leave(record)
            return 0
        merged = merge_flags(
            block.values, self.backend_config, self.directory, label="-backend-config"
        )
        if record is not None and not self.backend_config and record.is_of(block.values):
            # What -backend-config once added still counts.
            merged = record.values
        backend = block.backend(await self._completed(merged), self.environ)
        for warning in backend.warnings:
            self.screen.note(f"Warning: {warning}")
        is_same = record is not None and record.values.agrees_with(merged)
        if record is not None and not is_same and not self.migrates:
            raise SettingsError(
                f"{block.where}: the backend differs from the one that was configured here; "
                "-migrate-state moves states along, -reconfigure forgets the earlier one"
            )
        # Those of the block have been shown.
        async with self._connected(evolve(backend, warnings=())) as connection:
            for warning in connection.warnings:
                self.screen.note(f"Warning: {warning}")
            if not is_same:
                await self._take_over(record, connection)
            write_record(
                record_path(self.directory, self.environ),
                backend.values,
                block.values,
                before=record if record is not None else self._unreadable_style(),
                terraform_version=self._terraform_version() if record is None else None,
            )
            choice = WorkspaceChoice(
                connection, self.directory, self.environ, self.prompts, self.screen
            )
            await choice.settle(self._selected)
        self.screen.out.write(
            f"The backend is configured: {backend.organization} on {backend.hostname}.\n"
        )
        if not self.environ.get("TF_IN_AUTOMATION"):
            self.screen.note("`remote-backend plan -all` plans all of its workspaces.")
        return 0

    def _connected(self, backend: BackendBlock) -> AbstractAsyncContextManager[Connection]:
        return connect_to(backend, self.directory, self.environ, report=self.screen.report)

    def _block(self) -> FoundBlock | None:
        try:
            return read_block(self.directory)
        except NoBackendBlock:
            return None

    def _record(self) -> Record | None:
        if self.reconfigure:
            return None
        return read_record(record_path(self.directory, self.environ))

    def _unreadable_style(self) -> Record | None:
        # -reconfigure keeps the style of the Terraform that works here.
        try:
            before = read_record(record_path(self.directory, self.environ))
        except SettingsError:
            return None
        return before if before is not None and before.is_old else None

    async def _completed(self, merged: BlockValues) -> BlockValues:
        if merged.kind == "remote" and not merged.arguments.get("organization"):
            if not self.prompts.can_ask:
                return merged
            name = await self.prompts.ask("The organization on the server", "")
            merged = evolve(merged, arguments={**merged.arguments, "organization": name})
        return merged

    async def _leave(self, record: Record) -> None:
        """Move states back here, because the block was removed."""
        if not self.migrates:
            raise SettingsError(
                "the configuration has no backend block any more, and the directory is configured "
                "for one; -migrate-state moves its states here"
            )
        if record.values.kind not in _REMOTE:
            raise _foreign(record)
        async with self._connected(backend_of_record(record, self.directory)) as source:
            places = await self._remote_places(source)
            steps = [
                Migration(place, self._local(short)) for short, place in places.items()
            ]
            await self._migrate(steps)
        write_record(
            record_path(self.directory, self.environ),
            None,
            None,
            before=record,
            terraform_version=None,
        )
        self.screen.out.write(
            "The backend is removed; states are kept in this directory.\n"
        )

    def _local(self, short: str) -> LocalLocation:
        if short == DEFAULT:
            return LocalLocation(self.directory / "terraform.tfstate", "terraform.tfstate")
        relative_path = f"terraform.tfstate.d/{short}/terraform.tfstate"
        return LocalLocation(self.directory / relative_path, relative_path)

    async def _take_over(self, record: Record | None, destination: Connection) -> None:
        """Move states from what was configured before: this directory, or another backend."""
        if record is None:
            await self._migrate_from(
                await self._full(local_locations(self.directory)), destination
            )
            return
        if record.values.kind not in _REMOTE:
            raise _foreign(record)
        async with self._connected(backend_of_record(record, self.directory)) as source:
            places = await self._remote_places(source)
            await self._migrate_from(await self._full(places), destination)

    async def _remote_places(self, source: Connection) -> dict[str, RemoteLocation]:
        workspaces = await list_workspaces(source.client, source.mapping)
        return {
            workspace.name: RemoteLocation(
                source.client, source.mapping, workspace.name, self.lock, workspace.remote
            )
            for workspace in workspaces
        }

    async def _full(self, places: Mapping[str, StateLocation]) -> dict[str, StateLocation]:
        full_places = {}
        for name, place in places.items():
            state = await place.read()
            if state is not None and not state.is_empty:
                full_places[name] = place
        return full_places

    async def _migrate_from(
        self, sources: dict[str, StateLocation], destination: Connection
    ) -> None:
        current = selected_workspace(self.directory, self.environ) or DEFAULT
        if isinstance(destination.mapping, ByName) and len(sources) > 1:
            sources = await self._only_current(sources, current)
        steps = []
        version = await self._released_version() if sources else None
        for name, source in sources.items():
            short = await self._name_in(destination, name)
            place = RemoteLocation(
                destination.client,
                destination.mapping,
                short,
                self.lock,
                terraform_version=version,
            )
            steps.append(Migration(source, place))
            if name == current:
                self._selected = short
        await self._migrate(steps)

    async def _only_current(
        self, sources: dict[str, StateLocation], current: str
    ) -> dict[str, StateLocation]:
        others = ", ".join(name for name in sources if name != current)
        question = (
            f"Copy only the state of the current workspace, {current}?\n"
            "The backend keeps one workspace, and here are several with states. Those of "
            f"{others} stay where they are."
        )
        instead = "-force-copy answers yes; a backend with a prefix takes all of them"
        if not self.force_copy and not await self.prompts.confirm(question, instead):
            raise SelectionError("nothing was moved, and the backend was not configured")
        return {name: place for name, place in sources.items() if name == current}

    async def _name_in(self, destination: Connection, name: str) -> str:
        if isinstance(destination.mapping, ByName):
            return DEFAULT
        if name != DEFAULT:
            full_name_of(destination.mapping, name)
            return name
        name = await self.prompts.ask(
            "Which workspace should get the state of the local workspace default?\n"
            "  The backend has a prefix, so there is no default. Name, without the prefix",
            "run init on a terminal, or move it with `remote-backend workspace new "
            "-state=terraform.tfstate NAME` after `init -reconfigure` with the file moved away",
        )
        full_name_of(destination.mapping, name)
        return name

    async def _migrate(self, steps: list[Migration]) -> None:
        try:
            async for moved in migrate(steps, self):
                if moved.result == "left":
                    self.screen.note(f"{moved.source} was not copied and stays as it is.")
                else:
                    self.screen.note(
                        f"{moved.source} -> {moved.destination}: {moved.result}"
                    )
        except anyio.get_cancelled_exc_class():
            self.screen.note("Interrupted. Nothing is lost; run init again to continue.")
            raise

    async def may_copy(
        self, source: str, destination: str, overwritten: tuple[Path, Path] | None
    ) -> bool:
        """Ask whether a state is copied, unless -force-copy has answered."""
        if self.force_copy:
            return True
        question = f"Copy the state of {source} to {destination}?"
        if overwritten is not None:
            first, second = overwritten
            question = (
                f"Overwrite the state of {destination} with that of {source}?\n"
                f"  Look at both before: {first} (new), {second} (overwritten)"
            )
        return await self.prompts.confirm(question, "-force-copy answers yes")

    async def _released_version(self) -> str | None:
        return await to_thread.run_sync(released_terraform, self.environ)

    def _terraform_version(self) -> str | None:
        try:
            return find_program(None, self.environ).version
        except EngineError:
            return None


def _foreign(record: Record) -> SettingsError:
    return SettingsError(
        f'the directory is configured for a backend "{record.values.kind}", whose states only '
        "Terraform can move: use `terraform init -migrate-state`"
    )
