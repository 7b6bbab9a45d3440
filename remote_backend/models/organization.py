"""Organizations and what they are entitled to."""

from attrs import frozen

__all__ = ("Entitlements", "Organization")


@frozen(kw_only=True)
class Organization:
    """An organization; its id in this API is its name."""

    id: str
    name: str = ""
    external_id: str | None = None


@frozen(kw_only=True)
class Entitlements:
    """What an organization may use; what is not told is not granted."""

    id: str = ""
    operations: bool = False
    state_storage: bool = False
