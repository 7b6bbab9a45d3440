"""What organizations are entitled to."""

from attrs import frozen

__all__ = ("Entitlements",)


@frozen(kw_only=True)
class Entitlements:
    """The entitlements of an organization; a missing one is not granted."""

    id: str = ""
    operations: bool = False
