"""Selecting the workspaces that a change touches.

A workspace is selected by each changed path that belongs to its configuration (`reach`), that its
own triggers name, or that decides what is uploaded. Where that is not known it is selected too,
with the reason: a plan too many costs a minute, one too few a surprise.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from anyio import to_thread
from attrs import define, field, frozen

from remote_backend.config.configuration_files import TERRAFORM_AND_OPENTOFU
from remote_backend.errors import GitError, SlugError
from remote_backend.git.base import Base, find_base
from remote_backend.git.changes import ChangedPath, read_changes, read_tracked_paths
from remote_backend.git.names import shown
from remote_backend.git.repository import Repository, open_repository
from remote_backend.models.selection import Selection
from remote_backend.selecting.configuration_change import (
    ConfigurationChange,
    Place,
    change_in,
)
from remote_backend.selecting.reach import ReachReader
from remote_backend.selecting.triggers import trigger_of
from remote_backend.slug.archive import read_ignore_file
from remote_backend.slug.ignore import parse_rules
from remote_backend.slug.root import find_root
from remote_backend.workspaces import LocalWorkspace

__all__ = ("Change", "read_change", "select_changed", "select_touched")


@frozen(kw_only=True)
class Change:
    """What differs between a base and the working tree of a repository."""

    base: Base
    repository: Repository
    paths: tuple[ChangedPath, ...]
    reader: ReachReader
    """Reads what configurations of the repository are made of, each module once."""


async def read_change(
    directory: Path, reference: str | None, environ: Mapping[str, str]
) -> Change:
    """Return the change since a reference in the repository around a directory.

    Raises `GitError` where the base cannot be found or read.
    """
    base = await find_base(directory, reference, environ)
    repository = await open_repository(directory, environ)
    paths = await read_changes(repository, base.commit)
    tracked = await read_tracked_paths(repository)
    absent = (path for path in tracked.absent if path.endswith(TERRAFORM_AND_OPENTOFU))
    return Change(
        base=base,
        repository=repository,
        paths=paths,
        reader=ReachReader(repository.top, tracked.links, tuple(absent)),
    )


async def select_changed(
    existing: Sequence[LocalWorkspace],
    candidates: Sequence[LocalWorkspace],
    directory: Path,
    reference: str | None,
    environ: Mapping[str, str],
    *,
    variable_files: Iterable[Path] = (),
) -> Selection:
    """Return which of the candidates the change since a reference touches.

    `existing` are all workspaces of the configuration in the directory. `variable_files` have
    values for the runs of all. Raises `GitError` where the base cannot be found or read.
    """
    change = await read_change(directory, reference, environ)
    return await select_touched(
        change, existing, candidates, directory, variable_files=variable_files
    )


async def select_touched(
    change: Change,
    existing: Iterable[LocalWorkspace],
    candidates: Sequence[LocalWorkspace],
    directory: Path,
    *,
    variable_files: Iterable[Path] = (),
) -> Selection:
    """Return which of the candidates a change touches, as `select_changed` does.

    Several configurations of one repository share a change, which is read once.
    """
    touch = _Touch(
        directory=directory,
        change=change,
        variable_files=frozenset(_paths_inside(change.repository, variable_files)),
        names=_names_by_working_directory(existing),
    )
    reasons = await to_thread.run_sync(touch.reasons_of, candidates)
    return Selection(
        base=str(change.base),
        reasons={name: found for name, found in reasons.items() if found},
        not_touched=tuple(name for name, found in reasons.items() if found == ()),
        deleted=tuple(name for name, found in reasons.items() if found is None),
        warnings=change.base.warnings,
    )


def _paths_inside(repository: Repository, paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        try:
            yield repository.path_of(path)
        except GitError:
            continue  # no change of the repository can reach it


def _names_by_working_directory(
    workspaces: Iterable[LocalWorkspace],
) -> dict[str, frozenset[str]]:
    names: defaultdict[str, set[str]] = defaultdict(set)
    for workspace in workspaces:
        names[workspace.remote.working_directory] |= {workspace.name, workspace.full_name}
    return {directory: frozenset(group) for directory, group in names.items()}


@define(kw_only=True)
class _Touch:
    """What a change touches."""

    directory: Path
    change: Change
    variable_files: frozenset[str]
    names: Mapping[str, frozenset[str]]
    """Local and full names of all workspaces by working directory."""

    _by_working_directory: dict[str, ConfigurationChange] = field(factory=dict)

    def reasons_of(
        self, workspaces: Iterable[LocalWorkspace]
    ) -> dict[str, tuple[str, ...] | None]:
        """Return why each workspace is touched; None for one without a configuration."""
        return {workspace.name: self._reasons(workspace) for workspace in workspaces}

    def _reasons(self, workspace: LocalWorkspace) -> tuple[str, ...] | None:
        paths = self.change.paths
        if not paths:
            return ()
        change = self._change_in(workspace.remote.working_directory)
        if change.is_deleted:
            return None
        what_by_path = {
            path: "variables of the runs"
            for path in (each.path for each in paths)
            if path in self.variable_files
        }
        names = (workspace.name, workspace.full_name)
        what_by_path |= {path: "its variables" for path, of in change.owned if of in names}
        what_by_path |= dict(change.touched)
        trigger = trigger_of(workspace.remote, (each.path for each in paths))
        return (
            *_grouped(what_by_path),
            *((trigger,) if trigger is not None else ()),
            *change.doubts,
        )

    def _change_in(self, working_directory: str) -> ConfigurationChange:
        """Return what the change means for the workspaces with one working directory."""
        if working_directory not in self._by_working_directory:
            try:
                change = change_in(self._place(working_directory), self.change.paths)
            except (GitError, SlugError) as error:
                doubt = f"what belongs to it is not known: {error}"
                change = ConfigurationChange(doubts=(doubt,))
            self._by_working_directory[working_directory] = change
        return self._by_working_directory[working_directory]

    def _place(self, working_directory: str) -> Place:
        archive = find_root(self.directory, working_directory)
        repository = self.change.repository
        directory = repository.path_of(archive.path / archive.working_directory)
        return Place(
            root=repository.path_of(archive.path),
            directory=directory,
            rules=parse_rules(read_ignore_file(archive.path)),
            reach=self.change.reader.read(directory),
            names=self.names[working_directory],
            is_empty=not _has_configuration(repository.top / directory),
        )


def _has_configuration(directory: Path) -> bool:
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # it is there, and the plan says what is wrong
    return any(name.endswith(TERRAFORM_AND_OPENTOFU) for name in names)


def _grouped(what_by_path: Mapping[str, str]) -> Iterator[str]:
    """Yield one reason for all paths that are the same."""
    paths: defaultdict[str, list[str]] = defaultdict(list)
    for path, what in what_by_path.items():
        paths[what].append(path)
    return (f"{shown(group)}: {what}" for what, group in paths.items())
