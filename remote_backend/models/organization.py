"""What organizations are entitled to."""

from attrs import frozen

__all__ = ("Entitlements",)


@frozen(kw_only=True)
class Entitlements:
    """What an organization may use; what is not told is not granted."""

    id: str = ""
    operations: bool = False
