"""Names of files and directories for workspaces and configurations, which can be called anything."""

from pathlib import PurePosixPath
from urllib.parse import quote

__all__ = ("directory_name", "encoded_first", "file_name")


def file_name(text: str) -> str:
    """Return a name that leads nowhere else and is not hidden; odd characters are percent-encoded."""
    name = quote(text, safe=" ")
    # Most tools skip hidden files.
    return encoded_first(name) if name.startswith(".") else name


def encoded_first(name: str) -> str:
    """Return a name whose first character is percent-encoded."""
    return f"%{ord(name[0]):02X}{name[1:]}"


def directory_name(path: str, suffix: str) -> str:
    """Return the directory for a path, empty for the current one; files in it end with a suffix.

    No part of it is called like such a file.
    """
    parts = (
        part.replace(suffix, f"%2E{suffix[1:]}")
        for part in map(file_name, PurePosixPath(path).parts)
    )
    return "".join(f"{part}/" for part in parts)
