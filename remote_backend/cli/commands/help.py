"""The command `help`: the help of any command."""

import click

from remote_backend.cli.output.screen import echo
from remote_backend.cli.terraform_flags import TerraformCommand

__all__ = ("help_command",)


@click.command("help", cls=TerraformCommand, short_help="Show the help of a command.")
@click.argument("command", nargs=-1)
@click.pass_context
def help_command(context: click.Context, command: tuple[str, ...]) -> int:
    """Show the help of a command, as -help behind its name does; without one, of all."""
    shown = context.find_root()
    for name in command:
        if not isinstance(shown.command, click.Group):
            raise click.UsageError(f"{shown.command_path} has no commands, so not {name}")
        _, subcommand, _ = shown.command.resolve_command(shown, [name])
        assert subcommand is not None
        shown = click.Context(subcommand, parent=shown, info_name=name)
    echo(shown.get_help())
    return 0
