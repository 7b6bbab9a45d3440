"""Fixtures of these tests."""

from tests.support.raw_client import raw_client
from tests.support.terraform_clients import server

__all__ = ("raw_client", "server")
