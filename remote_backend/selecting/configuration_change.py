"""What a change touches in one configuration, which several workspaces may share."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from attrs import define, field, frozen

from remote_backend.config.configuration_files import TERRAFORM_AND_OPENTOFU
from remote_backend.git.changes import ChangedPath
from remote_backend.git.names import shown
from remote_backend.git.own_index import is_below
from remote_backend.selecting.reach import Reach
from remote_backend.slug.ignore import RuleSet

__all__ = ("ConfigurationChange", "Place", "change_in")

# They decide what is uploaded and with which versions it is planned.
_ROOT_FILES = (".terraform.lock.hcl", ".terraform-version", ".terraformignore")
_VARIABLE_FILES = (".tfvars", ".tfvars.json")
# https://developer.hashicorp.com/terraform/language/values/variables: Terraform reads these for
# every workspace.
_READ_ALWAYS = ("terraform", ".auto")
_MOST_DOUBTS = 3


@frozen(kw_only=True)
class ConfigurationChange:
    """The changed paths that belong to a configuration."""

    touched: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Paths that concern all of its workspaces, with what each is."""

    owned: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Paths that concern one workspace, with its local or full name."""

    doubts: tuple[str, ...] = ()
    """Why it may be touched although no changed path shows it."""

    is_deleted: bool = False
    """Whether the change has deleted the configuration."""


@frozen(kw_only=True)
class Place:
    """Where a configuration lies; paths are relative to the top of the repository."""

    root: str
    """What is uploaded."""

    directory: str
    rules: RuleSet
    reach: Reach
    names: frozenset[str]
    """The local and full names of its workspaces."""

    is_empty: bool = False
    """Whether its directory has no configuration any more."""


def change_in(place: Place, changes: tuple[ChangedPath, ...]) -> ConfigurationChange:
    """Return what changed paths mean for a configuration."""
    return _Change(place, changes).sort()


@define
class _Change:
    place: Place
    changes: tuple[ChangedPath, ...]
    _have_rules_changed: bool = field(init=False)
    _root_files: frozenset[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._root_files = frozenset(map(self._in_root, _ROOT_FILES))
        rules = self._in_root(".terraformignore")
        self._have_rules_changed = any(change.path == rules for change in self.changes)

    def sort(self) -> ConfigurationChange:
        touched, owned = [], []
        uploaded = [change for change in self.changes if not self._is_left_out(change)]
        for change in uploaded:
            if owner := self._owner(change.path):
                owned.append((change.path, owner))
            elif what := self._what(change):
                touched.append((change.path, what))
        return ConfigurationChange(
            touched=tuple(touched),
            owned=tuple(owned),
            doubts=tuple(self._doubts(uploaded)),
            is_deleted=self._is_deleted(),
        )

    def _is_left_out(self, change: ChangedPath) -> bool:
        """Return whether no archive holds a path, before and after; then it cannot matter."""
        if change.is_submodule or not is_below(change.path, self.place.root):
            return False
        if self._have_rules_changed:
            return False
        inside = change.path[len(self.place.root) :].lstrip("/")
        return self.place.rules.drops_file(inside)

    def _what(self, change: ChangedPath) -> str | None:
        """Return as what a changed path belongs to the configuration, or None."""
        if change.path in self._root_files:
            return "decides what is uploaded or with which versions"
        if change.is_submodule and is_below(change.path, self.place.root):
            return "a submodule of what is uploaded"
        return self.place.reach.part_of(change.path)

    def _owner(self, path: str) -> str | None:
        """Return the name of the workspace whose file of variables this is, alone.

        That is a file with the name of a workspace; Terraform reads others for all of them.
        """
        place = self.place
        if not is_below(path, place.directory) or path in place.reach.parts:
            return None
        name = PurePosixPath(path).name
        suffix = next((end for end in _VARIABLE_FILES if name.endswith(end)), None)
        if suffix is None or name.removesuffix(suffix).endswith(_READ_ALWAYS):
            return None
        owner = name.removesuffix(suffix)
        return owner if owner in place.names else None

    def _doubts(self, uploaded: list[ChangedPath]) -> Iterator[str]:
        if not uploaded:
            return
        for doubt in self.place.reach.doubts[:_MOST_DOUBTS]:
            yield f"what belongs to it is not known: {doubt}"
        paths = [each.path for each in uploaded if is_below(each.path, self.place.root)]
        if paths and (readers := self.place.reach.unknown_reads):
            yield f"{shown(paths)}: may be read by {readers[0]}, whose path depends on values"

    def _is_deleted(self) -> bool:
        return self.place.is_empty and any(
            change.is_deleted
            and change.path.endswith(TERRAFORM_AND_OPENTOFU)
            and change.path.rpartition("/")[0] == self.place.directory
            for change in self.changes
        )

    def _in_root(self, name: str) -> str:
        return f"{self.place.root}/{name}" if self.place.root else name
