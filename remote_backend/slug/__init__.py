"""Archives of a configuration: what goes in, packing, unpacking."""

__all__ = ()
