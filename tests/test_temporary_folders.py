"""Folders of processes that were killed go away, and those of others stay."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from remote_backend.temporary_folders import remove_stale_folders, temporary_folder
from tests.support.paths import REPOSITORY

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="folders are marked with locks of POSIX"
)
PROGRAM = """
import sys, tempfile
from remote_backend.temporary_folders import temporary_folder
tempfile.tempdir = sys.argv[1]
with temporary_folder("logs-") as folder:
    (folder / "1").write_text("a log")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@contextmanager
def another_process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Run a process that has a temporary folder, until it is told to end."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """As long as the process lives, however long that is, its folder stays (L11)."""
    with another_process(tmp_path) as (process, folder), temporary_folder() as mine:
        remove_stale_folders()
        assert (folder / "1").exists() and mine.exists()
        process.kill()
        process.wait()
        assert folder.exists()
        remove_stale_folders()
        assert not folder.exists() and mine.exists()
    assert not mine.exists()


def test_a_process_that_ends_leaves_nothing(tmp_path: Path) -> None:
    """The folder goes away with its block."""
    with another_process(tmp_path) as (process, folder):
        process.communicate("", timeout=60)
    assert process.returncode == 0 and not folder.exists()


def test_only_folders_that_are_known_to_be_stale_are_removed(tmp_path: Path) -> None:
    """A folder without a mark, a link, a file and other names stay (L11)."""
    outside = tmp_path / "outside"
    names = ("remote-backend-old", "remote-backend-link/", "other", "outside")
    for name in ("remote-backend-old", "other", "outside"):
        (tmp_path / name).mkdir()
    for name in ("other", "outside"):
        (tmp_path / name / ".in-use").touch()
    (tmp_path / "remote-backend-link").symlink_to(outside)
    (tmp_path / "remote-backend-file").touch()
    (tmp_path / "remote-backend-odd").mkdir()
    (tmp_path / "remote-backend-odd" / ".in-use").symlink_to(outside / ".in-use")

    remove_stale_folders()

    assert all((tmp_path / name).exists() for name in names)
    assert (tmp_path / "remote-backend-file").exists()
    assert (tmp_path / "remote-backend-odd").exists()
