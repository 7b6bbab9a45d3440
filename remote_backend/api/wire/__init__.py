"""The only place that knows JSON:API, the API's names and its paths."""

from typing import TYPE_CHECKING

from remote_backend.lazy_imports import modules_of

if TYPE_CHECKING:
    from remote_backend.api.wire import (
        configurations,
        organizations,
        policies,
        problems,
        runs,
        state,
        workspaces,
    )

__all__ = (
    "configurations",
    "organizations",
    "policies",
    "problems",
    "runs",
    "state",
    "workspaces",
)

# A plan needs few of them before its first request.
__getattr__ = modules_of(__name__, __all__)
