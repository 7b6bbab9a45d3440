"""The view of a batch on a terminal: what is known, how it is drawn, and what keys do."""

__all__ = ()
