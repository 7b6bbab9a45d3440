"""Which of the workspaces a person means."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from remote_backend.errors import SelectionError
from remote_backend.workspaces import existing_names, shown_names

__all__ = ("select_names",)


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
        name
        for name in existing
        if (not select or any(fnmatchcase(name, pattern) for pattern in select))
        and not any(fnmatchcase(name, pattern) for pattern in exclude)
    )
    if not chosen:
        raise SelectionError(
            f"no workspace is left to plan; there are {shown_names(existing)}"
            if existing
            else "the configuration has no workspaces"
        )
    return chosen
