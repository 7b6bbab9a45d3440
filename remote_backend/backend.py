"""The remote workspaces of one configuration: the face of the library."""

from remote_backend.backend_plans import BackendPlans
from remote_backend.backend_states import BackendStates

__all__ = ("Backend",)


class Backend(BackendPlans, BackendStates):
    """The remote workspaces of one configuration, their states, and plans of them."""
