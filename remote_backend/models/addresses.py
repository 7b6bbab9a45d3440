"""Absolute addresses that a server returns, unlike the paths of its API."""

from attrs import field, frozen

__all__ = ("PublicUrl", "SignedUrl")


@frozen
class SignedUrl:
    """An address that carries its own permission; it is never sent with the token."""

    address: str = field(repr=False)


@frozen
class PublicUrl:
    """An absolute address that is requested without credentials."""

    address: str
