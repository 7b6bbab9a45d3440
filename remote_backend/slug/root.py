"""Where an archive begins, and where its configuration lies below that."""

import os
from pathlib import Path

from attrs import frozen

from remote_backend.errors import SlugError

__all__ = ("ArchiveRoot", "find_root")


@frozen
class ArchiveRoot:
    """The directory that is packed."""

    path: Path
    working_directory: str
    """The working directory of the workspace, clean: no slashes around it, no `.` in it."""

    warnings: tuple[str, ...] = ()


def find_root(directory: Path, working_directory: str) -> ArchiveRoot:
    """Return the directory that ends with a working directory, without that end.

    Components are compared, never text. Where the ends differ the directory itself is the
    root, with a warning. Raises `SlugError` for a working directory that leaves the archive.
    """
    below = tuple(part for part in working_directory.split("/") if part not in ("", "."))
    if ".." in below:
        raise SlugError(
            f"the workspace's working directory {working_directory!r} leaves the configuration; "
            "change it in the settings of the workspace"
        )
    clean = "/".join(below)
    # The path as it was typed is compared first, because people see links by that path.
    for path in (Path(os.path.abspath(directory)), Path(os.path.realpath(directory))):
        if not below or path.parts[-len(below) :] == below:
            root = path.parents[len(below) - 1] if below else path
            return ArchiveRoot(Path(os.path.realpath(root)), clean)
    path = Path(os.path.realpath(directory))
    warning = (
        f"the workspace's working directory is {clean}, and {path} does not end with it; "
        f"{path} alone is uploaded"
    )
    return ArchiveRoot(path, clean, (warning,))
