"""What the package talks about: frozen values without input, output or wire words."""

from typing import TYPE_CHECKING

from remote_backend.lazy_imports import modules_of

if TYPE_CHECKING:
    from remote_backend.models import changes, outcome, plan, policy

__all__ = ("changes", "outcome", "plan", "policy")

# Events and outcomes name types of these that few plans need, and none at its beginning.
__getattr__ = modules_of(__name__, __all__)
