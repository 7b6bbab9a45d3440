"""Two plans of one workspace against each other: what a change of the configuration causes."""

from enum import Enum
from typing import TypeAlias

from attrs import field, frozen

from remote_backend.models.changes import (
    ActionInvocation,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.failure import Failure

__all__ = (
    "EFFECTIVE",
    "AnyChange",
    "ChangeClass",
    "ComparedChange",
    "ComparedWith",
    "Comparison",
    "ComparisonResult",
    "Section",
    "name_of_version",
)

AnyChange: TypeAlias = ResourceChange | OutputChange | ActionInvocation


class ChangeClass(Enum):
    """What a change of a plan means, compared with the plan of the base."""

    CAUSED = "caused"
    """The base does not have it, or has it in another form."""

    UNDONE = "undone"
    """The base alone has it."""

    MOVED = "moved"
    """The base has it at the address that the object is moved from."""

    PERHAPS_MOVED = "perhaps_moved"
    """One of a destroy and a create with equal values: a `moved` block may be missing."""

    UNKNOWN_NOW = "unknown_now"
    """As in the base, but a value is known after the apply only."""

    KNOWN_NOW = "known_now"
    PENDING = "pending"
    """The base has it, too."""

    PENDING_UNSURE = "pending_unsure"
    """The state has changed between the two plans, so nobody can say what caused it."""

    CANNOT_TELL = "cannot_tell"
    """Equal as far as it can be seen: a sensitive value, or a plan without values."""


EFFECTIVE = (ChangeClass.CAUSED, ChangeClass.PERHAPS_MOVED)
"""The classes of what the plan of the head does because of the change.

A destroy and a create that may be a move are among them: the plan destroys as it stands."""


class ComparisonResult(Enum):
    """How the two plans of a workspace ended, against each other."""

    COMPARED = "compared"
    REPAIRS = "repairs"
    """The plan of the base fails and that of the head does not."""

    BREAKS = "breaks"
    FAILED_BEFORE = "failed_before"
    """Both plans fail with the same error."""

    NO_BASE = "no_base"
    """The plan of the base is not known, so all changes of the head are listed as caused."""

    NEW = "new"
    """The base does not have this workspace, so all changes are caused."""


class Section(Enum):
    """Where a change stands in a plan; the values are the attributes of `PlannedChanges`."""

    RESOURCES = "resources"
    OUTPUTS = "outputs"
    DRIFT = "drift"
    DEFERRED = "deferred"
    ACTIONS = "actions"


@frozen(kw_only=True)
class ComparedChange:
    """One change of the head, or one that only the base has, with its class."""

    change_class: ChangeClass
    section: Section
    head: AnyChange | None = None
    """None where only the base has it."""

    base: AnyChange | None = None
    """Its counterpart; None where only the head has it."""

    shown: AnyChange | None = field(default=None, repr=False)
    """The change without the values that the base has, too; each other one with that of the base."""

    partner: str | None = None
    """Of a change that is perhaps a move, the address of the other one."""

    @property
    def change(self) -> AnyChange:
        """The change to display."""
        change = self.shown or self.head or self.base
        assert change is not None
        return change


@frozen(kw_only=True)
class ComparedWith:
    """What all plans of a batch are compared with."""

    kind: str
    """`commit`, `version` or `report`."""

    name: str
    """For people: `main, 1a2b3c4`, or `a report of 2026-11-26T14:02:10Z`."""

    commit: str | None = None
    time: str | None = None
    """When the plans of a stored report were made (ISO 8601)."""

    head: str | None = None
    """What the head has instead, where that is not the configuration alone: `Terraform 1.15.5`."""


def name_of_version(version: str | None) -> str:
    """Return how people call the version of Terraform that runs request."""
    return f"Terraform {version}" if version else "the versions of the workspaces"


@frozen(kw_only=True)
class Comparison:
    """What came of the comparison of one workspace."""

    result: ComparisonResult
    changes: tuple[ComparedChange, ...] = field(default=(), repr=False)
    """Every change of the head exactly once, and behind them those that only the base has."""

    plan: PlannedChanges | None = field(default=None, repr=False)
    """The whole plan of the head; None where it is not known."""

    state_changed: bool = False
    """Whether the state, or the real objects, have changed between the two plans."""

    base_failure: Failure | None = field(default=None, repr=False)
    """Why there is no plan of the base."""

    base_run_id: str | None = None
    base_run_url: str | None = None

    def of_class(self, *classes: ChangeClass) -> tuple[ComparedChange, ...]:
        """Return the changes of some classes."""
        return tuple(change for change in self.changes if change.change_class in classes)

    @property
    def undone(self) -> tuple[ComparedChange, ...]:
        """The changes that only the base has."""
        return self.of_class(ChangeClass.UNDONE)

    @property
    def has_effect(self) -> bool:
        """Whether the change of the configuration does anything here."""
        return bool(self.of_class(*EFFECTIVE, ChangeClass.UNDONE))

    def count(self, *classes: ChangeClass) -> int:
        """Return how many changes have one of some classes."""
        return len(self.of_class(*classes))
