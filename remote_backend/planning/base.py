"""What a batch that compares needs of its base; `planning.comparison` makes it."""

from typing import Protocol

from remote_backend.models.comparison import ComparedWith
from remote_backend.planning.workspace_planner import Ending, WorkspacePlanner
from remote_backend.workspaces import LocalWorkspace

__all__ = ("Base", "Planner")


class Planner(Protocol):
    """Plans workspaces, each with one outcome."""

    async def plan(self, workspace: LocalWorkspace, end: Ending) -> None:
        """Plan a workspace, and call `end` once."""


class Base(Protocol):
    """What plans are compared with, once it is known."""

    @property
    def compared_with(self) -> ComparedWith:
        """What it is."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know about it."""

    @property
    def runs_per_workspace(self) -> int:
        """How many runs a workspace has: that of the head, and one of the base unless it is stored."""

    def planner(self, head: WorkspacePlanner, count: int) -> Planner:
        """Return what plans so many workspaces of the head, and compares."""
