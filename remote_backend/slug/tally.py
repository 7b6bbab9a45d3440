"""Warnings about the files of an archive."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappush, heappushpop

from attrs import define, field

from remote_backend.slug.ignore import normalized
from remote_backend.slug.secrets import may_hold_secrets
from remote_backend.slug.walk import IneffectiveRule, Member, Walk

__all__ = ("CONFIGURATION", "ArchiveSummary", "OutsideLinksWarning", "walk_warnings")

CONFIGURATION = (".tf", ".tf.json", ".tofu", ".tofu.json")
_VARIABLES = ("terraform.tfvars", "terraform.tfvars.json")
_LARGE_BYTES = 50 << 20
_MOST_SHOWN = 5


class OutsideLinksWarning(str):
    """The warning that links lead out of the configuration."""

    parameters = ("refuse_outside_links",)
    """Parameters that it names, as errors have them."""


@define(eq=False)
class ArchiveSummary:
    """Counts of the files in an archive, and the names that warnings need."""

    below: str
    """The directory of the configuration in the archive."""

    file_count: int = 0
    size_bytes: int = 0
    largest: list[tuple[int, str]] = field(factory=list)
    secrets: list[str] = field(factory=list)
    twins: list[str] = field(factory=list)
    variables: list[str] = field(factory=list)
    has_configuration: bool = False
    # Hashes, because a hundred thousand names would take more memory than all else here.
    _seen: set[int] = field(factory=set)

    def add(self, member: Member) -> None:
        """Count a member that went into the archive."""
        name = member.name.removesuffix("/")
        alike = hash(normalized(name).casefold())
        if alike in self._seen:
            self.twins.append(member.name)
        self._seen.add(alike)
        folder, _, last = name.rpartition("/")
        if folder == self.below and not member.name.endswith("/"):
            self._add_configuration(member.name, last)
        if member.is_file:
            self._add_file(member, folder, last)

    def _add_configuration(self, name: str, last: str) -> None:
        if last.endswith(CONFIGURATION):
            self.has_configuration = True
        elif last in _VARIABLES:
            self.variables.append(name)

    def _add_file(self, member: Member, folder: str, last: str) -> None:
        self.file_count += 1
        self.size_bytes += member.size_bytes
        item = (member.size_bytes, member.name)
        if len(self.largest) < _MOST_SHOWN:
            heappush(self.largest, item)
        else:
            heappushpop(self.largest, item)
        if may_hold_secrets(folder, last):
            self.secrets.append(member.name)

    def warnings(self) -> Iterator[str]:
        """Yield a warning for each file or group of files that may be a mistake."""
        if self.secrets:
            yield (
                f"{_listed(self.secrets)} may hold secrets and went into the archive; "
                "leave such files out with .terraformignore"
            )
        if self.variables:
            # HCP Terraform and Terraform Enterprise write the workspace's variables into a file
            # of this name (hashicorp/terraform#24399).
            yield (
                f"{_listed(self.variables)} went into the archive: the server loads it there, or "
                "puts the variables of the workspace in its place"
            )
        if self.twins:
            yield (
                f"{_listed(self.twins)} differ from other names only in case or in the form "
                "of letters; some systems will take them for the same file"
            )
        if self.size_bytes > _LARGE_BYTES:
            largest = ", ".join(
                f"{name} ({_mib(size)})" for size, name in sorted(self.largest)[::-1]
            )
            yield f"the archive holds {_mib(self.size_bytes)}; the largest files are {largest}"


def walk_warnings(walk: Walk) -> Iterator[str]:
    """Yield the warnings of a walk and of its rules."""
    yield from walk.rules.warnings
    yield from walk.warnings
    if walk.vanished:
        are = "is" if len(walk.vanished) == 1 else "are"
        yield (
            f"{_listed(walk.vanished)} vanished while the archive was made; {are} left out"
        )
    if walk.outside_links:
        yield OutsideLinksWarning(
            f"links lead out of {walk.root}, and what they lead to goes into the archive: "
            f"{_listed(walk.outside_links)}; refuse_outside_links refuses such links"
        )
    yield from _hint_texts(walk.ineffective_rules)


def _hint_texts(hints: Iterable[IneffectiveRule]) -> Iterator[str]:
    seen = set()
    for hint in hints:
        if hint.rule in seen:
            continue
        seen.add(hint.rule)
        files = "1 file" if hint.file_count == 1 else f"{hint.file_count} files"
        yield (
            f".terraformignore:{hint.rule.line}: {hint.rule.text!r} leaves out the entry of "
            f"{hint.directory} but not what is in it: {files} with {hint.size_bytes} bytes went "
            f"into the archive; write {hint.rule.text + '/'!r} to leave them out"
        )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_SHOWN
    listed = ", ".join(repr(name) for name in names[:_MOST_SHOWN])
    return f"{listed} and {more} more" if more > 0 else listed


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"
