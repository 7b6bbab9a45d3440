"""What the package talks about: frozen values without input, output or wire words."""

__all__ = ()
