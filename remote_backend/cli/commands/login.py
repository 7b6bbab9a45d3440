"""The commands `login` and `logout`: the token for a host, where Terraform finds it too."""

import getpass
import sys

import click

from remote_backend.cli.output.screen import echo
from remote_backend.cli.terraform_flags import TerraformCommand
from remote_backend.config.credentials import check_token, forget_token, keep_token
from remote_backend.config.environment import process_environ
from remote_backend.config.hostname import display_hostname, normalize_hostname
from remote_backend.errors import CredentialsError

__all__ = ("login", "logout")

_DEFAULT = "app.terraform.io"


@click.command("login", cls=TerraformCommand, short_help="Store a token for a host.")
@click.argument("hostname", default=_DEFAULT)
def login(hostname: str) -> int:
    """Store the token for a host, from a prompt without echo or from standard input.

    It goes where `terraform login` puts it, into a file that only its owner can read.
    """
    host = normalize_hostname(hostname)
    if sys.stdin is not None and sys.stdin.isatty():
        text = getpass.getpass(f"Token for {display_hostname(host)} (not shown): ")
    else:
        text = sys.stdin.readline() if sys.stdin is not None else ""
    token = check_token(text, "token that was given")
    if token is None:
        raise CredentialsError("no token was given; paste it, or pipe it to standard input")
    path = keep_token(host, token, process_environ())
    echo(f"The token for {display_hostname(host)} is in {path}.")
    return 0


@click.command("logout", cls=TerraformCommand, short_help="Forget the token for a host.")
@click.argument("hostname", default=_DEFAULT)
def logout(hostname: str) -> int:
    """Remove the token for a host that `login` has stored."""
    host = normalize_hostname(hostname)
    path = forget_token(host, process_environ())
    if path is None:
        echo(f"No token for {display_hostname(host)} was stored.")
    else:
        echo(f"The token for {display_hostname(host)} was removed from {path}.")
    return 0
