"""Which paths of a repository differ from a commit, and what is special about the others."""

import os
from collections.abc import Iterator

from attrs import frozen

from remote_backend.git.repository import Repository
from remote_backend.git.working_tree import untracked_files

__all__ = ("ChangedPath", "TrackedPaths", "read_changes", "read_tracked_paths")

_LINK = "120000"
_SUBMODULE = "160000"
# As git-ls-files(1) marks it with `-t`: skip-worktree.
_ABSENT = "S"


@frozen
class ChangedPath:
    """A path that was added, changed or deleted; a renamed file is two paths."""

    path: str
    """Relative to the top of the repository, with slashes."""

    is_submodule: bool = False

    is_deleted: bool = False
    """Whether there is nothing under this name any more."""


async def read_changes(repository: Repository, commit: str) -> tuple[ChangedPath, ...]:
    """Return what differs between a commit and the working tree, with files that are new.

    Renames count as both names. Contents are not read, so a partial clone suffices.
    """
    # `relative` in a configuration file of the user would leave paths out.
    output = await repository.git.read(
        "diff", "--raw", "-z", "--no-renames", "--no-relative", "--ignore-submodules=none",
        "--no-ext-diff", commit, "--",
    )  # fmt: skip
    changes = {change.path: change for change in _raw_changes(output)}
    for path in await untracked_files(repository):
        changes.setdefault(path, ChangedPath(path.rstrip("/")))
    return tuple(changes[path] for path in sorted(changes))


@frozen(kw_only=True)
class TrackedPaths:
    """The paths that git knows, as far as they are special."""

    links: dict[str, str]
    """Symbolic links and where they lead to, relative to the top; outside it begins with `..`."""

    absent: tuple[str, ...]
    """Files that a sparse checkout leaves out."""


async def read_tracked_paths(repository: Repository) -> TrackedPaths:
    """Return the symbolic links of the working tree, and the files that it lacks on purpose."""
    links, absent = {}, []
    for line in await repository.git.read_names("ls-files", "-t", "--stage", "-z"):
        facts, _, path = line.partition("\t")
        tag, mode, *_ = facts.split(" ")
        if tag == _ABSENT:
            absent.append(path)
        elif mode == _LINK and (target := _target(repository, path)) is not None:
            links[path] = target
    return TrackedPaths(links=links, absent=tuple(absent))


def _target(repository: Repository, path: str) -> str | None:
    link = repository.top / path
    try:
        target = os.path.join(os.path.dirname(link), os.readlink(link))
    except OSError:
        return None  # it is deleted or not a link any more, which is a change of its own
    return os.path.relpath(os.path.normpath(target), repository.top).replace(os.sep, "/")


def _raw_changes(output: bytes) -> Iterator[ChangedPath]:
    """Read `:MODE MODE OBJECT OBJECT STATUS`, a zero byte, a path, a zero byte."""
    parts = iter(output.split(b"\0"))
    for facts in parts:
        if facts:
            before, after, *_, status = facts.decode().lstrip(":").split(" ")
            path = os.fsdecode(next(parts))
            yield ChangedPath(path, _SUBMODULE in (before, after), status == "D")
