"""Notifications about a run that a server posts."""

from attrs import frozen

__all__ = ("Notification",)


@frozen(kw_only=True)
class Notification:
    """A notification whose signature was verified."""

    trigger: str
    """`run:created`, `run:planning`, `run:completed`, `verification`, ..."""

    run_id: str | None = None
    """None if it does not concern a run, as when a configuration is verified."""

    run_status: str | None = None
    workspace_name: str | None = None
    organization_name: str | None = None
    message: str = ""
