"""The files of a base in a directory of their own, ready to be packed.

Each part of a checkout is treated so that the base and the change differ by the change alone:

- files of the commit below the upload roots are written through an own index, with the filters of
  git; where a symbolic link leaves the roots, the whole tree is written;
- submodules are written in the same way from their own repositories;
- files that git ignores, such as variables that a CI job writes, are copied to the base, because
  its plan would fail without them;
- files that are not committed belong to the change, and a note says so.

The rules in the `.terraformignore` of the base count for it. The directory lies in a temporary
folder of this process, which is removed at the end of the block, and by the next process after a
kill.
"""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import field, frozen

from remote_backend.git.base_files import BaseFiles
from remote_backend.git.names import shown
from remote_backend.git.repository import open_repository
from remote_backend.git.working_tree import uncommitted_files
from remote_backend.temporary_folders import temporary_folder

__all__ = ("BaseTree", "base_tree")


@frozen(kw_only=True)
class BaseTree:
    """The files of a base, at the same paths as in the repository."""

    top: Path
    """Takes the place of the top of the repository, and has its name."""

    repository_top: Path
    tracked: frozenset[str] = field(repr=False)
    """The directories of the commit below the roots, relative to the top; empty for the top."""

    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def path_of(self, path: Path) -> Path:
        """Return the path in the base that stands for one in the repository."""
        return self.top / self._relative(path)

    def holds(self, directory: Path) -> bool:
        """Return whether the commit has files in a directory; it has none in a new one."""
        relative = self._relative(directory).as_posix()
        return ("" if relative == "." else relative) in self.tracked

    def _relative(self, path: Path) -> Path:
        return Path(os.path.realpath(path)).relative_to(self.repository_top)


@asynccontextmanager
async def base_tree(
    roots: Iterable[Path], commit: str, environ: Mapping[str, str]
) -> AsyncIterator[BaseTree]:
    """Write what a commit has below some upload roots of one repository; it is removed at the end.

    Raises `GitError` for roots outside of the repository and for what git cannot write, and
    `SubmoduleMissing` for a submodule whose commit is not on this machine.
    """
    paths = tuple(roots)
    repository = await open_repository(paths[0], environ)
    below = tuple(dict.fromkeys(map(repository.path_of, paths)))
    with temporary_folder("base-") as folder:
        top = folder / (repository.top.name or "top")
        files = BaseFiles(folder, top, below)
        await files.write(repository, commit)
        yield BaseTree(
            top=top,
            repository_top=repository.top,
            tracked=frozenset(files.directories),
            warnings=files.warnings(commit),
            notes=_notes(await uncommitted_files(repository, below)),
        )


def _notes(changed: tuple[str, ...]) -> tuple[str, ...]:
    uncommitted = tuple(name for name in changed if _can_be_uploaded(name))
    if not uncommitted:
        return ()
    count = len(uncommitted)
    files = "1 file that is" if count == 1 else f"{count} files that are"
    verb = "belongs" if count == 1 else "belong"
    return (f"{files} not committed {verb} to the change: {shown(uncommitted)}",)


def _can_be_uploaded(name: str) -> bool:
    """Return False for the files that Terraform keeps for itself, which no archive has."""
    _, terraform, rest = f"/{name}".partition("/.terraform/")
    return not terraform or rest.startswith("modules/")
