"""Absolute addresses that a server gives out, apart from the paths of its API."""

from attrs import field, frozen

__all__ = ("PublicUrl", "SignedUrl")


@frozen
class SignedUrl:
    """An address that carries its own permission; it never meets the token."""

    address: str = field(repr=False)


@frozen
class PublicUrl:
    """An absolute address that is asked without any credentials."""

    address: str
