"""Fixtures of these tests."""

from tests.support.command_line import command_line, seed

__all__ = (
    "seed",
    "command_line",
)
