"""server of remote_backend."""

__all__ = ()
