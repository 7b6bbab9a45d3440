"""Commands that need no server: `fmt`, `validate`, `get`, `providers`, and `version`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import click

from remote_backend._version import __version__
from remote_backend.cli.output.screen import echo, process_screen
from remote_backend.cli.terraform_flags import TerraformCommand, flag
from remote_backend.config.environment import process_environ
from remote_backend.engine.program import find_program
from remote_backend.errors import EngineError

__all__ = ("fmt", "get", "providers", "validate", "version")


def _command(name: str, short: str) -> click.Command:
    @click.command(
        name,
        cls=TerraformCommand,
        short_help=short,
        add_help_option=False,
        help=f"{short} The program that makes plans here does it, with all of its flags.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    @click.pass_context
    def command(context: click.Context, arguments: tuple[str, ...]) -> int:
        environ = dict(process_environ())
        program = find_program(None, environ)
        # They were inserted here already, and are not meant twice.
        for variable in [name for name in environ if name.startswith("TF_CLI_ARGS")]:
            del environ[variable]
        return subprocess.run(
            [*program.command, name, *arguments],
            cwd=Path(context.obj),
            env=environ,
            check=False,
        ).returncode

    return command


fmt = _command("fmt", "Rewrite configuration files in the usual layout.")
validate = _command("validate", "Check whether the configuration is valid.")
get = _command("get", "Install or update modules.")
providers = _command("providers", "Show the providers that the configuration needs.")


@click.command("version", cls=TerraformCommand, short_help="Show versions.")
@flag("json", "Write JSON.")
@flag("remote", "Also ask the server of the configuration.")
@click.pass_context
def version(context: click.Context, /, **flags: Any) -> int:
    """Show the versions of this program and of the one that makes plans here."""
    versions: dict[str, Any] = {
        "remote_backend": __version__,
        "python": sys.version.split()[0],
    }
    try:
        program = find_program(None, process_environ())
        versions["engine"] = {"name": program.name, "version": program.version}
    except EngineError as error:
        versions["engine"] = None
        missing = str(error)
    if flags["remote"]:
        versions["server"] = anyio.run(_server, Path(context.obj))
    if flags["json"]:
        process_screen().print_json(json.dumps(versions, indent=2))
        return 0
    echo(f"remote-backend {__version__} (Python {versions['python']})")
    if versions["engine"] is not None:
        echo(f"{program.product} {program.version} ({program.name})")
    else:
        echo(missing, err=True)
    if flags["remote"]:
        echo(f"{versions['server']['hostname']}: API {versions['server']['api_version']}")
    return 0


async def _server(directory: Path) -> dict[str, str | None]:
    from remote_backend.cli.opening import opened_backend

    async with opened_backend(directory) as backend:
        # The version is in a header of every answer of the API, so one has to be there.
        await backend.connection.organization_check.entitlements()
        api_version = backend.connection.client.api_version
        return {"hostname": backend.hostname, "api_version": api_version or "before 2.0"}
