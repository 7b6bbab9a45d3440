"""Programs that a killed server left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from remote_backend.engine.orphans import end_programs_in

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cwd").exists(), reason="this system has no /proc"
)


def engine_in(folder: Path) -> subprocess.Popen[bytes]:
    """Start a program that waits for its standard input, as an engine is started."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", "print('ready', flush=True); input()"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def test_programs_inside_of_a_folder_end(tmp_path: Path) -> None:
    """Those in other folders, and in those with a longer name, go on."""
    inside = engine_in(tmp_path / "work" / "run-1" / "modules")
    outside = engine_in(tmp_path / "work-of-others")
    try:
        for program in (inside, outside):
            assert program.stdout is not None
            program.stdout.readline()

        killed = end_programs_in(tmp_path / "work")

        assert killed == 1
        assert inside.wait(10) == -9
        assert outside.poll() is None
    finally:
        for program in (inside, outside):
            program.kill()
            program.communicate()


def test_a_shell_of_somebody_goes_on(tmp_path: Path) -> None:
    """It has a terminal, which no engine has."""
    import pty

    (tmp_path / "run-1").mkdir()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path / "run-1")
        os.execvp("sh", ["sh", "-c", "echo ready; read line"])
    try:
        assert b"ready" in os.read(terminal, 100)
        assert end_programs_in(tmp_path) == 0
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
