"""The command line: its commands, its exit codes, and how it prints errors."""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from importlib import import_module
from typing import NoReturn

import click

from remote_backend._version import __version__
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.log_events import write_log_events
from remote_backend.cli.output.screen import process_screen
from remote_backend.cli.output.streams import OUTPUT, prepare_streams, written
from remote_backend.cli.process import leave, preload_certificates, resume_collector
from remote_backend.cli.terraform_flags import TerraformGroup, with_environ
from remote_backend.config.environment import process_environ
from remote_backend.errors import RemoteBackendError
from remote_backend.structured_logging import silence

__all__ = ("cli", "main")


# Where each command lives; only the one that is asked for is imported.
_COMMANDS = {
    "init": "init:init",
    "workspace": "workspace:workspace",
    "plan": "plan:plan",
    "archive": "archive:archive",
    "batches": "batches:batches",
    "report": "report:report",
    "output": "output:output",
    "show": "state:show",
    "state": "state:state",
    "taint": "taint:taint",
    "untaint": "taint:untaint",
    "force-unlock": "taint:force_unlock",
    "fmt": "engine:fmt",
    "validate": "engine:validate",
    "get": "engine:get",
    "providers": "engine:providers",
    "version": "engine:version",
    "login": "login:login",
    "logout": "login:logout",
    "serve": "serve:serve_command",
    "demo": "demo:demo",
    "apply": "unsupported:apply",
    "destroy": "unsupported:destroy",
    "import": "unsupported:import_",
    "refresh": "unsupported:refresh",
}
# Those that always talk to a server.
_TALKING = frozenset({"init", "workspace", "plan", "batches", "output", "state", "taint"})


class _LazyGroup(TerraformGroup):
    """The root of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        home = _COMMANDS.get(cmd_name)
        if home is None:
            return None
        module, _, name = home.partition(":")
        with preload_certificates() if module in _TALKING else nullcontext():
            found = getattr(import_module(f"remote_backend.cli.commands.{module}"), name)
        resume_collector()
        assert isinstance(found, click.Command)
        return found


@click.group(
    cls=_LazyGroup,
    name="remote-backend",
    epilog="Flags take one dash or two. Run `remote-backend COMMAND -help` for their list.",
)
@click.version_option(__version__, "-version", "-v", prog_name="remote-backend")
@click.option("-chdir", "chdir", metavar="DIR", default=".", help="Work in this directory.")
@click.option("-debug", "debug", is_flag=True, help="Tell on standard error what is done.")
@click.pass_context
def cli(context: click.Context, chdir: str, debug: bool) -> None:
    """Plan one Terraform configuration in many remote workspaces."""
    context.obj = chdir
    if debug:
        write_log_events()
    else:
        silence()


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code; errors become one message."""
    prepare_streams()
    try:
        code = cli.main(
            args=with_environ(
                list(sys.argv[1:] if arguments is None else arguments), process_environ()
            ),
            prog_name="remote-backend",
            standalone_mode=False,
        )
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())  # the help
        code = 1
    except click.ClickException as error:
        _tell(error.format_message())
        code = 1
    except RemoteBackendError as error:
        for warning in error.warnings:
            _note(f"Warning: {warning}")
        _tell(message_of(error))
        code = 1
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except UnicodeEncodeError:
        # The text may be a secret, so it is not shown.
        _tell("an argument or a variable of the environment holds bytes that are not UTF-8")
        code = 1
    except OSError as error:
        _give_up(error)
    _leave(code if isinstance(code, int) else 0)


def _leave(code: int) -> NoReturn:
    """End the process once all output is written."""
    if (error := written()) is not None:
        _give_up(error)
    leave(code)


def _give_up(error: OSError) -> NoReturn:
    """End the process because of something that the system refused."""
    # A reader that has left our output does not want to know more.
    if not (isinstance(error, BrokenPipeError) and error.filename == OUTPUT):
        _tell(_reason(error))
    leave(1)


def _reason(error: OSError) -> str:
    problem = error.strerror or str(error) or type(error).__name__
    if error.filename is not None:
        return f"{error.filename}: {problem}"
    try:
        os.getcwd()
    except OSError:
        return "the current directory does not exist any more; change to another one"
    return problem


def _tell(message: str) -> None:
    _note(f"Error: {message}")


def _note(text: str) -> None:
    with suppress(OSError):
        # Texts of servers and files are in it, so it is cleaned like all that they say.
        process_screen().note(text)
