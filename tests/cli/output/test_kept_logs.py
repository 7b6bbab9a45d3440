"""Logs of earlier batches: where they are, how long, and how much of them."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote_backend.cli.output.kept_logs import (
    KeptLogs,
    file_name_of,
    folder_of,
    keep_limits,
    prune,
)
from remote_backend.cli.output.log_spool import LogSpool
from remote_backend.errors import SettingsError

DAY = 86_400


def test_the_environment_sets_the_limits() -> None:
    """Days and megabytes; 0 keeps none, and blank means the default."""
    environ = {"REMOTE_BACKEND_KEEP_LOGS_DAYS": "3", "REMOTE_BACKEND_KEEP_LOGS_MB": " "}
    assert keep_limits(environ) == KeptLogs(days=3, most_bytes=500_000_000)
    assert not keep_limits({"REMOTE_BACKEND_KEEP_LOGS_DAYS": "0"}).keeps_any
    assert not keep_limits({"REMOTE_BACKEND_KEEP_LOGS_MB": "0"}).keeps_any


@pytest.mark.parametrize("text", ["-1", "many", "1.5", "٣"])
def test_a_limit_is_a_whole_number(text: str) -> None:
    """Anything else is named with its variable."""
    with pytest.raises(SettingsError, match=f"REMOTE_BACKEND_KEEP_LOGS_DAYS={text} is not"):
        keep_limits({"REMOTE_BACKEND_KEEP_LOGS_DAYS": text})


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_every_workspace_has_a_file_of_its_own(first: str, second: str) -> None:
    """Also where a file system takes capitals for small letters, or a name for a path."""
    names = file_name_of(first), file_name_of(second)
    assert all(name.isascii() and "/" not in name and "\\" not in name for name in names)
    if first.encode("utf-8", "replace") != second.encode("utf-8", "replace"):
        assert names[0].lower() != names[1].lower()


def written(journals: Path, id: str, size: int, days: float) -> Path:
    """Make the logs of a batch that ended some days before day 100."""
    folder = folder_of(journals, id)
    folder.mkdir()
    (folder / "a.log").write_bytes(b"x" * size)
    os.utime(folder / "a.log", ((100 - days) * DAY,) * 2)
    return folder


def test_old_logs_go_first(tmp_path: Path) -> None:
    """Those above the days go, then the oldest above the size; journals stay."""
    (tmp_path / "batch-1.journal").write_text("{}")
    old = written(tmp_path, "batch-1", 10, 20)
    second = written(tmp_path, "batch-2", 600, 3)
    third = written(tmp_path, "batch-3", 600, 2)

    prune(tmp_path, KeptLogs(days=14, most_bytes=1000), clock=lambda: 100 * DAY)

    assert [old.exists(), second.exists(), third.exists()] == [False, False, True]
    assert (tmp_path / "batch-1.journal").exists()


def test_kept_logs_stay_private_and_begin_anew(tmp_path: Path) -> None:
    """Nobody else reads them, and a resumed batch does not append to those before."""
    folder = folder_of(tmp_path, "batch-1")
    for text in (b"first", b"second"):
        with LogSpool(folder) as logs:
            logs.add("dev", text)
            logs.add("dev", b" line\n")
    assert (folder / "dev.log").read_bytes() == b"second line\n"
    assert stat.S_IMODE((folder / "dev.log").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_size_of_kept_logs_is_limited(tmp_path: Path) -> None:
    """What is beyond the limit is left out, and a warning says so."""
    with LogSpool(folder_of(tmp_path, "batch-1"), most_bytes=10) as logs:
        logs.add("a", b"12345678")
        logs.add("b", b"12345678")
        logs.add("b", b"1")
        assert b"".join(logs.read("a")) == b"12345678"
        assert b"".join(logs.read("b")) == b""
        assert "the limit for kept logs is reached" in (logs.warning("b") or "")
