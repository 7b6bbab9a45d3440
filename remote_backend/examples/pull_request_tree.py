"""The files of a pull request, in a repository of their own."""

from collections.abc import Mapping
from pathlib import Path

from remote_backend.examples.pull_request_hooks import PullRequest
from remote_backend.git.command import Git

__all__ = ("BASE", "check_out")

BASE = "base"
"""The branch that `check_out` makes of the base."""

_HEAD = "head"


async def check_out(
    pull: PullRequest, address: str, tree: Path, environ: Mapping[str, str]
) -> None:
    """Fetch both commits into an empty directory, with the files of the head.

    No hook runs, and no name that others chose is an argument of git. Raises `GitError`.
    """
    git = Git(directory=tree, environ=environ)
    refs = ((pull.head, _HEAD), (pull.base, BASE))
    targets = (f"+{commit}:refs/heads/{name}" for commit, name in refs)
    await git.read("init", "--quiet", "--template=")
    await git.read("fetch", "--quiet", "--no-tags", address, *targets)
    await git.read("checkout", "--quiet", "--detach", _HEAD)
