"""How large a report may be; a module of its own, because flags need it before any report."""

__all__ = ("MOST_CHARACTERS",)

MOST_CHARACTERS = 65_536
"""The limit of a comment on GitHub."""
