"""Whether a table is written at the end of a batch."""

from enum import Enum

__all__ = ("TableForm",)


class TableForm(Enum):
    """Whether a table with a row for each workspace follows the summary."""

    AUTO = "auto"
    """Where there is no terminal: with all columns."""

    ROWS = "rows"
    WIDE = "wide"
    """With the status and the address of each run."""

    NONE = "none"
