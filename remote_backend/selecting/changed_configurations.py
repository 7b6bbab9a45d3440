"""Selecting the workspaces of several configurations that a change touches.

The change is read once for each repository, and so is each module that configurations share. A
configuration whose change cannot be read, as one outside of any repository, is selected with the
reason; where that holds for all of them, it is an error.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from remote_backend.errors import GitError
from remote_backend.git.repository import open_repositories
from remote_backend.models.selection import Selection, joined
from remote_backend.selecting.changed import Change, read_change, select_touched
from remote_backend.workspaces import LocalWorkspace

__all__ = ("Candidates", "select_changed_of_several")


@frozen(kw_only=True)
class Candidates:
    """The workspaces of a configuration that a change may touch."""

    directory: Path
    existing: Sequence[LocalWorkspace]
    """All of the configuration, under their local names."""

    names: Mapping[str, str]
    """The names of the candidates in the batch, by their local names."""

    @property
    def chosen(self) -> tuple[LocalWorkspace, ...]:
        """Those of them that are selected in other ways."""
        return tuple(each for each in self.existing if each.name in self.names)


async def select_changed_of_several(
    configurations: Sequence[Candidates],
    reference: str | None,
    environ: Mapping[str, str],
    *,
    variable_files: Iterable[Path] = (),
) -> Selection:
    """Return what the change since a reference touches, under the names of the batch."""
    changes = await _read_changes(
        [each.directory for each in configurations], reference, environ
    )
    selections = []
    for each in configurations:
        change = changes[each.directory]
        if isinstance(change, GitError):
            reason = f"what belongs to it is not known: {change}"
            reasons = dict.fromkeys(each.names.values(), (reason,))
            selections.append(Selection(reasons=reasons))
        else:
            selection = await select_touched(
                change,
                each.existing,
                each.chosen,
                each.directory,
                variable_files=variable_files,
            )
            selections.append(selection.renamed(each.names))
    return joined(selections)


async def _read_changes(
    directories: Iterable[Path], reference: str | None, environ: Mapping[str, str]
) -> dict[Path, Change | GitError]:
    """Return the change around each directory; raises `GitError` where none can be read."""
    repositories = await open_repositories(directories, environ)
    changes: dict[Path, Change | GitError] = {}
    of_repositories: dict[Path, Change | GitError] = {}
    for directory, repository in repositories.items():
        if isinstance(repository, GitError):
            changes[directory] = repository
            continue
        if repository.top not in of_repositories:
            try:
                change: Change | GitError = await read_change(directory, reference, environ)
            except GitError as error:
                change = error
            of_repositories[repository.top] = change
        changes[directory] = of_repositories[repository.top]
    errors = [change for change in changes.values() if isinstance(change, GitError)]
    if errors and len(errors) == len(changes):
        raise errors[0]
    return changes
