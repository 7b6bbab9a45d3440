"""Making trees, packing them, and reading what came out."""

import os
import tarfile
from pathlib import Path

from remote_backend.slug.archive import Slug, pack

__all__ = ("contents", "make_tree", "members", "names_in", "packed")


def make_tree(root: Path, files: dict[str, str] | list[str]) -> Path:
    """Make files with their directories; a list gives them no content."""
    given = files if isinstance(files, dict) else dict.fromkeys(files, "")
    for name, text in given.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


async def packed(
    directory: Path, into: Path, *, working_directory: str = "", destroy: bool = False
) -> Slug:
    """Pack a directory."""
    into.mkdir(exist_ok=True)
    return await pack(
        directory, working_directory=working_directory, destroy=destroy, into=into
    )


def members(slug: Slug) -> list[tarfile.TarInfo]:
    """Return the members of an archive."""
    with tarfile.open(slug.path, errors="surrogateescape") as tar:
        return tar.getmembers()


def names_in(slug: Slug) -> list[str]:
    """Return the names of an archive in its order, directories with a slash."""
    return [info.name + ("/" if info.isdir() else "") for info in members(slug)]


def contents(slug: Slug) -> dict[str, str]:
    """Return what an archive holds: files by name with content, links with `-> target`."""
    found: dict[str, str] = {}
    with tarfile.open(slug.path) as tar:
        for info in tar:
            if info.issym():
                found[info.name] = f"-> {info.linkname}"
            elif info.isfile():
                file = tar.extractfile(info)
                found[info.name] = file.read().decode() if file else ""
            else:
                found[info.name + os.sep] = ""
    return found
