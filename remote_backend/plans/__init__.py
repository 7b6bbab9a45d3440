"""From plans as JSON to typed changes, and to groups of workspaces that change alike."""

__all__ = ()
