"""Which of the workspaces a person means."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from remote_backend.errors import SelectionError

__all__ = ("select_names",)

_MOST_SHOWN = 20


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
                f"-select={pattern} matches no workspace; there are {_listed(existing)}"
            )
    chosen = tuple(
        name
        for name in existing
        if (not select or any(fnmatchcase(name, pattern) for pattern in select))
        and not any(fnmatchcase(name, pattern) for pattern in exclude)
    )
    if not chosen:
        raise SelectionError(
            f"no workspace is left to plan; there are {_listed(existing)}"
            if existing
            else "the configuration has no workspaces yet; make one with "
            "`terraform workspace new NAME`"
        )
    return chosen


def _listed(names: tuple[str, ...]) -> str:
    if not names:
        return "no workspaces"
    shown = ", ".join(names[:_MOST_SHOWN])
    more = len(names) - _MOST_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
