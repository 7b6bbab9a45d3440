"""From files and variables to frozen settings."""

__all__ = ()
