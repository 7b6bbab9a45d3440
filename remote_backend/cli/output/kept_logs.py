"""Logs of earlier batches, kept in the directory of their journals so that they can be read later.

Each batch has a folder, each workspace a file in it that only this user can read. Days and
megabytes are limited: `REMOTE_BACKEND_KEEP_LOGS_DAYS` (14; 0 keeps none) and
`REMOTE_BACKEND_KEEP_LOGS_MB` (500, for all batches together). The oldest folders go first, when
the next batch begins.
"""

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from time import time

from attrs import frozen

from remote_backend.errors import SettingsError

__all__ = (
    "KeptLogs",
    "file_name_of",
    "folder_of",
    "keep_limits",
    "kept_plans_of",
    "prune",
)

_SUFFIX = ".logs"
_DAYS, _MEGABYTES = "REMOTE_BACKEND_KEEP_LOGS_DAYS", "REMOTE_BACKEND_KEEP_LOGS_MB"
_SECONDS_OF_A_DAY = 86_400
_BYTES_OF_A_MEGABYTE = 1_000_000
_PLAIN = re.compile(r"[a-z0-9_-]")


@frozen(kw_only=True)
class KeptLogs:
    """How long logs are kept, and how much of them."""

    days: int = 14
    most_bytes: int = 500 * _BYTES_OF_A_MEGABYTE

    @property
    def keeps_any(self) -> bool:
        """Whether logs are kept at all."""
        return self.days > 0 and self.most_bytes > 0


def keep_limits(environ: Mapping[str, str]) -> KeptLogs:
    """Return what the environment sets; raises `SettingsError` for what is not a number."""
    default = KeptLogs()
    return KeptLogs(
        days=_number(environ, _DAYS, default.days),
        most_bytes=_number(environ, _MEGABYTES, default.most_bytes // _BYTES_OF_A_MEGABYTE)
        * _BYTES_OF_A_MEGABYTE,
    )


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{name}={text} is not a whole number; 0 keeps no logs")
    return int(text)


def folder_of(journal_folder: Path, batch_id: str) -> Path:
    """Return the folder with the logs of a batch."""
    return journal_folder / f"{batch_id}{_SUFFIX}"


def kept_plans_of(journal_folder: Path, batch_id: str) -> Path:
    """Return the report that keeps the plans of a batch; no log has such a name."""
    return folder_of(journal_folder, batch_id) / "report.json"


def file_name_of(workspace: str) -> str:
    """Return the name of the file for the log of a workspace.

    File systems that take `Dev` and `dev` for the same, and names that are paths, need another
    writing for all but small letters, digits, `-` and `_`.
    """
    encoded = "".join(
        character
        if _PLAIN.fullmatch(character)
        else "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "replace"))
        for character in workspace
    )
    return f"{encoded}.log"


def prune(
    journal_folder: Path, limits: KeptLogs, clock: Callable[[], float] = time
) -> None:
    """Remove the logs of batches that are too old, and the oldest ones above the limit."""
    folders = []
    for folder in journal_folder.glob(f"*{_SUFFIX}"):
        try:
            changed = max(
                (path.stat().st_mtime for path in folder.iterdir()),
                default=folder.stat().st_mtime,
            )
            size = sum(path.stat().st_size for path in folder.iterdir())
        except OSError:
            # Another process removes it, or it is not a folder.
            continue
        folders.append((changed, size, folder))
    left = limits.most_bytes
    for changed, size, folder in sorted(folders, reverse=True):
        left -= size
        if left < 0 or clock() - changed > limits.days * _SECONDS_OF_A_DAY:
            shutil.rmtree(folder, ignore_errors=True)
