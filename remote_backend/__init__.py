"""Plan one Terraform configuration in many remote workspaces at once.

async with remote_backend.open_backend("networking") as backend:
    async with backend.plan_all() as batch:
        async for event in batch:
            ...
    print(batch.outcomes)
"""

from remote_backend._version import __version__
from remote_backend.backend import Backend, open_backend, outputs
from remote_backend.batch.orchestrate import Batch
from remote_backend.errors import (
    AddressError,
    ApiError,
    BadBackendBlock,
    BadHostname,
    ConfigurationVersionFailed,
    Conflict,
    CredentialsError,
    DiscoveryError,
    EngineError,
    NoBackendBlock,
    NoConfigurationFiles,
    NotAuthorized,
    NotFound,
    NotificationRefused,
    Rejected,
    RemoteBackendError,
    RunOptionsError,
    RunRefused,
    SelectionError,
    SettingsError,
    SlugError,
    StateConflict,
    StateError,
    StateLocked,
    StateUnconfirmed,
    TransportError,
    UnexpectedAnswer,
)
from remote_backend.events import (
    BatchFinished,
    BatchStarted,
    CheckReported,
    ConfigurationUploaded,
    Event,
    LogChunkRead,
    LogEnded,
    PlanFinished,
    PlanStarted,
    RunQueued,
    RunStatusChanged,
    SlugPacked,
    UploadProgressed,
)
from remote_backend.models.changes import (
    AttributeChange,
    OutputChange,
    PlannedChanges,
    ResourceChange,
)
from remote_backend.models.notification import Notification
from remote_backend.models.outcome import Outcome, Result
from remote_backend.models.plan import Counts
from remote_backend.models.policy import CheckReport
from remote_backend.models.run import PlanOptions, WaitLimits
from remote_backend.notifications import read_notifications

__all__ = (
    "AddressError",
    "ApiError",
    "AttributeChange",
    "Backend",
    "BadBackendBlock",
    "BadHostname",
    "Batch",
    "BatchFinished",
    "BatchStarted",
    "CheckReport",
    "CheckReported",
    "ConfigurationUploaded",
    "ConfigurationVersionFailed",
    "Conflict",
    "Counts",
    "CredentialsError",
    "DiscoveryError",
    "EngineError",
    "Event",
    "LogChunkRead",
    "LogEnded",
    "NoBackendBlock",
    "NoConfigurationFiles",
    "NotAuthorized",
    "NotFound",
    "Notification",
    "NotificationRefused",
    "Outcome",
    "OutputChange",
    "PlanFinished",
    "PlanOptions",
    "PlanStarted",
    "PlannedChanges",
    "Rejected",
    "RemoteBackendError",
    "ResourceChange",
    "Result",
    "RunOptionsError",
    "RunQueued",
    "RunRefused",
    "RunStatusChanged",
    "SelectionError",
    "SettingsError",
    "SlugError",
    "SlugPacked",
    "StateConflict",
    "StateError",
    "StateLocked",
    "StateUnconfirmed",
    "TransportError",
    "UnexpectedAnswer",
    "UploadProgressed",
    "WaitLimits",
    "__version__",
    "open_backend",
    "outputs",
    "read_notifications",
)
