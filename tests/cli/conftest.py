"""Fixtures of these tests."""

from tests.support.command_line import seed, shop

__all__ = (
    "seed",
    "shop",
)
