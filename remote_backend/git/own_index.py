"""An index of our own, through which files of a commit get into a directory.

A worktree would run hooks, follow a sparse checkout, and stay registered after a crash; an archive
of git drops files with `export-ignore`. An own index does none of that: it holds the whole tree,
applies the filters of a checkout, and touches neither the index nor the files of the user.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from attrs import field, frozen

from remote_backend.git.command import Git
from remote_backend.git.repository import Repository

__all__ = ("Entry", "OwnIndex", "is_below", "read_index")

_LINK = "120000"
_SUBMODULE = "160000"


@frozen
class Entry:
    """A path of a commit, relative to the top of the repository."""

    mode: str
    object_id: str
    path: str

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == _LINK

    @property
    def is_submodule(self) -> bool:
        """Whether it names a commit of another repository."""
        return self.mode == _SUBMODULE


@frozen
class OwnIndex:
    """The tree of a commit, and the directory that its files are written to."""

    git: Git
    into: Path
    entries: tuple[Entry, ...] = field(repr=False)

    def below(self, roots: Iterable[str]) -> tuple[Entry, ...]:
        """Return the entries below some directories, of which the empty one is the top."""
        wanted = tuple(roots)
        return tuple(
            entry
            for entry in self.entries
            if any(is_below(entry.path, root) for root in wanted)
        )

    async def check_out(self, entries: Iterable[Entry]) -> None:
        """Write files and links, not submodules; raises `GitError` with the words of git."""
        paths = [os.fsencode(entry.path) for entry in entries if not entry.is_submodule]
        await self.git.read(
            "checkout-index", "-q", "-f", "-z", "--stdin", input=b"\0".join(paths)
        )


async def read_index(
    repository: Repository, commit: str, into: Path, index: Path
) -> OwnIndex:
    """Read the tree of a commit into a new index file; nothing is written to `into` yet."""
    # The directory of git is passed on, because the files are written outside of the repository.
    directory = await repository.git.read_line("rev-parse", "--absolute-git-dir")
    git = Git(
        directory=repository.top,
        environ=repository.git.environ,
        options=(f"--git-dir={directory}", f"--work-tree={into}"),
        variables={"GIT_INDEX_FILE": str(index)},
    )
    await git.read("read-tree", commit)
    listed = await git.read_names("ls-files", "--stage", "-z")
    return OwnIndex(git, into, tuple(map(_entry, listed)))


def _entry(line: str) -> Entry:
    """Read `MODE OBJECT STAGE<tab>PATH`."""
    facts, _, path = line.partition("\t")
    mode, object_id, _ = facts.split(" ")
    return Entry(mode, object_id, path)


def is_below(path: str, root: str) -> bool:
    """Return whether a path is a directory or lies in it; the empty one holds everything."""
    return not root or path == root or path.startswith(f"{root}/")
