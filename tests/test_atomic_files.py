"""Files that are replaced whole, also by two at once, through links, and on a full disk."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from remote_backend.atomic_files import require_writable, write_atomically

POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="a matter of POSIX files")
MANY = (
    "import sys, pathlib\n"
    "from remote_backend.atomic_files import write_atomically\n"
    "path, text = pathlib.Path(sys.argv[1]), sys.argv[2].encode() * 1000\n"
    "for _ in range(100): write_atomically(path, text)\n"
)


def test_two_processes_can_replace_one_file(tmp_path: Path) -> None:
    """Neither fails, the file is whole, and nothing else is left (L8)."""
    path = tmp_path / "credentials.tfrc.json"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", MANY, str(path), letter], stderr=subprocess.PIPE
        )
        for letter in "ab"
    ]
    errors = [process.communicate()[1] for process in both]

    assert errors == [b"", b""]
    assert path.read_bytes() in (b"a" * 1000, b"b" * 1000)
    assert os.listdir(tmp_path) == [path.name]


@POSIX_ONLY
def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    """As for a credentials file that lies among dotfiles (L8)."""
    target = tmp_path / "dotfiles" / "credentials"
    target.parent.mkdir()
    target.write_text("old")
    link = tmp_path / "link"
    link.symlink_to(target)

    write_atomically(link, b"new")

    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@POSIX_ONLY
def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    """A link to /dev/null would otherwise take it away from a whole container."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")

    with pytest.raises(OSError, match="not a regular file"):
        write_atomically(tmp_path / "link", b"new")

    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]


def test_a_failure_leaves_the_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full when the content is to be on it."""
    path = tmp_path / "kept"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["kept"]


@POSIX_ONLY
def test_the_directory_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the new name could be lost with the power (L8)."""
    synced: list[bool] = []
    monkeypatch.setattr(
        os,
        "fsync",
        lambda descriptor: synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode)),
    )
    write_atomically(tmp_path / "file", b"new")
    assert synced == [False, True]


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    """What could not be written later is found before, and a file that is there stays whole."""
    (tmp_path / "there").write_bytes(b"text")
    (tmp_path / "folder").mkdir()

    require_writable(tmp_path / "there")
    require_writable(tmp_path / "new")
    for name in ("folder", "missing/file"):
        with pytest.raises(OSError):
            require_writable(tmp_path / name)

    assert (tmp_path / "there").read_bytes() == b"text"
    assert sorted(os.listdir(tmp_path)) == ["folder", "there"]
