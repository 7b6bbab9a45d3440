"""Pages for people: workspaces, runs, and the log of a run as it is written."""

__all__ = ()
