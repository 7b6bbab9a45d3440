"""Where a server keeps what is too large for records: archives, logs, plans, states."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from remote_backend.slug.unpack import unpack

__all__ = ("FOLDERS", "Files", "LogWriter", "Upload")

_SUFFIXES = {
    "archives": ".tar.gz",
    "logs": ".log",
    "plans": ".json",
    "states": ".tfstate",
}
FOLDERS = (*("archives", "configurations", "logs", "plans", "providers", "states", "work"),)

_START = b"\x02"
_END = b"\x03"


@frozen
class Files:
    """The files in a data directory, by the ids they belong to."""

    data: Path

    def configuration_folder(self, configuration_id: str) -> Path:
        """The unpacked archive of a configuration version, as servers up to 0.1.0 kept it."""
        return self._path("configurations", configuration_id)

    def archive_path(self, configuration_id: str) -> Path:
        """The archive of a configuration version, as it was uploaded."""
        return self._path("archives", f"{configuration_id}.tar.gz")

    def remove_configuration(self, configuration_id: str) -> None:
        """Remove the files of a configuration version, in both forms."""
        self.archive_path(configuration_id).unlink(missing_ok=True)
        _remove_tree(self.configuration_folder(configuration_id))

    def run_folder(self, run_id: str) -> Path:
        """The folder in which a run is planned."""
        return self._path("work", run_id)

    def engine_folder(self, run_id: str) -> Path:
        """The private folder of a run for files that are not part of its configuration."""
        return self._path("work", f"{run_id}.engine")

    def log_path(self, run_id: str) -> Path:
        """The log of a run, with its frame."""
        return self._path("logs", f"{run_id}.log")

    def json_plan_path(self, run_id: str) -> Path:
        """The plan of a run as JSON."""
        return self._path("plans", f"{run_id}.json")

    def state_path(self, state_version_id: str) -> Path:
        """The bytes of a state version."""
        return self._path("states", f"{state_version_id}.tfstate")

    def read_log(self, run_id: str, *, offset: int, limit: int | None) -> bytes:
        """Return a part of a log; nothing where there is none (yet)."""
        try:
            with self.log_path(run_id).open("rb") as file:
                file.seek(offset)
                return file.read(-1 if limit is None else limit)
        except FileNotFoundError:
            return b""

    def log_size(self, run_id: str) -> int | None:
        """Return how many bytes a log has; None where there is none (yet)."""
        try:
            return os.stat(self.log_path(run_id)).st_size
        except FileNotFoundError:
            return None

    def log_has_ended(self, run_id: str) -> bool:
        """Say whether a log has its end mark."""
        return (
            self.read_log(
                run_id,
                offset=max(0, (self.log_size(run_id) or 0) - len(_END)),
                limit=len(_END),
            )
            == _END
        )

    def prepare_run_folder(self, configuration_id: str, run_id: str) -> Path:
        """Make the folder of a run, with its configuration in it, and return it.

        Each run unpacks the archive for itself: it may write there, and nothing unpacked
        has to be kept between runs. Raises `SlugError`.
        """
        folder = self.run_folder(run_id)
        archive = self.archive_path(configuration_id)
        if archive.exists():
            folder.mkdir()
            unpack(archive, folder)
        else:
            shutil.copytree(
                self.configuration_folder(configuration_id), folder, symlinks=True
            )
        return folder

    def remove_run(self, run_id: str) -> None:
        """Remove the log and the plan of a run."""
        self.log_path(run_id).unlink(missing_ok=True)
        self.json_plan_path(run_id).unlink(missing_ok=True)

    def remove_state(self, state_version_id: str) -> None:
        """Remove the bytes of a state version."""
        self.state_path(state_version_id).unlink(missing_ok=True)

    def ids_in(self, folder: str) -> dict[str, float]:
        """Return the ids of which a folder has files, each with the time of its last change.

        Uploads that are still being received have names with more dots and are left out.
        """
        suffix = _SUFFIXES.get(folder, "")
        ids: dict[str, float] = {}
        for path in self._path(folder, "").iterdir():
            id = path.name.removesuffix(suffix)
            with suppress(FileNotFoundError):
                if "." not in id:
                    ids[id] = path.lstat().st_mtime
        return ids

    def remove_remains(self) -> None:
        """Remove what a server that was killed left: half uploads, and folders of runs."""
        for path in self._path("configurations", "").iterdir():
            if "." in path.name:
                _remove(path)
        for path in self._path("work", "").iterdir():
            _remove(path)

    def remove_run_folder(self, run_id: str) -> None:
        """Remove the folders of a run that has ended."""
        _remove_tree(self.engine_folder(run_id))
        _remove_tree(self.run_folder(run_id))

    def new_upload(self, configuration_id: str, upload_id: str) -> "Upload":
        """Return where one upload of a configuration version is received and unpacked."""
        name = f"{configuration_id}.{upload_id}"
        return Upload(
            archive=self._path("configurations", f"{name}.tar.gz"),
            folder=self._path("configurations", name),
            kept_archive=self.archive_path(configuration_id),
        )

    def _path(self, folder: str, name: str) -> Path:
        directory = self.data / folder
        directory.mkdir(exist_ok=True, mode=0o700)
        return directory / name


@frozen
class Upload:
    """One upload of a configuration version, apart from all others of the same one.

    Clients that lost an answer send an archive again while the first one is still being
    unpacked, so nothing that is incomplete ever stands where plans are made from.
    """

    archive: Path
    folder: Path
    kept_archive: Path

    def publish(self) -> None:
        """Put the archive where plans find it, whole."""
        self.archive.replace(self.kept_archive)

    def remove(self) -> None:
        """Remove what is left of the upload."""
        self.archive.unlink(missing_ok=True)
        _remove_tree(self.folder)


class LogWriter:
    """Appends to the log of a run; readers see every byte at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def start(self) -> None:
        """Begin the log."""
        self._path.write_bytes(_START)

    async def write(self, data: bytes) -> None:
        """Add bytes to the log."""
        self._append(data)

    def end(self, text: str = "") -> None:
        """Add last words and the end mark, after which nothing follows."""
        self._append(text.encode() + _END)

    def _append(self, data: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(data)


def _remove(path: Path) -> None:
    """Remove a file or a folder; one that cannot be removed stays."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            _remove_tree(path)
        else:
            path.unlink()


def _remove_tree(folder: Path) -> None:
    def once_more(remove: Callable[[str], object], path: str, _: object) -> None:
        # An unpacked archive may hold directories that nobody may write to.
        os.chmod(Path(path).parent, 0o700)
        os.chmod(path, 0o700)
        remove(path)

    if folder.exists():
        shutil.rmtree(folder, onerror=once_more)
