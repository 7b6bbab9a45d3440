"""Names of workspaces in a batch of several configurations, and which of them are meant.

The full name is `DIR:WORKSPACE`, with the directory relative to the top of the repository; it is
split at the last colon. The workspace alone is shown where no other has the same name. A
configuration that cannot be read is one row, with its directory as the name.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial

from attrs import evolve

from remote_backend.errors import SelectionError
from remote_backend.planning.selection import is_chosen
from remote_backend.workspaces import LocalWorkspace, existing_names

__all__ = ("is_meant", "local", "named", "require_reached_once", "select_rows")


def named(
    listed: Mapping[str, Sequence[LocalWorkspace]], failed: Collection[str]
) -> tuple[LocalWorkspace, ...]:
    """Return the workspaces of all configurations, under names that no two of them share."""
    uses = Counter(failed)
    uses.update(each.name for workspaces in listed.values() for each in workspaces)
    return tuple(
        LocalWorkspace(
            each.name if uses[each.name] == 1 else f"{configuration}:{each.name}",
            each.remote,
            configuration,
        )
        for configuration, workspaces in listed.items()
        for each in workspaces
    )


def local(workspace: LocalWorkspace) -> LocalWorkspace:
    """Return a workspace under its name within its own configuration."""
    name = workspace.name.removeprefix(f"{workspace.configuration}:")
    return evolve(workspace, name=name)


def select_rows(
    workspaces: Sequence[LocalWorkspace],
    failed: Collection[str],
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> tuple[tuple[LocalWorkspace, ...], tuple[str, ...]]:
    """Return the workspaces and the failed configurations that patterns mean.

    A pattern is compared with the full name and with the workspace alone. A configuration that
    cannot be read may have any workspace, so it is left out only where patterns name other
    directories, or exclude all of it. Raises `SelectionError` for a pattern of `select` that
    matches nothing, and when nothing is left.
    """
    for pattern in select:
        is_used = any(_matches(each, pattern) for each in workspaces)
        if not is_used and not any(_names_directory(pattern, name) for name in failed):
            names = [each.name for each in workspaces]
            raise SelectionError(
                f"select={pattern} matches no workspace{existing_names(names, pattern)}",
                parameters=("select",),
            )
    chosen = tuple(
        each for each in workspaces if is_chosen(partial(_matches, each), select, exclude)
    )
    rows = tuple(
        name
        for name in failed
        if (not select or any(_may_be_in(pattern, name) for pattern in select))
        and not any(_excludes(pattern, name) for pattern in exclude)
    )
    if not chosen and not rows:
        raise SelectionError("no workspace is left to plan in any of the configurations")
    return chosen, rows


def require_reached_once(
    workspaces: Iterable[LocalWorkspace], hostnames: Mapping[str, str]
) -> None:
    """Raise `SelectionError` where two configurations name the same remote workspace."""
    reached: dict[tuple[str, str], str] = {}
    for each in workspaces:
        key = (hostnames[each.configuration], each.remote.id)
        first = reached.setdefault(key, each.configuration)
        if first != each.configuration:
            raise SelectionError(
                f"the workspace {each.full_name} is reached from two directories, {first} and "
                f"{each.configuration}; a batch plans each workspace once, so leave one out",
                parameters=("exclude",),
            )


def is_meant(name: str, configuration: str, pattern: str) -> bool:
    """Return whether a pattern matches the full name of a workspace, or the workspace alone."""
    alone = name.removeprefix(f"{configuration}:")
    full_name = f"{configuration}:{alone}" if configuration else alone
    return fnmatchcase(full_name, pattern) or fnmatchcase(alone, pattern)


def _matches(workspace: LocalWorkspace, pattern: str) -> bool:
    return is_meant(workspace.name, workspace.configuration, pattern)


def _names_directory(pattern: str, directory: str) -> bool:
    of_pattern = pattern.rpartition(":")[0] or pattern
    return fnmatchcase(directory, of_pattern)


def _may_be_in(pattern: str, directory: str) -> bool:
    return ":" not in pattern or _names_directory(pattern, directory)


def _excludes(pattern: str, directory: str) -> bool:
    of_directory, colon, name = pattern.rpartition(":")
    if not colon:
        return fnmatchcase(directory, pattern)
    return name == "*" and fnmatchcase(directory, of_directory)
