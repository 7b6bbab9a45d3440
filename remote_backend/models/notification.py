"""What a server tells by itself about a run."""

from attrs import frozen

__all__ = ("Notification",)


@frozen(kw_only=True)
class Notification:
    """A notification of a workspace, whose sender was checked."""

    trigger: str
    """`run:created`, `run:planning`, `run:completed`, `verification`, ..."""

    run_id: str | None = None
    """None where it is about no run, as when a configuration is verified."""

    run_status: str | None = None
    workspace_name: str | None = None
    organization_name: str | None = None
    message: str = ""
