"""Text formats of others, read and written without any I/O."""

__all__ = ()
