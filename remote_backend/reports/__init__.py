"""What a batch came to, in forms for people and programs."""

__all__ = ()
