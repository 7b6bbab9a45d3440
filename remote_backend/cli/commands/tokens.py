"""The commands about named tokens of the server of this machine."""

import json
from pathlib import Path

import anyio
import click

from remote_backend.cli.help import Guide
from remote_backend.cli.output.screen import echo, process_screen
from remote_backend.cli.terraform_flags import TerraformGroup, flag, value
from remote_backend.config.environment import process_environ
from remote_backend.config.terraform_directory import user_data_directory
from remote_backend.server.named_tokens import create_token, list_tokens, revoke_token

__all__ = ("tokens",)

_DATA = value(
    "data",
    "The data directory of the server. Default: as for serve.",
    metavar="DIR",
)


@click.group(
    "tokens",
    cls=TerraformGroup,
    short_help="Make, list and revoke tokens of the server.",
    guide=Guide(
        examples=(
            ("remote-backend tokens create ci", "runs then say that ci made them"),
            ("remote-backend tokens revoke ci", "it is refused from now on"),
        ),
        environment=("XDG_DATA_HOME",),
    ),
)
def tokens() -> None:
    """Make, list and revoke named tokens of a server on this machine, also while it runs."""


@tokens.command("create", short_help="Make a token.")
@_DATA
@click.argument("name")
def _create(data: str | None, name: str) -> int:
    """Make a token for a person or a machine, and write it to standard output, this once."""
    echo(anyio.run(create_token, _directory(data), name))
    return 0


@tokens.command("list", short_help="List the tokens.")
@_DATA
@flag("json", "Write one JSON document.")
def _list(data: str | None, json: bool) -> int:
    """List the names of the tokens that are valid; the tokens themselves are not kept."""
    users = anyio.run(list_tokens, _directory(data))
    if json:
        process_screen().print_json(
            _document([(u.name, u.id, u.created_at) for u in users])
        )
        return 0
    width = max((len(user.name) for user in users), default=0)
    for user in users:
        echo(f"{user.name:{width}}  {user.created_at}".rstrip())
    return 0


@tokens.command("revoke", short_help="End a token.")
@_DATA
@click.argument("name")
def _revoke(data: str | None, name: str) -> int:
    """End a token and its sessions; what it made keeps its name."""
    anyio.run(revoke_token, _directory(data), name)
    echo(f"Revoked {name}.")
    return 0


def _document(users: list[tuple[str, str, str]]) -> str:
    return json.dumps(
        [
            {"name": name, "user_id": id, "created_at": created_at or None}
            for name, id, created_at in users
        ],
        indent=2,
    )


def _directory(data: str | None) -> Path:
    return Path(data or user_data_directory(process_environ())).absolute()
