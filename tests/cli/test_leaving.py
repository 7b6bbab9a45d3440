"""How a process begins and ends: what it trusts, and output that cannot be written."""

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from remote_backend.engine.simulated import Simulation
from remote_backend.server.certificate import make_certificate
from remote_backend.server.seed import SeedWorkspace
from tests.support.command_line import CommandLine
from tests.support.paths import REPOSITORY

VERSION = [sys.executable, "-m", "remote_backend", "version"]
FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [["version"], ["plan", "-help"]])
def test_output_that_cannot_be_written_is_told_in_one_line(arguments: list[str]) -> None:
    """A full disk ends the command with a sentence."""
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "remote_backend", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the output: ")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_has_left_is_told_nothing() -> None:
    """As for `remote-backend ... | head`."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = subprocess.run(VERSION, stdout=pipe, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "")


def test_the_context_of_aiohttp_that_verifies_knows_all_authorities(tmp_path: Path) -> None:
    """Reading them beside other imports leaves out none, and leaves the ssl module as it was."""
    program = (
        "import gc, ssl\n"
        "before = dict(vars(ssl.SSLContext))\n"
        "from remote_backend.cli.process import preload_certificates\n"
        "with preload_certificates():\n"
        "    pass\n"
        "assert dict(vars(ssl.SSLContext)) == before\n"
        "found = [one for one in gc.get_objects() if isinstance(one, ssl.SSLContext)]\n"
        "known = len(ssl.create_default_context().get_ca_certs())\n"
        "print(known, {one.verify_mode.name: len(one.get_ca_certs()) for one in found})\n"
    )
    authority = make_certificate(tmp_path, ["localhost"]).authority_file
    environ = {**os.environ, "SSL_CERT_FILE": str(authority), "SSL_CERT_DIR": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True
    )
    assert done.stdout == "1 {'CERT_REQUIRED': 1, 'CERT_NONE': 0}\n", done.stderr


@pytest.fixture
def seed() -> list[SeedWorkspace]:
    """Return a workspace that takes long and one that writes a line after the other."""
    lines = tuple(b"line %d\n" % number for number in range(1000))
    return [
        SeedWorkspace(name="networking-slow", simulation=Simulation(seconds=120)),
        SeedWorkspace(
            name="networking-wordy", simulation=Simulation(parts=lines, seconds=100)
        ),
    ]


async def test_runs_are_canceled_when_the_reader_has_left(
    command_line: CommandLine,
) -> None:
    """As for `plan -all | head`: exit code 1, and no run goes on unseen (A21)."""
    reading, writing = os.pipe()
    process = await anyio.open_process(
        command_line.command("plan", "-all"),
        stdout=writing,
        cwd=command_line.directory,
        env={**command_line.environ(), "PYTHONPATH": str(REPOSITORY)},
    )
    os.close(writing)
    with anyio.fail_after(60):
        async with process:
            assert process.stderr is not None
            seen = b""
            while b"line 1\n" not in seen:
                seen += await to_thread.run_sync(os.read, reading, 1 << 16)
            os.close(reading)
            notes = b"".join([data async for data in process.stderr])
            await process.wait()
    listed = await command_line.run("batches", "cancel")

    assert process.returncode == 1
    assert b"Traceback" not in notes and b"Broken pipe" not in notes
    # There is nothing left to cancel.
    assert (listed.code, listed.out) == (0, "")
