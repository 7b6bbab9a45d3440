"""The command line: its commands, its exit codes, and how it prints errors."""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from importlib import import_module
from typing import NoReturn

import click

from remote_backend._version import __version__
from remote_backend.cli.help import Guide, usage_of
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.screen import process_screen
from remote_backend.cli.output.streams import OUTPUT, prepare_streams, written
from remote_backend.cli.process import leave, preload_certificates, resume_collector
from remote_backend.cli.terraform_flags import TerraformGroup, report_steps, with_environ
from remote_backend.config.environment import process_environ
from remote_backend.errors import RemoteBackendError
from remote_backend.structured_logging import Log, silence

__all__ = ("cli", "main")

log = Log()

# Where each command lives; only the requested one is imported.
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
    "tokens": "tokens:tokens",
    "demo": "demo:demo",
    "help": "help:help_command",
    "completion": "completion:completion",
    "apply": "unsupported:apply",
    "destroy": "unsupported:destroy",
    "import": "unsupported:import_",
    "refresh": "unsupported:refresh",
}
# Commands of Terraform that work without a server, or on what we never change.
# https://developer.hashicorp.com/terraform/cli/commands
_OF_TERRAFORM = frozenset(
    {"console", "env", "graph", "metadata", "modules", "query", "stacks", "test"}
)
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

    def unknown_command(self, ctx: click.Context, name: str) -> click.UsageError:
        if name in _OF_TERRAFORM:
            return click.UsageError(
                f"{name} is a command of Terraform; use `terraform {name}`", ctx
            )
        return super().unknown_command(ctx, name)


_GUIDE = Guide(
    examples=(
        ("remote-backend demo", "a server and three plans, here"),
        ("remote-backend plan -all", "every workspace"),
        ("remote-backend help plan", "what a command takes"),
    ),
    groups={
        "Plans": ("init", "workspace", "plan", "batches", "report", "archive"),
        "States": ("output", "show", "state", "taint", "untaint", "force-unlock"),
        "Configuration": ("fmt", "validate", "get", "providers"),
        "Servers": ("login", "logout", "serve", "tokens", "demo"),
        "Help": ("help", "completion", "version"),
    },
    environment=(
        "TF_WORKSPACE", "TF_TOKEN_<host>", "TF_CLI_CONFIG_FILE", "TF_CLI_ARGS",
        "TF_CLI_ARGS_<command>", "TF_DATA_DIR", "TF_INPUT", "HTTPS_PROXY", "NO_PROXY",
        "SSL_CERT_FILE", "NO_COLOR", "XDG_DATA_HOME",
    ),
)  # fmt: skip


@click.group(cls=_LazyGroup, name="remote-backend", guide=_GUIDE)
@click.version_option(
    __version__, "-version", "-v", prog_name="remote-backend", help="Show the version."
)
@click.option(
    "-chdir",
    "chdir",
    metavar="DIR",
    default=".",
    help="Work in this directory. Default: the current one.",
)
@click.option(
    "-debug",
    "debug",
    is_flag=True,
    help="Report on standard error each request and each decision.",
)
@click.pass_context
def cli(context: click.Context, chdir: str, debug: bool) -> None:
    """Plan one Terraform configuration in many remote workspaces. Nothing is ever applied.

    Flags take one dash or two. Those of a command stand behind its name.
    """
    context.obj = chdir
    if debug:
        report_steps()
        log.debug(
            "command.began",
            name=context.invoked_subcommand,
            version=__version__,
            python=sys.version.split()[0],
            system=sys.platform,
        )
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
        _print_message(_text_of(error))
        code = 1
    except RemoteBackendError as error:
        for warning in error.warnings:
            _note(f"Warning: {warning}")
        _print_message(message_of(error))
        code = 1
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except UnicodeEncodeError:
        # The text may be a secret, so it is not shown.
        _print_message(
            "an argument or a variable of the environment holds bytes that are not UTF-8"
        )
        code = 1
    except OSError as error:
        _give_up(error)
    _leave(code if isinstance(code, int) else 0)


def _text_of(error: click.ClickException) -> str:
    """Return the text of an error of click; where something is missing, how the command is written."""
    text = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or not text.startswith("Missing "):
        return text
    return f"{text.rstrip('.')}; usage: {usage_of(context.command, context)}"


def _leave(code: int) -> NoReturn:
    """End the process once all output is written."""
    if (error := written()) is not None:
        _give_up(error)
    leave(code)


def _give_up(error: OSError) -> NoReturn:
    """End the process because of something that the system refused."""
    # A reader that has left our output does not want to know more.
    if not (isinstance(error, BrokenPipeError) and error.filename == OUTPUT):
        _print_message(_reason(error))
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


def _print_message(message: str) -> None:
    _note(f"Error: {message}")


def _note(text: str) -> None:
    with suppress(OSError):
        # Texts of servers and files are in it, so it is cleaned like all that they say.
        process_screen().note(text)
