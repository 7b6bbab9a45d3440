"""What happened, as frozen values; the only thing that console and reports read."""

from attrs import field, frozen

from remote_backend.models.outcome import Outcome
from remote_backend.models.policy import CheckReport

__all__ = (
    "BatchFailed",
    "BatchFinished",
    "BatchStarted",
    "CheckReported",
    "ConfigurationUploaded",
    "Event",
    "LogChunkRead",
    "LogEnded",
    "PlanFinished",
    "PlanStarted",
    "RunQueued",
    "RunStatusChanged",
    "SlugPacked",
    "UploadProgressed",
    "WarningRaised",
)


@frozen
class BatchStarted:
    """The workspaces of a batch are known."""

    workspaces: tuple[str, ...]


@frozen
class SlugPacked:
    """The configuration was packed; it is the same for all workspaces named."""

    workspaces: tuple[str, ...]
    root: str
    """The directory that was packed; it can lie above the configuration."""

    file_count: int
    size_bytes: int
    warnings: tuple[str, ...] = ()


@frozen
class PlanStarted:
    """Work on a workspace began."""

    workspace: str


@frozen
class UploadProgressed:
    """A part of the archive was sent for a workspace."""

    workspace: str
    sent_bytes: int
    size_bytes: int


@frozen
class ConfigurationUploaded:
    """The server can use the configuration."""

    workspace: str
    configuration_version_id: str


@frozen
class RunQueued:
    """A run was made.

    A workspace has a second one where the server did not take the upload that workspaces share.
    """

    workspace: str
    run_id: str
    run_url: str


@frozen
class RunStatusChanged:
    """The server told another status of the run than before."""

    workspace: str
    run_id: str
    status: str


@frozen
class LogChunkRead:
    """A part of the log came in; all parts of a workspace, joined, are its log."""

    workspace: str
    data: bytes = field(repr=False)


@frozen
class LogEnded:
    """No more of the log will come."""

    workspace: str
    is_complete: bool
    problem: str | None = None


@frozen
class CheckReported:
    """A policy, a run task or a cost estimate said what it thinks of the plan."""

    workspace: str
    report: CheckReport


@frozen
class WarningRaised:
    """Something is not as it should be that decides about no plan; raised once for a batch."""

    text: str


@frozen
class PlanFinished:
    """Work on a workspace is over."""

    outcome: Outcome


@frozen
class BatchFinished:
    """All work is over."""

    outcomes: tuple[Outcome, ...]


@frozen
class BatchFailed:
    """No plan was begun; in place of `BatchFinished` where a program reads events as JSON."""

    reason: str
    kind: str
    """The name of the error."""


Event = (
    BatchStarted
    | SlugPacked
    | PlanStarted
    | UploadProgressed
    | ConfigurationUploaded
    | RunQueued
    | RunStatusChanged
    | LogChunkRead
    | LogEnded
    | CheckReported
    | WarningRaised
    | PlanFinished
    | BatchFinished
    | BatchFailed
)
