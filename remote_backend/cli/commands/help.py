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
    target = context.find_root()
    for name in command:
        if not isinstance(target.command, click.Group):
            raise click.UsageError(f"{target.command_path} has no commands, so not {name}")
        _, subcommand, _ = target.command.resolve_command(target, [name])
        assert subcommand is not None
        target = click.Context(subcommand, parent=target, info_name=name)
    echo(target.get_help())
    return 0
