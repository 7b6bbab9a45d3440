"""The command line: its commands, its exit codes, and how it tells errors."""

import logging
import sys
from collections.abc import Sequence
from typing import NoReturn

import click
import structlog

from remote_backend._version import __version__
from remote_backend.cli.arguments import TerraformGroup, with_environ
from remote_backend.cli.demo import demo
from remote_backend.cli.engine_commands import ENGINE_COMMANDS, version
from remote_backend.cli.init import init
from remote_backend.cli.login import login, logout
from remote_backend.cli.output import output
from remote_backend.cli.plan import plan
from remote_backend.cli.refused import apply, destroy, import_, refresh
from remote_backend.cli.report import report
from remote_backend.cli.runs import runs
from remote_backend.cli.serve import serve_command
from remote_backend.cli.state import show, state
from remote_backend.cli.taint import force_unlock, taint, untaint
from remote_backend.cli.workspace import workspace
from remote_backend.config.settings import process_environ
from remote_backend.errors import RemoteBackendError

__all__ = ("cli", "main")


@click.group(
    cls=TerraformGroup,
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
    _configure_log(debug)


for command in (
    *(
        init,
        workspace,
        plan,
        runs,
        report,
        output,
        show,
        state,
        taint,
        untaint,
        force_unlock,
    ),
    *(*ENGINE_COMMANDS, version, login, logout, serve_command, demo),
    *(apply, destroy, import_, refresh),
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code; errors become one message."""
    try:
        code = cli.main(
            args=with_environ(
                list(sys.argv[1:] if arguments is None else arguments), process_environ()
            ),
            prog_name="remote-backend",
            standalone_mode=False,
        )
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 1
    except click.ClickException as error:
        _tell(error.format_message())
        code = 1
    except RemoteBackendError as error:
        _tell(str(error))
        code = 1
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        # Whoever read our output has left; there is nobody to tell.
        sys.stderr.close()
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _tell(message: str) -> None:
    click.echo(f"Error: {message}", err=True)


def _configure_log(debug: bool) -> None:
    level = logging.DEBUG if debug else logging.CRITICAL
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.KeyValueRenderer(
                key_order=["timestamp", "level", "event"]
            ),
        ],
    )
