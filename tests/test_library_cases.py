"""What users of Python clients suffer from, and what must not happen to ours."""

import ast
import asyncio
import gc
import inspect
import re
import subprocess
import sys
from pathlib import Path

import aiohttp
import anyio
import pytest
from aiohttp import web

import remote_backend
from remote_backend.api.client import Client
from remote_backend.api.messages import Request
from remote_backend.api.transport.retry import RetryingTransport
from remote_backend.api.transport.session import open_transport
from remote_backend.api.transport_settings import TransportSettings
from remote_backend.api.wire import configurations, runs
from remote_backend.engine.simulated import SimulatedEngine, Simulation
from remote_backend.models.addresses import SignedUrl
from remote_backend.models.run import RunRequest
from remote_backend.server.embedded import ServerSettings, backend_block, serve
from remote_backend.server.seed import SeedWorkspace
from tests.support.fakes import ScriptedTransport, answer

ROOT = Path(remote_backend.__file__).parents[1]


def settings(folder: Path, *names: str, **more: object) -> ServerSettings:
    """Return the settings of a server with workspaces."""
    return ServerSettings(
        data=folder / "data",
        organization="acme",
        engine="simulated",
        seed=[SeedWorkspace(name=name) for name in names],
        **more,  # type: ignore[arg-type]
    )


async def test_a_slow_stream_is_no_dead_one() -> None:
    """Only silence ends an exchange: bytes that keep coming may come for ever (P10)."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for letter in b"a slow stream":
            await response.write(bytes([letter]))
            await asyncio.sleep(0.1)
        return response

    app = web.Application()
    app.router.add_get("/log", drip)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    quick = TransportSettings(user_agent="tests", read_seconds=1.0)
    try:
        async with open_transport(quick) as transport:
            target = SignedUrl(f"http://127.0.0.1:{port}/log")
            response = await transport.send(Request(method="GET", target=target))
    finally:
        await runner.cleanup()

    # The whole answer took longer than any silence may.
    assert response.body == b"a slow stream"


async def test_a_wait_can_be_canceled(tmp_path: Path) -> None:
    """A client that was told to come back in an hour leaves at once when told to (P150)."""
    refusal = answer(429, x_ratelimit_reset="3600")
    transport = RetryingTransport(ScriptedTransport({"GET runs/run-1": refusal}))
    with anyio.move_on_after(0.05) as scope:
        await Client(transport, "acme").read_run("run-1")
    assert scope.cancelled_caught


async def test_those_who_were_refused_come_back_apart() -> None:
    """Each waits at least as long as asked, and no two for the same time (P43)."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    run = answer(
        200, {"data": {"id": "run-1", "type": "runs", "attributes": {"status": "x"}}}
    )
    for _ in range(50):
        script = {"GET runs/run-1": [answer(429, retry_after="2"), run]}
        transport = RetryingTransport(ScriptedTransport(script), sleep=sleep)
        await Client(transport, "acme").read_run("run-1")

    assert len(set(waits)) == 50
    assert min(waits) >= 2
    assert max(waits) - min(waits) > 0.3


def test_variables_are_read_when_they_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is set after the import counts, and the import reads none (P149)."""

    async def plan() -> str:
        async with serve(settings(tmp_path, "net-a"), {}) as server:
            (tmp_path / "main.tf").write_text(
                backend_block(server.hostname, "acme", "net-")
            )
            monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(server.cli_config_file))
            async with remote_backend.open_backend(tmp_path) as backend:
                return backend.hostname

    assert anyio.run(plan).startswith("localhost:")


def test_loops_come_and_go(tmp_path: Path) -> None:
    """Two loops one after the other, and nothing is left that complains (P151)."""

    async def plan() -> list[str]:
        async with serve(settings(tmp_path, "net-a", "net-b"), {}) as server:
            (tmp_path / "main.tf").write_text(
                backend_block(server.hostname, "acme", "net-")
            )
            environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
            async with (
                remote_backend.open_backend(tmp_path, environ=environ) as backend,
                backend.plan_all() as batch,
            ):
                return [one.workspace for one in await batch.wait()]

    # Warnings are errors here, also those of objects that are collected.
    assert [anyio.run(plan) for _ in range(2)] == [["a", "b"]] * 2
    gc.collect()


def test_the_program_of_the_readme_works(tmp_path: Path) -> None:
    """It is run as it stands there, in a directory with its configuration (P153)."""
    text = (ROOT / "README.md").read_text()
    [program] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "networking").mkdir()

    async def run() -> str:
        async with serve(settings(tmp_path, "net-eu-1", "net-us-1"), {}) as server:
            (tmp_path / "networking" / "main.tf").write_text(
                backend_block(server.hostname, "acme", "net-")
            )
            environ = {
                "TF_CLI_CONFIG_FILE": str(server.cli_config_file),
                "PYTHONPATH": str(ROOT),
            }
            done = await anyio.run_process(
                [sys.executable, "-c", program],
                cwd=tmp_path,
                env=environ,
                stderr=subprocess.STDOUT,
            )
            return done.stdout.decode()

    out = anyio.run(run)
    assert "eu-1 changed Counts(add=1" in out
    assert "us-1" not in out


def test_nothing_here_can_change_anything() -> None:
    """No verb applies or confirms, and every run and upload is for plans alone (P36, P156)."""
    verbs = [name for name, _ in inspect.getmembers(Client, inspect.isfunction)]
    assert not [name for name in verbs if re.search("apply|confirm|override", name)]
    sources = [path.read_text() for path in (ROOT / "remote_backend" / "wire").glob("*.py")]
    paths = [
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert not [path for path in paths if "actions/apply" in path]
    run = runs.request_to_queue_run(
        RunRequest(workspace_id="ws-1", configuration_version_id="cv-1")
    )
    version = configurations.request_to_create_configuration_version("ws-1")
    assert isinstance(run.body, bytes) and b'"plan-only": true' in run.body
    assert isinstance(version.body, bytes) and b'"speculative": true' in version.body


@pytest.mark.skipif(sys.platform == "win32", reason="file limits are a matter of POSIX")
def test_hundreds_of_plans_need_few_files(tmp_path: Path) -> None:
    """Two hundred workspaces at once under a limit of 64 open files (P143)."""
    names = [f"net-{number:03}" for number in range(200)]
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "from remote_backend.cli.main import main\n"
        "main(['plan', '-all'])\n"
    )

    async def run() -> tuple[int, str]:
        engine = SimulatedEngine(Simulation(seconds=0.5))
        many = settings(tmp_path, *names, workers=200, simulated=engine)
        async with serve(many, {}) as server:
            (tmp_path / "main.tf").write_text(
                backend_block(server.hostname, "acme", "net-")
            )
            environ = {
                "TF_CLI_CONFIG_FILE": str(server.cli_config_file),
                "PYTHONPATH": str(ROOT),
                "HOME": str(tmp_path),
            }
            done = await anyio.run_process(
                [sys.executable, "-c", program], cwd=tmp_path, env=environ, check=False
            )
            return done.returncode, done.stdout.decode()

    code, out = anyio.run(run)
    assert ": 200 changed" in out
    assert code == 0


async def test_runs_that_wait_for_a_slot_are_waited_for(tmp_path: Path) -> None:
    """The organization plans two at a time; the others take their turns, unasked (P38, P28)."""
    engine = SimulatedEngine(Simulation(seconds=0.2))
    names = [f"net-{number}" for number in range(12)]
    few = settings(tmp_path, *names, workers=2, simulated=engine)
    async with serve(few, {}) as server, aiohttp.ClientSession():
        (tmp_path / "main.tf").write_text(backend_block(server.hostname, "acme", "net-"))
        environ = {"TF_CLI_CONFIG_FILE": str(server.cli_config_file)}
        async with (
            remote_backend.open_backend(tmp_path, environ=environ) as backend,
            backend.plan_all(remote_backend.BatchOptions()) as batch,
        ):
            outcomes = await batch.wait()

    assert all(outcome.succeeded for outcome in outcomes)
