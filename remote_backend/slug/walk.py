"""The members of an archive: a walk over a directory tree, its links and its ignore rules.

The walk keeps a stack of the directories that it is in, and visits their entries in bytewise
order. A link that stays in the root is packed as a link. One that leaves it is replaced by the
file or directory to which it leads; the stack then holds a directory of another place, so that
`name` (in the archive) and `path` (on the disk) of its entries differ.

Ignore rules decide about a directory twice, as `NAME` and as `NAME/`, as go-slug does. A rule can
leave the directory itself out and not its content; such a rule is reported (`IneffectiveRule`).

Invariant: no directory is twice on the stack (compared by device and inode), so no link makes the
walk endless.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from remote_backend.errors import SlugError
from remote_backend.slug.ignore import Decision, Rule, RuleSet

__all__ = ("Content", "IneffectiveRule", "Member", "Walk", "unreadable")

Identity = tuple[int, int]


@frozen(kw_only=True)
class Member:
    """A file, directory or link that goes into an archive."""

    name: str
    """Relative to the root, with `/`, and at the end of a directory."""

    path: str
    """Where it is on the disk; for the target of a link, the path through that link."""

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
    ineffective_rule: IneffectiveRule | None = None
    content_to_report: Content | None = None
    path_prefix: str = field(init=False)
    """The prefix of the paths of its entries."""

    @path_prefix.default
    def _start(self) -> str:
        return os.path.join(self.path, "")


@define(eq=False)
class Walk:
    """Finds the members of an archive; warnings and ineffective rules are complete when it has ended."""

    root: Path
    rules: RuleSet
    excluded_identities: frozenset[Identity] = frozenset()
    """Devices and inodes that are never packed, such as the archive itself."""

    refuses_outside_links: bool = False
    warnings: list[str] = field(factory=list)
    vanished: list[str] = field(factory=list)
    """Paths that were deleted between their listing and their packing."""

    outside_links: list[str] = field(factory=list)
    """Links that leave the root, and are replaced by the files or directories they lead to."""

    ineffective_rules: list[IneffectiveRule] = field(factory=list)
    _stack: list[_Folder] = field(factory=list)

    def members(self) -> Iterator[Member]:
        """Yield the members in bytewise order, each directory right before its content.

        Raises `SlugError` for a file or directory that cannot be read, and for a refused link.
        """
        root = os.fspath(self.root)
        self._enter("", root, self._stat(root), None)
        while self._stack:
            folder = self._stack[-1]
            entry = next(folder.entries, None)
            if entry is None:
                self._leave(self._stack.pop())
                continue
            for member in self._visit(
                f"{folder.name}{entry}", f"{folder.path_prefix}{entry}"
            ):
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
        if _identity(status) in self.excluded_identities:
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
        as_file = self.rules.decide(name)
        as_directory = self.rules.decide(f"{name}/")
        if as_file.excluded:
            if as_directory.final and self.rules.prunes(as_directory, name):
                return
        elif as_directory.final or self.rules.prunes(as_directory, name):
            return
        elif not as_directory.excluded:
            yield _directory(name, path, status)
        self._enter(
            f"{name}/", path, status, _ineffective_rule(name, as_file, as_directory)
        )

    def _visit_link(self, name: str, path: str, status: os.stat_result) -> Iterator[Member]:
        if self.rules.decide(name).excluded:
            return
        link_text = os.readlink(path)
        inside = self._target_in_root(path, link_text)
        if inside is not None:
            start = os.path.dirname(name) or "."
            # A link in copied content lies elsewhere in the archive than on the disk.
            moved = os.path.isabs(link_text) or not self._is_at_its_real_path(name, path)
            target = os.path.relpath(inside or ".", start) if moved else link_text
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
        yield from self._follow(name, path, link_text)

    def _follow(self, name: str, path: str, link_text: str) -> Iterator[Member]:
        try:
            status = os.stat(path)
        except OSError:
            self.warnings.append(
                f"the link {path} leads to {link_text}, which is not there; it is left out"
            )
            return
        if stat.S_ISREG(status.st_mode):
            self._record_outside_link(name, link_text)
            yield _file(name, path, status)
        elif stat.S_ISDIR(status.st_mode):
            if any(folder.identity == _identity(status) for folder in self._stack):
                self.warnings.append(
                    f"the link {path} leads back to a directory that holds it; it is left out"
                )
                return
            self._record_outside_link(name, link_text)
            content_to_report = Content() if self._contains_root(path) else None
            yield _directory(name, path, status)
            self._enter(f"{name}/", path, status, None, content_to_report)
        else:
            self.warnings.append(
                f"the link {path} leads to something that is not a file or directory; "
                "it is left out"
            )

    def _record_outside_link(self, name: str, link_text: str) -> None:
        if self.refuses_outside_links:
            raise SlugError(
                f"the link {name} leads to {link_text}, which is outside of {self.root}; remove it, "
                "leave it out with .terraformignore, or allow such links"
            )
        self.outside_links.append(f"{name} -> {link_text}")

    def _enter(
        self,
        name: str,
        path: str,
        status: os.stat_result,
        ineffective_rule: IneffectiveRule | None,
        content_to_report: Content | None = None,
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
        self._stack.append(
            _Folder(name, path, identity, iter(names), ineffective_rule, content_to_report)
        )

    def _leave(self, folder: _Folder) -> None:
        if folder.ineffective_rule is not None and folder.ineffective_rule.file_count:
            self.ineffective_rules.append(folder.ineffective_rule)
        if folder.content_to_report is not None:
            count, size = (
                folder.content_to_report.file_count,
                folder.content_to_report.size_bytes,
            )
            self.warnings.append(
                f"the link {folder.path} leads to a directory above the configuration; "
                f"{count} files with {size} bytes were packed through it"
            )

    def _count(self, member: Member) -> None:
        if not member.is_file:
            return
        for folder in self._stack:
            for content in (folder.ineffective_rule, folder.content_to_report):
                if content is not None:
                    content.file_count += 1
                    content.size_bytes += member.size_bytes

    def _target_in_root(self, path: str, link_text: str) -> str | None:
        """Return where in the root a link leads to, or None for a link that leaves it."""
        real_directory = os.path.realpath(os.path.dirname(path))
        target = os.path.normpath(os.path.join(real_directory, link_text))
        root = os.fspath(self.root)
        try:
            if os.path.commonpath([root, target]) != root:
                return None
        except ValueError:  # another drive
            return None
        path = os.path.relpath(target, root)
        return "" if path == "." else path

    def _is_at_its_real_path(self, name: str, path: str) -> bool:
        real_directory = os.path.realpath(os.path.dirname(path))
        return real_directory == os.path.normpath(
            os.path.join(self.root, os.path.dirname(name))
        )

    def _contains_root(self, path: str) -> bool:
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


def _ineffective_rule(
    name: str, as_file: Decision, as_directory: Decision
) -> IneffectiveRule | None:
    """Return the rule of the user that leaves out a directory, but not its content."""
    rule = as_file.rule
    if rule is None or not as_file.excluded or not rule.line:
        return None
    return IneffectiveRule(rule=rule, directory=name) if as_directory.rule is None else None


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
