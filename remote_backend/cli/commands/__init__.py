"""The commands, a module for each family."""

__all__ = ()
