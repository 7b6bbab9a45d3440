"""Programs that embed the package."""

__all__ = ()
