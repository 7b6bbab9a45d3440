"""Programs of a killed server are found by a lock that they inherited."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from remote_backend.engine.orphans import MARKER, end_programs_in
from remote_backend.engine.process_marker import kill_marked_group, process_marker
from tests.support.paths import REPOSITORY

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups")

# A server with one program, which has a child; both are elsewhere, where /proc would not help.
SERVER = """
import sys
from pathlib import Path

import anyio

from remote_backend.engine.process import run_process


async def write(data):
    print(data.decode(), end="", flush=True)


async def main():
    await run_process(
        ["/bin/sh", "-c", "sleep 600 & echo started; wait"],
        folder=Path("/"), environ={"PATH": sys.argv[2]}, write=write, marker=Path(sys.argv[1]),
    )


anyio.run(main)
"""


def killed_server(marker: Path) -> None:
    """Start a program with a marker, and kill the server that started it."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(marker), os.environ["PATH"]],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    with server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"started\n"
        server.kill()


def wait_for_end(marker: Path) -> None:
    """Wait until no process has the file of a marker open any more."""
    import fcntl

    with marker.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)


def test_a_program_of_a_killed_server_ends_with_its_children(tmp_path: Path) -> None:
    """Wherever it works: the lock alone finds it, once."""
    marker = tmp_path / "run-1.engine" / MARKER
    marker.parent.mkdir()
    killed_server(marker)

    killed = end_programs_in(tmp_path)
    wait_for_end(marker)

    assert killed == 1
    assert end_programs_in(tmp_path) == 0


def test_a_number_without_a_lock_is_nobodys(tmp_path: Path) -> None:
    """The system may have given it to another program, such as this one."""
    marker = tmp_path / MARKER
    marker.write_text(str(os.getpgid(0)))

    assert kill_marked_group(marker) is None


@pytest.mark.parametrize("text", ["", "nonsense"])
def test_a_lock_without_a_number_ends_nothing(text: str, tmp_path: Path) -> None:
    """A server can be killed before it writes the number."""
    path = tmp_path / MARKER
    with process_marker(path) as descriptor:
        assert descriptor is not None
        os.write(descriptor, text.encode())

        assert kill_marked_group(path) is None


def test_no_marker_is_no_error(tmp_path: Path) -> None:
    """The folder of a run may have gone, and programs may be run without one."""
    with process_marker(None) as descriptor:
        assert descriptor is None
    assert kill_marked_group(tmp_path / "gone") is None
