"""States: their files, addresses in them, and how they are stored and moved."""

__all__ = ()
