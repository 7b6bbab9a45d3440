"""Which workspaces of a configuration a batch plans, and why."""

__all__ = ()
