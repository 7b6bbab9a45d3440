"""What a batch that compares needs of its base; `planning.comparison` makes it."""

from typing import Protocol

from remote_backend.models.comparison import ComparedWith
from remote_backend.planning.running_batch import RunningBatch
from remote_backend.planning.workspace_planner import Ending, WorkspacePlanner
from remote_backend.workspaces import LocalWorkspace

__all__ = ("Base", "Comparer", "Planner")


class Planner(Protocol):
    """Plans workspaces, each with one outcome."""

    async def plan(self, workspace: LocalWorkspace, end: Ending) -> None:
        """Plan a workspace, and call `end` once."""


class Comparer(Protocol):
    """Compares what one client plans with the base."""

    def planner(self, configuration: str, head: WorkspacePlanner) -> Planner:
        """Return what plans the workspaces of a configuration, and compares."""


class Base(Protocol):
    """What plans are compared with, once it is known."""

    @property
    def compared_with(self) -> ComparedWith:
        """What it is."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know about it."""

    def runs_per_workspace(self, configuration: str) -> int:
        """Return how many runs each workspace has: that of the head, and one of the base unless
        that is stored or does not exist."""

    def comparer(self, running: RunningBatch, count: int) -> Comparer:
        """Return what compares the plans of so many workspaces, which share a client."""
