"""Fixtures of these tests."""

from tests.support.raw_client import ask
from tests.support.terraform_clients import server

__all__ = ("ask", "server")
