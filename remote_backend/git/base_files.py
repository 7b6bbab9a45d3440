"""Writing the files of a base, with those of its submodules and those that git ignores."""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from anyio import to_thread
from attrs import define, field

from remote_backend.errors import GitError, SubmoduleMissing
from remote_backend.git.names import shown
from remote_backend.git.own_index import Entry, is_below, read_index
from remote_backend.git.repository import Repository, open_repository
from remote_backend.git.working_tree import ignored_files
from remote_backend.slug.archive import read_ignore_file
from remote_backend.slug.ignore import RuleSet, parse_rules

__all__ = ("BaseFiles",)

_LONGEST_POINTER = 1024
# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
_POINTER = b"version https://git-lfs.github.com/spec/"
_SHORT = 7


@define(eq=False)
class BaseFiles:
    """The files of a base, which are written once."""

    folder: Path
    """Where indexes may be kept."""

    top: Path
    roots: tuple[str, ...]
    """The upload roots, relative to the top; empty for the top itself."""

    directories: set[str] = field(factory=set)
    """Directories below the roots in which the commit has files."""

    _pointers: list[str] = field(factory=list)
    _rules: dict[str, RuleSet] = field(factory=dict)
    _indexes: int = 0

    async def write(self, repository: Repository, commit: str) -> None:
        """Write the files of a commit; raises `GitError` and `SubmoduleMissing`."""
        await self._write(repository, commit, self.roots, "")

    def warnings(self, commit: str) -> tuple[str, ...]:
        """Return what is surprising about the files."""
        if not self._pointers:
            return ()
        count = len(self._pointers)
        files = "1 file" if count == 1 else f"{count} files"
        return (
            f"{files} of the base {commit[:_SHORT]} hold a pointer of Git LFS and not the content "
            f"({shown(self._pointers)}); `git lfs install` and `git lfs pull` before give both "
            "sides the content",
        )

    async def _write(
        self, repository: Repository, commit: str, roots: Iterable[str], prefix: str
    ) -> None:
        """Write one repository; `prefix` is where a submodule lies, with a slash at its end."""
        into = self.top / prefix
        into.mkdir(parents=True, exist_ok=True)
        self._indexes += 1
        index = await read_index(
            repository, commit, into, self.folder / f"index-{self._indexes}"
        )
        entries = index.below(roots)
        await index.check_out(entries)
        top = repository.top
        absolute_roots = [top / root for root in roots]
        if any(
            _leaves(into / entry.path, top / entry.path, absolute_roots, top)
            for entry in entries
        ):
            await index.check_out(index.entries)
        await to_thread.run_sync(self._note, entries, prefix, top)
        for entry in entries:
            if entry.is_submodule and not self._is_left_out(f"{prefix}{entry.path}/"):
                await self._write_submodule(repository, entry, prefix)
        ignored = await ignored_files(repository, roots)
        await to_thread.run_sync(self._copy, ignored, prefix, top)

    async def _write_submodule(
        self, repository: Repository, entry: Entry, prefix: str
    ) -> None:
        path = f"{prefix}{entry.path}"
        submodule = await _open_submodule(repository, entry, path)
        await self._write(submodule, entry.object_id, ("",), f"{path}/")

    def _note(self, entries: Iterable[Entry], prefix: str, repository_top: Path) -> None:
        for entry in entries:
            self.directories |= {
                "" if parent == "." else parent
                for parent in map(str, PurePosixPath(prefix, entry.path).parents)
            }
            path = self.top / prefix / entry.path
            if path.is_symlink():
                original = repository_top / entry.path
                _redirect(path, original, self.top / prefix, repository_top)
            elif not entry.is_submodule and _is_pointer(path):
                self._pointers.append(f"{prefix}{entry.path}")

    def _copy(self, names: Iterable[str], prefix: str, repository_top: Path) -> None:
        """Copy files that git ignores, unless they are there or would not be packed."""
        for name in _each_file(repository_top, names):
            copy = self.top / prefix / name
            if self._is_left_out(f"{prefix}{name}") or os.path.lexists(copy):
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copy2(repository_top / name, copy, follow_symlinks=False)
            except OSError as error:
                raise GitError(
                    f"{repository_top / name} cannot be copied to the base: {error.strerror}"
                ) from None

    def _is_left_out(self, path: str) -> bool:
        """Return whether the rules of the base leave a path out of every archive."""
        return all(
            self._rules_of(root).drops_file(path[len(root) :].lstrip("/"))
            for root in self.roots
            if is_below(path.rstrip("/"), root)
        )

    def _rules_of(self, root: str) -> RuleSet:
        if root not in self._rules:
            self._rules[root] = parse_rules(read_ignore_file(self.top / root))
        return self._rules[root]


async def _open_submodule(repository: Repository, entry: Entry, path: str) -> Repository:
    """Return the repository of a submodule that has the commit of the base."""
    folder = repository.top / entry.path
    try:
        submodule = await open_repository(folder, repository.git.environ)
    except GitError:
        submodule = repository
    if submodule.top != Path(os.path.realpath(folder)):
        raise SubmoduleMissing(
            path,
            entry.object_id,
            "which is not checked out here",
            advice=f"run `git submodule update --init {path}`",
        )
    found = await submodule.git.run("cat-file", "-e", f"{entry.object_id}^{{commit}}")
    if found.exit_code:
        raise SubmoduleMissing(
            path,
            entry.object_id,
            "which its repository here does not have",
            advice=f"run `git -C {path} fetch origin {entry.object_id}`",
        )
    return submodule


def _leaves(link: Path, original: Path, roots: Iterable[Path], top: Path) -> bool:
    """Return whether a symbolic link leads out of the roots, but not out of the repository."""
    if not link.is_symlink():
        return False
    target = _target_of(link, original)
    return target.is_relative_to(top) and not any(map(target.is_relative_to, roots))


def _target_of(link: Path, original: Path) -> Path:
    """Return where a link leads to from its place in the repository."""
    return Path(os.path.normpath(original.parent / os.readlink(link)))


def _redirect(link: Path, original: Path, copied_top: Path, top: Path) -> None:
    """Let a copied link lead to what the original leads to, or to the copy of that."""
    target = _target_of(link, original)
    is_inside = target.is_relative_to(top)
    if is_inside and os.path.isabs(os.readlink(link)):
        target = copied_top / target.relative_to(top)
    elif is_inside:
        return
    link.unlink()
    link.symlink_to(target)


def _is_pointer(path: Path) -> bool:
    try:
        if path.stat().st_size > _LONGEST_POINTER:
            return False
        return path.read_bytes().startswith(_POINTER)
    except OSError:
        return False


def _each_file(top: Path, names: Iterable[str]) -> Iterator[str]:
    """Yield names of files; a name with a slash at its end is a repository of its own."""
    for name in names:
        if not name.endswith("/"):
            yield name
            continue
        for folder, _, files in os.walk(top / name):
            if ".git" not in Path(folder).parts[len(top.parts) :]:
                yield from (
                    Path(folder, file).relative_to(top).as_posix() for file in files
                )
