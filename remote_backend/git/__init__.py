"""Git, as a child process: the base of a comparison, its files, and what changed since it."""

__all__ = ()
