"""A running server as its users see it: its address, and what leads clients to it."""

import json
from os import PathLike
from pathlib import Path

from attrs import field, frozen

from remote_backend.server.fault_rules import Faults

__all__ = ("EmbeddedServer", "backend_block")


@frozen(kw_only=True)
class EmbeddedServer:
    """A running server, and how to reach it."""

    url: str
    hostname: str
    """What stands as hostname in a backend block."""

    organization: str
    token: str = field(repr=False)
    token_file: Path
    cli_config_file: Path
    ca_file: Path | None
    engine: str
    faults: Faults = field(repr=False)
    """What goes wrong on purpose; a test may change its settings."""

    @property
    def environ(self) -> dict[str, str]:
        """Variables that lead clients to the server, with its token in a file that they name."""
        environ = {"TF_CLI_CONFIG_FILE": str(self.cli_config_file)}
        if self.ca_file is not None:
            environ["SSL_CERT_FILE"] = str(self.ca_file)
        return environ

    def write_configuration(self, directory: str | PathLike[str], prefix: str) -> Path:
        """Write a configuration for the workspaces of a prefix, and return its directory."""
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        block = backend_block(self.hostname, self.organization, prefix)
        (folder / "backend.tf").write_text(block, encoding="utf-8")
        return folder

    def ready_text(self) -> str:
        """Return what a program needs to find the server, as JSON without secrets."""
        return json.dumps(
            {
                "url": self.url,
                "hostname": self.hostname,
                "organization": self.organization,
                "token_file": str(self.token_file),
                "ca_file": str(self.ca_file) if self.ca_file else None,
                "cli_config_file": str(self.cli_config_file),
            },
            indent=2,
        )


def backend_block(hostname: str, organization: str, prefix: str) -> str:
    """Return the source of a backend block in prefix mode."""
    return (
        "terraform {\n"
        '  backend "remote" {\n'
        f'    hostname     = "{hostname}"\n'
        f'    organization = "{organization}"\n'
        "    workspaces {\n"
        f'      prefix = "{prefix}"\n'
        "    }\n"
        "  }\n"
        "}\n"
    )
