"""What the workspaces of an organization use."""

from attrs import frozen

__all__ = ("UsedComponent",)


@frozen(kw_only=True)
class UsedComponent:
    """A module or a provider in one version, and the workspaces that use it."""

    name: str
    source: str
    version: str = ""
    workspaces: tuple[str, ...] = ()
    """Full names."""
