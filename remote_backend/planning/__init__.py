"""How one plan and a batch of plans are carried out, from the upload to the outcome."""

__all__ = ()
