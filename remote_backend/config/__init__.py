"""config of remote_backend."""

__all__ = ()
