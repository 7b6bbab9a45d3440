"""What an archive would hold, without packing it."""

from pathlib import Path

from attrs import frozen

from remote_backend.slug.archive import read_ignore_file
from remote_backend.slug.ignore import parse_rules
from remote_backend.slug.root import find_root
from remote_backend.slug.tally import ArchiveSummary, walk_warnings
from remote_backend.slug.walk import Member, Walk

__all__ = ("Listing", "list_members")


@frozen
class Listing:
    """The members of an archive in their order, and what is surprising about them."""

    root: Path
    members: tuple[Member, ...]
    warnings: tuple[str, ...]


def list_members(directory: Path, working_directory: str = "") -> Listing:
    """Return what `pack` would put into an archive of a directory.

    Raises `SlugError` for what cannot be listed.
    """
    root = find_root(directory, working_directory)
    walk = Walk(root.path, parse_rules(read_ignore_file(root.path)))
    tally = ArchiveSummary(root.working_directory)
    members = tuple(walk.members())
    for member in members:
        tally.add(member)
    warnings = (*root.warnings, *walk_warnings(walk), *tally.warnings())
    return Listing(root.path, members, warnings)
