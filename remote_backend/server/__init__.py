"""A compatible server that runs plans with a real engine on this machine."""

__all__ = ()
