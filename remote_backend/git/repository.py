"""The repository around a directory."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import frozen

from remote_backend.errors import GitError
from remote_backend.git.command import Git

__all__ = ("Repository", "open_repositories", "open_repository")


@frozen
class Repository:
    """A working tree, and the git that reads it from its top."""

    top: Path
    """The directory that holds the whole working tree, without symbolic links."""

    git: Git

    def path_of(self, path: Path) -> str:
        """Return a path relative to the top with slashes, empty for the top itself.

        Raises `GitError` for a path that lies outside of the working tree.
        """
        real = Path(os.path.realpath(path))
        try:
            relative = real.relative_to(self.top)
        except ValueError:
            raise GitError(f"{real} is not inside of the repository {self.top}") from None
        return "" if relative == Path(".") else relative.as_posix()


async def open_repository(directory: Path, environ: Mapping[str, str]) -> Repository:
    """Return the repository around a directory.

    Raises `GitError` with the words of git where there is none, and where the repository
    belongs to another user.
    """
    directory = directory.absolute()
    outside = Git(directory=directory, environ=environ)
    completed = await outside.run("rev-parse", "--show-toplevel")
    if completed.exit_code:
        raise GitError(
            f"git cannot read the repository of {directory}", git_text=completed.git_text
        )
    top = Path(os.path.realpath(os.fsdecode(completed.output).rstrip("\r\n")))
    return Repository(top, Git(directory=top, environ=environ))


async def open_repositories(
    directories: Iterable[Path], environ: Mapping[str, str]
) -> dict[Path, Repository | GitError]:
    """Return the repository around each directory, or why there is none that git can read.

    Git runs once for each repository, and not for each directory.
    """
    repositories: dict[Path, Repository | GitError] = {}
    opened: dict[Path, Repository] = {}
    for directory in directories:
        top = _likely_top(directory)
        try:
            repository = opened.get(top) or await open_repository(directory, environ)
        except GitError as error:
            repositories[directory] = error
        else:
            opened[repository.top] = repositories[directory] = repository
    return repositories


def _likely_top(directory: Path) -> Path:
    """Return the top of the repository around a directory, or the directory itself without one."""
    real = Path(os.path.realpath(directory))
    # In worktrees and submodules it is a file.
    tops = (path for path in (real, *real.parents) if (path / ".git").exists())
    return next(tops, real)
