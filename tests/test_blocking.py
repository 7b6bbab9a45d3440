"""Calls for scripts and notebooks, without an event loop and within one."""

import inspect
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import remote_backend
from remote_backend import blocking, calls, testing
from remote_backend.engine.simulated import Simulation
from remote_backend.server.embedded import EmbeddedServer
from remote_backend.server.seed import SeedWorkspace


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """Run a server in a thread, since these calls block."""
    slow = SeedWorkspace(name="slow-a", simulation=Simulation(seconds=300))
    with testing.serve_in_thread(workspaces=["net-a", "net-b", slow]) as running:
        yield running


@pytest.fixture
def directory(server: EmbeddedServer, tmp_path: Path) -> Path:
    """Return a directory with a configuration."""
    return server.write_configuration(tmp_path / "networking", prefix="net-")


def test_a_script_needs_no_event_loop(server: EmbeddedServer, directory: Path) -> None:
    """All three calls return what their namesakes return."""
    environ = server.environ
    outcomes = blocking.plan_all(directory, select=["a"], environ=environ)
    outcome = blocking.plan(directory, "b", environ=environ)
    values = blocking.outputs(
        "net-a", organization=server.organization, hostname=server.hostname, environ=environ
    )

    assert [one.workspace for one in (*outcomes, outcome)] == ["a", "b"]
    assert values == {}


async def test_a_running_loop_is_warned_of(server: EmbeddedServer, directory: Path) -> None:
    """It works there too, as notebooks need, and the warning says what to write instead."""
    with pytest.warns(RuntimeWarning, match=r"write `await remote_backend.plan\(") as seen:
        outcome = blocking.plan(directory, "a", environ=server.environ)

    assert outcome.succeeded
    assert seen[0].filename == __file__


def test_errors_are_those_of_the_library(tmp_path: Path) -> None:
    """No group and no error of the event loop stands in their place."""
    with pytest.raises(remote_backend.NoConfigurationFiles):
        blocking.plan_all(tmp_path, environ={})


@pytest.mark.parametrize("name", blocking.__all__)
def test_the_signatures_are_the_same(name: str) -> None:
    """What can be said to one form can be said to the other."""
    ours = inspect.signature(getattr(blocking, name))
    assert ours == inspect.signature(getattr(calls, name))


PROGRAM = """
import sys
from remote_backend import blocking, calls

async def interrupted(*arguments, **more):
    print("begun", flush=True)
    try:
        await anyio.sleep_forever()
    finally:
        print("ended", flush=True)

import anyio
calls.plan_all = interrupted
{before}
"""
PLAIN = "blocking.plan_all()"
WITHIN = """
import asyncio
async def main():
    blocking.plan_all()
asyncio.new_event_loop().run_until_complete(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a matter of POSIX")
@pytest.mark.parametrize("call", [PLAIN, WITHIN])
def test_an_interrupt_ends_the_call(call: str) -> None:
    """Ctrl-C cancels the call and waits for its end, so that runs are stopped on the server."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROGRAM.format(before=call)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "ended\n"
    assert process.returncode not in (0, None)
