"""Many workspaces of one configuration, planned together."""

__all__ = ()
