"""Fixtures of these tests."""

from tests.support.state_commands import desk

__all__ = ("desk",)
