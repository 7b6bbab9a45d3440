"""The data directory of a configuration, `.terraform`."""

import os
from collections.abc import Mapping
from pathlib import Path

from remote_backend.decoding import decode_text, is_text
from remote_backend.errors import SettingsError

__all__ = (
    "data_directory",
    "record_path",
    "select_workspace",
    "selected_workspace",
    "user_cache_directory",
    "user_data_directory",
)


def user_data_directory(environ: Mapping[str, str]) -> Path:
    """Return the directory for data that outlives a command, by the convention of the system.

    Raises `SettingsError` where no home directory is known, as in containers that run with a
    user id of their own.
    """
    if os.name == "nt" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"], "remote-backend")
    if data_home := environ.get("XDG_DATA_HOME"):
        return Path(data_home, "remote-backend")
    return _home(environ) / ".local" / "share" / "remote-backend"


def user_cache_directory(environ: Mapping[str, str]) -> Path | None:
    """Return the directory for caches; None when no home directory is known."""
    if os.name == "nt" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"], "remote-backend", "cache")
    # The XDG base directory specification lets programs ignore relative paths.
    if os.path.isabs(cache_home := environ.get("XDG_CACHE_HOME", "")):
        return Path(cache_home, "remote-backend")
    try:
        return _home(environ) / ".cache" / "remote-backend"
    except SettingsError:
        return None


def _home(environ: Mapping[str, str]) -> Path:
    if home := environ.get("HOME"):
        return Path(home)
    try:
        return Path.home()
    except RuntimeError:  # this account has no entry in the list of users
        raise SettingsError(
            "no home directory is known, so there is no place for files that are kept; "
            "set XDG_DATA_HOME to a directory that can be written, or HOME"
        ) from None


def data_directory(directory: Path, environ: Mapping[str, str]) -> Path:
    """Return the directory in which Terraform keeps data of a configuration."""
    return directory / (environ.get("TF_DATA_DIR") or ".terraform")


def record_path(directory: Path, environ: Mapping[str, str]) -> Path:
    """Return the file that records which backend `init` has configured."""
    return data_directory(directory, environ) / "terraform.tfstate"


def select_workspace(directory: Path, environ: Mapping[str, str], name: str) -> None:
    """Select a workspace for the commands that follow, ours and Terraform's."""
    path = data_directory(directory, environ) / "environment"
    if not is_text(name):
        raise SettingsError(f"{name!r} cannot be selected, because the name is not text")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from None


def selected_workspace(directory: Path, environ: Mapping[str, str]) -> str | None:
    """Return the workspace that TF_WORKSPACE or `terraform workspace select` chose.

    None means that nobody chose one. The name is not checked.
    """
    if name := environ.get("TF_WORKSPACE"):
        return name
    path = data_directory(directory, environ) / "environment"
    try:
        text = decode_text(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        problem = error.strerror
    else:
        if isinstance(text, str):
            return text.strip() or None
        problem = f"it {text.problem}"
    raise SettingsError(
        f"{path} cannot be read: {problem}; select a workspace again or set TF_WORKSPACE"
    )
