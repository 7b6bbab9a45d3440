"""Events of a batch as frozen values; consoles and reports read nothing else.

In a batch of several configurations, events of a workspace have the `configuration`: its directory
relative to the top of the repository. Elsewhere that is empty.
"""

from attrs import field, frozen

from remote_backend.models.outcome import Outcome
from remote_backend.models.policy import CheckReport
from remote_backend.models.selection import Selection

__all__ = (
    "BatchFailed",
    "BatchFinished",
    "BatchStarted",
    "BaseStatusChanged",
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
    "WorkspacesSelected",
)


@frozen
class BatchStarted:
    """The workspaces of a batch are known."""

    workspaces: tuple[str, ...]


@frozen
class WorkspacesSelected:
    """A change has selected the workspaces of the batch."""

    selection: Selection


@frozen
class SlugPacked:
    """The configuration was packed, once for these workspaces."""

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
    configuration: str = ""


@frozen
class UploadProgressed:
    """A part of the archive was sent for a workspace."""

    workspace: str
    sent_bytes: int
    size_bytes: int
    configuration: str = ""


@frozen
class ConfigurationUploaded:
    """The server can use the configuration."""

    workspace: str
    configuration_version_id: str
    configuration: str = ""


@frozen
class RunQueued:
    """A run was created.

    A workspace has a second one if the server did not accept the upload that workspaces share.
    """

    workspace: str
    run_id: str
    run_url: str
    configuration: str = ""


@frozen
class RunStatusChanged:
    """The status of a run has changed."""

    workspace: str
    run_id: str
    status: str
    configuration: str = ""


@frozen
class BaseStatusChanged:
    """In a comparison, the status of the run that plans the base has changed."""

    workspace: str
    run_id: str
    status: str
    configuration: str = ""


@frozen
class LogChunkRead:
    """A part of a log was read; the parts of a workspace, joined, are its log."""

    workspace: str
    data: bytes = field(repr=False)
    configuration: str = ""


@frozen
class LogEnded:
    """The log was read to its end, or as far as possible."""

    workspace: str
    is_complete: bool
    problem: str | None = None
    configuration: str = ""


@frozen
class CheckReported:
    """A policy, a run task or a cost estimate has judged the plan."""

    workspace: str
    report: CheckReport
    configuration: str = ""


@frozen
class WarningRaised:
    """A problem that changes no result; a batch raises it once."""

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
    """The batch failed before any plan; programs that read JSON get it for `BatchFinished`."""

    reason: str
    kind: str
    """The name of the error class."""


Event = (
    BatchStarted
    | WorkspacesSelected
    | SlugPacked
    | PlanStarted
    | UploadProgressed
    | ConfigurationUploaded
    | RunQueued
    | RunStatusChanged
    | BaseStatusChanged
    | LogChunkRead
    | LogEnded
    | CheckReported
    | WarningRaised
    | PlanFinished
    | BatchFinished
    | BatchFailed
)
