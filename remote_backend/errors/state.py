"""Errors of states and their locks."""

from remote_backend.errors.root import RemoteBackendError

__all__ = (
    "AddressError",
    "LockError",
    "LockedByRun",
    "MigrationStopped",
    "NestedTooDeeply",
    "OtherState",
    "StateConflict",
    "StateError",
    "StateLocked",
    "StateUnconfirmed",
    "StateUnreadable",
)


class StateError(RemoteBackendError):
    """A state cannot be used as it is, or cannot be stored."""


class AddressError(StateError):
    """An address is malformed, or the state has nothing of this address."""

    def __init__(self, address: str, problem: str) -> None:
        self.address = address
        super().__init__(f"{address}: {problem}")


class StateConflict(StateError):
    """The current state was stored by someone else, or has another lineage."""


class OtherState(StateConflict):
    """The workspace has another state than the one to be stored over."""


class LockError(StateError):
    """A workspace is locked, or may be; `lock_id` is ORGANIZATION/WORKSPACE, or empty."""

    def __init__(self, text: str, *, lock_id: str = "", advice: str = "") -> None:
        self.lock_id = lock_id
        super().__init__(text, advice=advice)


class StateLocked(LockError):
    """Someone else holds the lock of a workspace."""


class LockedByRun(StateLocked):
    """A run on the server holds the lock of a workspace."""


class MigrationStopped(StateError):
    """A state could not be moved; those before it were, and another migration goes on there."""


class NestedTooDeeply(StateError):
    """A value is nested more deeply than can be written as JSON."""


class StateUnreadable(StateError):
    """The state on the server cannot be read, so a push cannot be compared with it."""


class StateUnconfirmed(StateError):
    """It is unknown whether a state was stored; `state` holds its bytes.

    `lock_id` is ORGANIZATION/WORKSPACE when the workspace was left locked, or empty.
    """

    def __init__(
        self, workspace: str, problem: str, state: bytes, *, lock_id: str = ""
    ) -> None:
        self.workspace = workspace
        self.problem = problem
        self.state = state
        self.lock_id = lock_id
        lock_text = "; the workspace stays locked" if lock_id else ""
        super().__init__(
            f"the state of {workspace} may not have been stored: {problem}{lock_text}"
        )
