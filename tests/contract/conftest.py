"""Fixtures of these tests."""

from tests.support.terraform_clients import server

__all__ = ("server",)
