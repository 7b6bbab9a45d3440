"""The command `archive`, which lists what a plan would upload."""

from pathlib import Path

import click

from remote_backend.cli.hints import message_of
from remote_backend.cli.output.screen import echo
from remote_backend.cli.terraform_flags import TerraformCommand, value
from remote_backend.slug.listing import list_members

__all__ = ("archive",)


@click.command("archive", cls=TerraformCommand, short_help="List what a plan would upload.")
@value(
    "working-directory", "That of the workspace on the server.", metavar="DIR", default=""
)
@click.pass_context
def archive(context: click.Context, working_directory: str) -> int:
    """List the files, directories and links that a plan would upload, one on each line.

    Nothing is sent to a server. Where a workspace has a working directory the
    archive begins above this directory, as -working-directory=DIR shows.
    """
    listing = list_members(Path(context.obj), working_directory)
    for warning in listing.warnings:
        echo(f"Warning: {message_of(warning)}", err=True)
    echo(f"{len(listing.members)} entries below {listing.root}:", err=True)
    for member in listing.members:
        target = "" if member.link_target is None else f" -> {_shown(member.link_target)}"
        echo(f"{_shown(member.name)}{target}")
    return 0


def _shown(name: str) -> str:
    """Return a name as it is, unless a terminal or a reader of lines would take it for more."""
    return name if name.isprintable() else repr(name)
