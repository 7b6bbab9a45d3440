"""A server with a workspace that has a state, and a directory that is configured for it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import ByteReceiveStream, Process
from attrs import frozen

from remote_backend.api.transport import retry
from remote_backend.backend import Backend
from remote_backend.opening import open_backend
from remote_backend.server.embedded import EmbeddedServer, backend_block
from remote_backend.server.seed import SeedWorkspace
from remote_backend.state.file import StateFile, parse_state
from remote_backend.state.locks import LockOptions
from tests.support.command_line import CommandLine
from tests.support.paths import REPOSITORY
from tests.support.servers import running_server


async def pass_by(seconds: float) -> None:
    """Let a wait pass at once."""
    await anyio.lowlevel.checkpoint()


QUICK = LockOptions(sleep=pass_by)
RESOURCE = {
    "mode": "managed",
    "type": "terraform_data",
    "name": "one",
    "provider": 'provider["terraform.io/builtin/terraform"]',
    "instances": [
        {"index_key": key, "schema_version": 0, "attributes": {"id": str(key)}}
        for key in (0, 1)
    ]
    + [
        {
            "index_key": 2,
            "status": "tainted",
            "schema_version": 0,
            "attributes": {"id": "2"},
        }
    ],
}


def state(serial: int = 3, *, lineage: str = "l", **outputs: str) -> StateFile:
    """Return a state with two instances."""
    document = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": serial,
        "lineage": lineage,
        "outputs": {
            name: {"value": value, "type": "string"} for name, value in outputs.items()
        },
        "resources": [RESOURCE],
    }
    return parse_state(json.dumps(document, indent=2).encode())


@frozen
class StateCommands:
    """A server and a directory that is configured for it."""

    server: EmbeddedServer
    directory: Path
    environ: dict[str, str]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Backend]:
        """Open the backend, whose workspace is dev."""
        async with open_backend(self.directory, environ=self.environ) as backend:
            yield backend

    @asynccontextmanager
    async def start(self, *arguments: str) -> AsyncIterator[Process]:
        """Start the command line with the workspace dev as a process of its own."""
        workspace = {} if arguments[0] == "init" else {"TF_WORKSPACE": "dev"}
        environ = {
            **self.command_line.environ(**workspace),
            "PYTHONPATH": str(REPOSITORY),
        }
        async with await anyio.open_process(
            self.command_line.command(*arguments), cwd=self.directory, env=environ
        ) as process:
            yield process

    async def is_locked(self) -> bool:
        """Say whether the workspace is locked."""
        async with self.open() as backend:
            return (await backend.workspace("dev")).remote.locked

    @property
    def command_line(self) -> CommandLine:
        """The command line in the directory."""
        return CommandLine(self.server, self.directory, self.directory.parent / "data")


@pytest.fixture
async def state_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[StateCommands]:
    """Run a server with one workspace; retries do not wait."""
    monkeypatch.setattr(retry, "_FIRST_WAIT_SECONDS", 0.0005)
    async with running_server(
        tmp_path,
        seed=[SeedWorkspace(name="net-dev")],
    ) as server:
        directory = tmp_path / "networking"
        directory.mkdir()
        (directory / "main.tf").write_text(backend_block(server.hostname, "acme", "net-"))
        environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file), "TF_WORKSPACE": "dev"}
        yield StateCommands(server, directory, environ)


def there(before: StateFile | None) -> StateFile:
    """Return a state that must be there."""
    assert before is not None
    return before


async def read_until(stream: ByteReceiveStream | None, text: bytes) -> bytes:
    """Read a stream until a text has come, or to its end; return what was read."""
    assert stream is not None
    seen = b""
    while text not in seen:
        try:
            seen += await stream.receive()
        except anyio.EndOfStream:
            break
    return seen
