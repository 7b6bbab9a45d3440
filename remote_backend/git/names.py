"""Names of files for messages."""

from collections.abc import Sequence

from remote_backend.formats.ansi import one_line

__all__ = ("shown",)

_MOST_NAMES = 3


def shown(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _MOST_NAMES
    text = ", ".join(map(one_line, names[:_MOST_NAMES]))
    return f"{text} and {more} more" if more > 0 else text
