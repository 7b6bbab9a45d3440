"""What the working tree has beyond the commit that is checked out."""

from collections.abc import Iterable

from remote_backend.git.command import Git
from remote_backend.git.repository import Repository

__all__ = ("ignored_files", "uncommitted_files", "untracked_files")

# Two letters and a blank stand before each path, see git-status(1).
_STATUS_LENGTH = 3


async def uncommitted_files(
    repository: Repository, roots: Iterable[str]
) -> tuple[str, ...]:
    """Return files below some directories that are edited or new, relative to the top."""
    lines = await _literal(repository).read_names(
        "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all",
        "--ignore-submodules=none", "--", *_pathspecs(roots),
    )  # fmt: skip
    return tuple(line[_STATUS_LENGTH:] for line in lines)


async def untracked_files(repository: Repository) -> tuple[str, ...]:
    """Return all files that git neither knows nor ignores, relative to the top."""
    return await _literal(repository).read_names(
        "ls-files", "-z", "--others", "--exclude-standard"
    )


async def ignored_files(repository: Repository, roots: Iterable[str]) -> tuple[str, ...]:
    """Return the files below some directories that git ignores, relative to the top.

    A repository of its own among them is one name with a slash at its end.
    """
    return await _literal(repository).read_names(
        "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--",
        *_pathspecs(roots),
    )  # fmt: skip


def _literal(repository: Repository) -> Git:
    git = repository.git
    return Git(
        directory=git.directory, environ=git.environ, options=("--literal-pathspecs",)
    )


def _pathspecs(roots: Iterable[str]) -> list[str]:
    return [root or "." for root in roots]
