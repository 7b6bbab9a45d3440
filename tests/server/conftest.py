"""Fixtures of these tests."""

from tests.support.browser import browser
from tests.support.raw_client import ask

__all__ = ("ask", "browser")
