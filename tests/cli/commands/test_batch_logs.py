"""Logs of a batch, while it runs and afterwards, and the other ways back to its runs."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.embedded import ServerSettings, backend_block, serve
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine
from tests.support.paths import REPOSITORY
from tests.support.servers import hosted

FAILURE = (
    b"Refreshing state...\n",
    b"\nError: Unsupported argument\n\n  on main.tf line 12:\n",
)


@pytest.fixture
async def batch(tmp_path: Path) -> AsyncIterator[CommandLine]:
    """Run a server with workspaces that change, fail, and stay as they are."""
    settings = ServerSettings(
        data=tmp_path / "data",
        organization="acme",
        engine="simulated",
        simulated=SimulatedEngine(Simulation()),
        seed=[
            SeedWorkspace(
                name="net-dev",
                simulation=Simulation(
                    counts=Counts(1, 0, 1, 0), parts=(b"one\n\x1b[31mtwo\x1b[0m\n",)
                ),
            ),
            SeedWorkspace(
                name="net-bad", simulation=Simulation(succeeds=False, parts=FAILURE)
            ),
            SeedWorkspace(name="net-same", simulation=Simulation(counts=Counts())),
            SeedWorkspace(
                name="slow-a", simulation=Simulation(seconds=1, parts=(b"1\n", b"2\n"))
            ),
        ],
    )
    async with hosted(serve(settings, {})) as server:
        directory = tmp_path / "networking"
        directory.mkdir()
        (directory / "main.tf").write_text(backend_block(server.hostname, "acme", "net-"))
        yield CommandLine(server, directory, tmp_path / "data")


async def test_logs_are_kept_after_a_batch(batch: CommandLine) -> None:
    """One is shown as it is, several behind their names, failed ones from their first error."""
    planned = await batch.run("plan", "-all", "-quiet")
    one = await batch.run("batches", "log", "dev")
    several = await batch.run("batches", "log", "dev", "b*")
    failed = await batch.run("batches", "log", "-failed")
    raw = await batch.run("batches", "log", "-raw", "dev")

    assert planned.code == 1 and "Logs     remote-backend batches log bad" in planned.out
    assert one.code == 0 and one.out.splitlines()[1:3] == ["one", "two"]
    lines = several.out.splitlines()
    assert "dev | one" in lines and "bad | Error: Unsupported argument" in lines
    assert failed.out.splitlines()[0] == "Error: Unsupported argument"
    assert "\x1b[31mtwo\x1b[0m\n" in raw.out


async def test_a_log_is_followed_from_another_command(batch: CommandLine) -> None:
    """It is written while the batch runs, and the command ends with the plan."""
    (batch.directory / "main.tf").write_text(
        backend_block(batch.server.hostname, "acme", "slow-")
    )
    process = await anyio.open_process(
        batch.command("plan", "-all"),
        cwd=batch.directory,
        env={**batch.environ(), "PYTHONPATH": str(REPOSITORY)},
    )
    async with process:
        assert process.stdout is not None
        seen = b""
        while b"| 1\n" not in seen:
            seen += await process.stdout.receive()
        followed = await batch.run("batches", "log", "-follow", "a")
        rest = b"".join([data async for data in process.stdout])
        await process.wait()

    assert followed.code == 0
    assert followed.out.splitlines()[1:3] == ["1", "2"]
    assert b": 1 changed" in seen + rest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["log"], "name workspaces of the batch, which has 3, or add -failed"),
        (["log", "zzz"], "zzz matches no workspace of the batch"),
        (["log", "-batch=batch-none", "dev"], "no batch begins with batch-none"),
        (["open"], "name one of the 3 workspaces of the batch"),
        (["cancel", "last", "zzz"], "zzz matches no workspace of the batch"),
    ],
)
async def test_what_a_batch_does_not_have_is_named(
    arguments: list[str], message: str, batch: CommandLine
) -> None:
    """With what it has instead, and exit code 1."""
    await batch.run("plan", "-all", "-quiet")
    done = await batch.run("batches", *arguments)
    assert done.code == 1 and message in done.err


async def test_logs_that_were_not_kept_lead_to_their_runs(batch: CommandLine) -> None:
    """Where nothing is kept on this machine, the address of the run is shown."""
    variables = {"REMOTE_BACKEND_KEEP_LOGS_DAYS": "0"}
    planned = await batch.run("plan", "-all", "-quiet", **variables)
    done = await batch.run("batches", "log", "dev")

    assert "batches log" not in planned.out.partition("Logs ")[2]
    assert done.code == 1 and "the log of dev was not kept" in done.err
    assert "/app/acme/net-dev/runs/run-" in done.err


async def test_a_batch_is_found_by_the_start_of_its_id(batch: CommandLine) -> None:
    """Four digits, the whole id, and `last` mean the same batch; results can be chosen."""
    await batch.run("plan", "-all", "-quiet")
    listed = json.loads((await batch.run("batches", "list", "-json")).out)
    [entry] = listed
    shown = {
        id: (await batch.run("batches", "show", "-table=rows", id)).out
        for id in (entry["short_id"], entry["id"], "last")
    }
    failed = await batch.run("batches", "show", "-failed")
    destroys = json.loads((await batch.run("batches", "show", "-destroys", "-json")).out)

    assert len(set(shown.values())) == 1
    assert entry["mapping"] == "net-*" and entry["workspaces"] == entry["ended"] == 3
    assert "1 workspace" in failed.out and "dev" not in failed.out
    assert len(destroys["outcomes"]) == 1


async def test_the_run_of_a_workspace_is_opened(batch: CommandLine) -> None:
    """-print writes its address, and so does a machine without a desktop."""
    await batch.run("plan", "-all", "-quiet")
    printed = await batch.run("batches", "open", "-print", "dev")
    opened = await batch.run("batches", "open", "dev", DISPLAY="", WAYLAND_DISPLAY="")

    assert printed.out == opened.out
    assert printed.out.startswith(
        f"http://{batch.server.hostname}/app/acme/net-dev/runs/run-"
    )
