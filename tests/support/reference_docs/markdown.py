"""Text of the code as Markdown."""

import re

__all__ = ("cell", "prose")

_BAR = "\\|"


def prose(text: str) -> str:
    """Return a sentence in which only code between backticks has a meaning for Markdown."""
    parts = re.split("(`[^`]*`)", " ".join(text.split()))
    return "".join(
        part if part.startswith("`") else re.sub(r"([<*_\[\]])", r"\\\1", part)
        for part in parts
    )


def cell(text: str) -> str:
    """Return a text, in Markdown already, for a cell of a table."""
    return " ".join(text.split()).replace("|", _BAR)
