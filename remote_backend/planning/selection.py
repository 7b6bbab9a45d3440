"""Which of the workspaces a person means."""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from functools import partial

from remote_backend.errors import RunOptionsError, SelectionError
from remote_backend.planning.options import BatchOptions
from remote_backend.workspaces import existing_names, shown_names

__all__ = ("is_chosen", "require_no_selection", "select_names")

_SELECTING = (
    "select",
    "exclude",
    "select_tags",
    "project",
    "where",
    "changed_since",
    "oldest",
)


def is_chosen(
    matches: Callable[[str], bool], select: Sequence[str], exclude: Sequence[str]
) -> bool:
    """Return whether a thing that `matches` some patterns is selected and not excluded."""
    return (not select or any(map(matches, select))) and not any(map(matches, exclude))


def require_no_selection(options: BatchOptions, method: str) -> None:
    """Raise `RunOptionsError` for options that select workspaces, where they are known already."""
    if options.selects:
        raise RunOptionsError(
            "select and exclude, select_tags, project, where, changed_since and oldest are for "
            f"plan_all; {method} has its workspaces already",
            parameters=_SELECTING,
        )


def select_names(
    names: Iterable[str], *, select: Sequence[str] = (), exclude: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the names that match a pattern of `select` and none of `exclude`, in order.

    Without `select` all names count. Raises `SelectionError` when nothing is left, and for
    a pattern of `select` that matches nothing: it is a mistake that would go unnoticed.
    """
    existing = tuple(names)
    for pattern in select:
        if not any(fnmatchcase(name, pattern) for name in existing):
            raise SelectionError(
                f"select={pattern} matches no workspace{existing_names(existing, pattern)}",
                parameters=("select",),
            )
    chosen = tuple(
        name for name in existing if is_chosen(partial(fnmatchcase, name), select, exclude)
    )
    if not chosen:
        raise SelectionError(
            f"no workspace is left to plan; there are {shown_names(existing)}"
            if existing
            else "the configuration has no workspaces"
        )
    return chosen
