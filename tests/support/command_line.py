"""A server with workspaces, a configuration, and the command line as a process."""

import json
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import frozen

from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.embedded import EmbeddedServer, backend_block
from remote_backend.server.seed import SeedWorkspace
from tests.support.paths import REPOSITORY
from tests.support.report_schema import validate_output
from tests.support.servers import running_server

LONG_LOG = b"".join(b"line %d \xc3\xa9\n" % number for number in range(3000))


@frozen
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


@frozen
class CommandLine:
    """A server, the configuration that names it, and the command line."""

    server: EmbeddedServer
    directory: Path
    data: Path

    def environ(self, **more: str) -> dict[str, str]:
        """Return the variables of a process that knows the server and nothing else."""
        system = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        return {
            **system,
            "HOME": str(self.directory.parent),
            "PATH": "",
            "PYTHONUTF8": "1",
            "TF_CLI_CONFIG_FILE": str(self.server.cli_config_file),
            **more,
        }

    def command(self, *arguments: str) -> list[str]:
        """Return the command line with its arguments."""
        return [sys.executable, "-m", "remote_backend", *arguments]

    async def run(self, *arguments: str, **environ: str) -> Finished:
        """Run the command line in the directory of the configuration."""
        done = await anyio.run_process(
            self.command(*arguments),
            cwd=self.directory,
            env={**self.environ(**environ), "PYTHONPATH": str(REPOSITORY)},
            check=False,
        )
        out = done.stdout.decode()
        validate_output(self.directory, arguments, out)
        return Finished(done.returncode, out, done.stderr.decode())


@pytest.fixture
def seed() -> list[SeedWorkspace]:
    """Return the workspaces of the server."""

    def workspace(name: str, simulation: Simulation) -> SeedWorkspace:
        return SeedWorkspace(name=name, simulation=simulation)

    return [
        workspace("networking-dev", Simulation(counts=Counts(2, 1, 0, 0))),
        workspace("networking-eu-7", Simulation(counts=Counts())),
        workspace(
            "networking-prod", Simulation(parts=(LONG_LOG,), counts=Counts(0, 0, 3, 1))
        ),
        workspace("broken-one", Simulation(succeeds=False)),
        workspace("broken-two", Simulation(counts=Counts())),
        workspace("other", Simulation()),
        workspace("slow-a", Simulation(seconds=120)),
        workspace("slow-b", Simulation(seconds=120)),
    ]


@pytest.fixture
async def command_line(
    tmp_path: Path, seed: list[SeedWorkspace]
) -> AsyncIterator[CommandLine]:
    """Run a server with a simulated engine beside a configuration in prefix mode."""
    async with configured_server(tmp_path, "networking-", seed=seed) as made:
        yield made


@asynccontextmanager
async def configured_server(
    folder: Path, prefix: str, **settings: Any
) -> AsyncIterator[CommandLine]:
    """Run a server beside a configuration of its workspaces with a prefix."""
    async with running_server(folder, **settings) as server:
        directory = folder / "networking"
        directory.mkdir()
        (directory / "main.tf").write_text(backend_block(server.hostname, "acme", prefix))
        yield CommandLine(server, directory, folder / "data")


def write_backend(command_line: CommandLine, change: Callable[[str], str] = str) -> None:
    """Write the backend block of the configuration, changed as a test needs it."""
    block = backend_block(command_line.server.hostname, "acme", "networking-")
    (command_line.directory / "main.tf").write_text(change(block))


def records_of(command_line: CommandLine, kind: str) -> list[dict[str, Any]]:
    """Return records of the server, read beside it."""
    with closing(sqlite3.connect(command_line.data / "records.sqlite")) as connection:
        rows = connection.execute(
            "select body from record where kind = ? order by number", (kind,)
        ).fetchall()
    return [json.loads(body) for (body,) in rows]


def rows_of(out: str) -> dict[str, list[str]]:
    """Return the rows of the final table by workspace."""
    _, _, table = out.partition("\nworkspace ")
    rows = [line.split() for line in table.splitlines()[1:]]
    return {row[0]: row[1:] for row in rows if row and row[-1].startswith(("http", "-"))}


def runs_of(command_line: CommandLine) -> list[dict[str, Any]]:
    """Return the runs of the server from its records, oldest first."""
    return records_of(command_line, "run")
