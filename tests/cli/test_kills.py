"""Batches whose process, or whose server, is killed at any moment."""

import json
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from anyio.abc import Process

from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.server.embedded import backend_block
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine, configured_server, rows_of, runs_of
from tests.support.processes import planning, server_process

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="kill -9 is a matter of POSIX"
)
COUNT = 100
NAMES = [f"net-{number:03}" for number in range(COUNT)]
SHORT = sorted(name.removeprefix("net-") for name in NAMES)
# A batch tells about so many lines: some at its start, two or three for each workspace.
LINES = 2 * COUNT


@pytest.fixture
async def large_server(tmp_path: Path) -> AsyncIterator[CommandLine]:
    """Run a server with a hundred workspaces."""
    async with configured_server(
        tmp_path,
        "net-",
        simulated=SimulatedEngine(Simulation(seconds=0.3)),
        seed=[SeedWorkspace(name=name) for name in NAMES],
        workers=COUNT,
    ) as made:
        yield made


async def read_lines(process: Process, count: int) -> bytes:
    """Read what a process tells until it has told so many lines, or has ended."""
    assert process.stderr is not None
    seen = b""
    while seen.count(b"\n") < count:
        try:
            seen += await process.stderr.receive()
        except anyio.EndOfStream:
            break
    return seen


@pytest.mark.parametrize("moment", random.Random(3).sample(range(LINES), 20))
async def test_a_batch_that_was_killed_is_resumed(
    moment: int, large_server: CommandLine
) -> None:
    """Each workspace has exactly one run and a row, whatever moment it was killed at."""
    async with planning(
        large_server.command("plan", "-all"), large_server.directory, large_server.environ()
    ) as process:
        await read_lines(process, 1 + moment)
        process.kill()

    done = await large_server.run("batches", "resume")

    assert done.code == 0, done.err
    assert sorted(rows_of(done.out)) == SHORT
    per_workspace = Counter(run["workspace_id"] for run in runs_of(large_server))
    assert len(per_workspace) == COUNT
    assert set(per_workspace.values()) == {1}
    assert {run["status"] for run in runs_of(large_server)} == {"planned_and_finished"}


@pytest.mark.parametrize("moment", random.Random(5).sample(range(LINES), 6))
async def test_a_batch_outlives_a_killed_server(moment: int, tmp_path: Path) -> None:
    """The server comes back at its address: one run each, and a row for every workspace."""
    simulated = {"seconds": 0.3, "add": 1}
    seed = {"workspace": {name: {"simulated": simulated} for name in NAMES}}
    (tmp_path / "seed.json").write_text(json.dumps(seed))
    async with server_process(tmp_path, 0) as (first, ready):
        reached = json.loads(ready.read_text())
        (tmp_path / "main.tf").write_text(
            backend_block(reached["hostname"], reached["organization"], "net-")
        )
        environ = {
            "HOME": str(tmp_path),
            "PATH": "",
            "TF_CLI_CONFIG_FILE": reached["cli_config_file"],
        }
        command = [sys.executable, "-m", "remote_backend", "plan", "-all"]
        async with planning(command, tmp_path, environ) as process:
            await read_lines(process, 4 + moment)
            first.kill()
            await first.wait()
            port = int(reached["hostname"].rpartition(":")[2])
            async with server_process(tmp_path, port), anyio.create_task_group() as group:
                group.start_soon(read_lines, process, sys.maxsize)
                assert process.stdout is not None
                out = b"".join([part async for part in process.stdout])
                await process.wait()

    assert sorted(rows_of(out.decode())) == SHORT
    with closing(sqlite3.connect(tmp_path / "data" / "records.sqlite")) as records:
        rows = records.execute("select body from record where kind = 'run'")
        runs = [json.loads(body) for (body,) in rows]
    assert len(runs) == len({run["workspace_id"] for run in runs}) == COUNT
    # What it was planning when it died has ended with that; nothing is left unended.
    assert {run["status"] for run in runs} <= {"planned_and_finished", "errored"}
