"""The data directory of a configuration, `.terraform`."""

import os
from collections.abc import Mapping
from pathlib import Path

from remote_backend.errors import SettingsError

__all__ = ("selected_workspace", "user_data_directory")


def user_data_directory(environ: Mapping[str, str]) -> Path:
    """Return where this program keeps what outlives a command, by the system's custom."""
    if os.name == "nt" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"], "remote-backend")
    home = Path(environ.get("HOME") or Path.home())
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share", "remote-backend")


def selected_workspace(directory: Path, environ: Mapping[str, str]) -> str | None:
    """Return the workspace that TF_WORKSPACE or `terraform workspace select` chose.

    None means that nobody chose one. The name is not checked.
    """
    if name := environ.get("TF_WORKSPACE"):
        return name
    path = directory / (environ.get("TF_DATA_DIR") or ".terraform") / "environment"
    try:
        return path.read_bytes().decode("utf-8").strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        problem = error.strerror
    except UnicodeDecodeError:
        problem = "it is no text"
    raise SettingsError(
        f"{path} cannot be read: {problem}; select a workspace again or set TF_WORKSPACE"
    )
