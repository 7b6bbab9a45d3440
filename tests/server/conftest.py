"""Fixtures of these tests."""

from tests.support.browser import browser
from tests.support.raw_client import raw_client

__all__ = ("raw_client", "browser")
