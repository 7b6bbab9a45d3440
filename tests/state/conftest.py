"""Fixtures of these tests."""

from tests.support.state_commands import state_commands

__all__ = ("state_commands",)
