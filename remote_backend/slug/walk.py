"""What goes into an archive: a walk over a tree, its links and its ignore rules."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from remote_backend.errors import SlugError
from remote_backend.slug.ignore import Rule, RuleSet

__all__ = ("Content", "IneffectiveRule", "Member", "Walk", "unreadable")

Identity = tuple[int, int]


@frozen(kw_only=True)
class Member:
    """A file, directory or link that goes into an archive."""

    name: str
    """Relative to the root, with `/`, and at the end of a directory."""

    path: str
    """Where it is; for what a link leads to, the path through that link."""

    mode: int
    modified_ns: int
    size_bytes: int = 0
    link_target: str | None = None

    @property
    def is_file(self) -> bool:
        """Whether it has content."""
        return self.link_target is None and not self.name.endswith("/")


@define(kw_only=True)
class Content:
    """The number and size of the files that were packed below a directory."""

    file_count: int = 0
    size_bytes: int = 0


@define(kw_only=True)
class IneffectiveRule(Content):
    """A directory that a rule leaves out by name, while its content goes in."""

    rule: Rule
    directory: str


@define
class _Folder:
    """A directory that is being walked."""

    name: str
    path: str
    identity: Identity
    entries: Iterator[str]
    hint: IneffectiveRule | None = None
    counted: Content | None = None
    start: str = field(init=False)
    """The prefix of the paths of its entries."""

    @start.default
    def _start(self) -> str:
        return os.path.join(self.path, "")


@define(eq=False)
class Walk:
    """Finds the members of an archive; warnings and hints are complete when it has ended."""

    root: Path
    rules: RuleSet
    never: frozenset[Identity] = frozenset()
    """Devices and inodes that are never packed, such as the archive itself."""

    refuses_outside_links: bool = False
    warnings: list[str] = field(factory=list)
    vanished: list[str] = field(factory=list)
    """Paths that were listed and are not there any more."""

    outside_links: list[str] = field(factory=list)
    """Links out of the root that are replaced by what they lead to."""

    hints: list[IneffectiveRule] = field(factory=list)
    _stack: list[_Folder] = field(factory=list)

    def members(self) -> Iterator[Member]:
        """Yield the members in bytewise order, each directory right before its content.

        Raises `SlugError` for what cannot be listed, and for a refused link.
        """
        root = os.fspath(self.root)
        self._enter("", root, self._stat(root), None)
        while self._stack:
            folder = self._stack[-1]
            entry = next(folder.entries, None)
            if entry is None:
                self._leave(self._stack.pop())
                continue
            for member in self._visit(f"{folder.name}{entry}", f"{folder.start}{entry}"):
                self._count(member)
                yield member

    def _visit(self, name: str, path: str) -> Iterable[Member]:
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            self.vanished.append(path)
            return ()
        except OSError as error:
            raise unreadable(path, error) from None
        if _identity(status) in self.never:
            return ()
        # Files are checked first, because nearly all entries are files.
        if stat.S_ISREG(status.st_mode):
            return () if self.rules.drops_file(name) else (_file(name, path, status),)
        if stat.S_ISLNK(status.st_mode) or _is_junction(status):
            return self._visit_link(name, path, status)
        if stat.S_ISDIR(status.st_mode):
            return self._visit_directory(name, path, status)
        if not self.rules.decide(name).excluded:
            self.warnings.append(f"{path} is not a file, directory or link; it is left out")
        return ()

    def _visit_directory(
        self, name: str, path: str, status: os.stat_result
    ) -> Iterator[Member]:
        bare = self.rules.decide(name)
        full = self.rules.decide(f"{name}/")
        if bare.excluded:
            if full.final and self.rules.prunes(full, name):
                return
        elif full.final or self.rules.prunes(full, name):
            return
        elif not full.excluded:
            yield _directory(name, path, status)
        hint = None
        if bare.rule is not None and bare.excluded and bare.rule.line and full.rule is None:
            hint = IneffectiveRule(rule=bare.rule, directory=name)
        self._enter(f"{name}/", path, status, hint)

    def _visit_link(self, name: str, path: str, status: os.stat_result) -> Iterator[Member]:
        if self.rules.decide(name).excluded:
            return
        text = os.readlink(path)
        inside = self._inside(path, text)
        if inside is not None:
            start = os.path.dirname(name) or "."
            # A link in copied content lies elsewhere in the archive than on the disk.
            moved = os.path.isabs(text) or not self._is_in_place(name, path)
            target = os.path.relpath(inside or ".", start) if moved else text
            yield Member(
                name=name,
                path=path,
                mode=0o777,
                modified_ns=status.st_mtime_ns,
                link_target=target.replace(os.sep, "/"),
            )
            return
        # The content of a directory stands in for the link, so both forms of a rule drop it.
        if self.rules.decide(f"{name}/").excluded:
            return
        yield from self._follow(name, path, text)

    def _follow(self, name: str, path: str, text: str) -> Iterator[Member]:
        try:
            status = os.stat(path)
        except OSError:
            self.warnings.append(
                f"the link {path} leads to {text}, which is not there; it is left out"
            )
            return
        if stat.S_ISREG(status.st_mode):
            self._note_outside(name, text)
            yield _file(name, path, status)
        elif stat.S_ISDIR(status.st_mode):
            if any(folder.identity == _identity(status) for folder in self._stack):
                self.warnings.append(
                    f"the link {path} leads back to a directory that holds it; it is left out"
                )
                return
            self._note_outside(name, text)
            counted = Content() if self._holds_root(path) else None
            yield _directory(name, path, status)
            self._enter(f"{name}/", path, status, None, counted)
        else:
            self.warnings.append(
                f"the link {path} leads to something that is not a file or directory; "
                "it is left out"
            )

    def _note_outside(self, name: str, text: str) -> None:
        if self.refuses_outside_links:
            raise SlugError(
                f"the link {name} leads to {text}, which is outside of {self.root}; remove it, "
                "leave it out with .terraformignore, or allow such links"
            )
        self.outside_links.append(f"{name} -> {text}")

    def _enter(
        self,
        name: str,
        path: str,
        status: os.stat_result,
        hint: IneffectiveRule | None,
        counted: Content | None = None,
    ) -> None:
        identity = _identity(status)
        if any(folder.identity == identity for folder in self._stack):
            self.warnings.append(
                f"{path} is packed already, further up; it is left out here"
            )
            return
        try:
            with os.scandir(path) as entries:
                names = sorted((entry.name for entry in entries), key=os.fsencode)
        except OSError as error:
            raise unreadable(path, error) from None
        self._stack.append(_Folder(name, path, identity, iter(names), hint, counted))

    def _leave(self, folder: _Folder) -> None:
        if folder.hint is not None and folder.hint.file_count:
            self.hints.append(folder.hint)
        if folder.counted is not None:
            count, size = folder.counted.file_count, folder.counted.size_bytes
            self.warnings.append(
                f"the link {folder.path} leads to a directory above the configuration; "
                f"{count} files with {size} bytes were packed through it"
            )

    def _count(self, member: Member) -> None:
        if not member.is_file:
            return
        for folder in self._stack:
            for content in (folder.hint, folder.counted):
                if content is not None:
                    content.file_count += 1
                    content.size_bytes += member.size_bytes

    def _inside(self, path: str, text: str) -> str | None:
        """Return where in the root a link leads to, or None for a link that leaves it."""
        lies_in = os.path.realpath(os.path.dirname(path))
        target = os.path.normpath(os.path.join(lies_in, text))
        root = os.fspath(self.root)
        try:
            if os.path.commonpath([root, target]) != root:
                return None
        except ValueError:  # another drive
            return None
        path = os.path.relpath(target, root)
        return "" if path == "." else path

    def _is_in_place(self, name: str, path: str) -> bool:
        lies_in = os.path.realpath(os.path.dirname(path))
        return lies_in == os.path.normpath(os.path.join(self.root, os.path.dirname(name)))

    def _holds_root(self, path: str) -> bool:
        return Path(os.path.realpath(path)) in self.root.parents

    def _stat(self, path: str) -> os.stat_result:
        try:
            return os.stat(path)
        except OSError as error:
            raise unreadable(path, error) from None


def _file(name: str, path: str, status: os.stat_result) -> Member:
    return Member(
        name=name,
        path=path,
        mode=stat.S_IMODE(status.st_mode) & 0o777,
        modified_ns=status.st_mtime_ns,
        size_bytes=status.st_size,
    )


def _directory(name: str, path: str, status: os.stat_result) -> Member:
    return Member(
        name=f"{name}/",
        path=path,
        mode=stat.S_IMODE(status.st_mode) & 0o777,
        modified_ns=status.st_mtime_ns,
    )


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _is_junction(status: Any) -> bool:
    tag = getattr(status, "st_reparse_tag", 0)
    return bool(tag) and tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)


def unreadable(path: str, error: OSError) -> SlugError:
    """Return the error of a file or directory that cannot be read."""
    return SlugError(
        f"{path} cannot be read ({error.strerror}); make it readable, or leave it out with "
        ".terraformignore"
    )
